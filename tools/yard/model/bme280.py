# SPDX-License-Identifier: MIT
"""Model of the BME280 and the BMP280 (Bosch Sensortec BST-BME280-DS002, BST-BMP280-DS001).

It holds registers and measures in forced mode; what it measures is given as readings of its ADC,
because the data sheets give their examples so.
"""

_CALIB00, _ID, _RESET, _CALIB26 = 0x88, 0xD0, 0xE0, 0xE1
_CTRL_HUM, _STATUS, _CTRL_MEAS, _PRESS_MSB, _HUM_MSB = 0xF2, 0xF3, 0xF4, 0xF7, 0xFD

_SKIPPED, _SKIPPED_H = 0x80000, 0x8000
_MEASURING = 0x08
_ID_BME280, _ID_BMP280 = 0x60, 0x58

# Example of BST-BMP280-DS001, 3.12: dig_T1 to dig_P9.
EXAMPLE = (27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
EXAMPLE_H = (75, 362, 0, 320, 50, 30)  # dig_H1 to dig_H6 as chips have them
EXAMPLE_ADC = (519888, 415148)  # temperature and pressure, of the same example


class BME280:
    """One chip.

    Args:
        trimming: dig_T1 to dig_T3, dig_P1 to dig_P9.
        humidity: dig_H1 to dig_H6; None makes it a BMP280.

    Attributes:
        adc_t, adc_p, adc_h: what the next measurement gives.
        busy: how many reads of the status say after a trigger that it measures.
    """

    def __init__(
        self,
        trimming: "tuple[int, ...]" = EXAMPLE,
        humidity: "tuple[int, ...] | None" = EXAMPLE_H,
    ) -> None:
        self.adc_t, self.adc_p = EXAMPLE_ADC
        self.adc_h = 30000
        self.busy = 1
        self.powered = True
        self._humid = humidity is not None
        self._registers = bytearray(256)
        self._pointer = 0
        self._left = 0
        for i, value in enumerate(trimming):
            self._put(_CALIB00 + 2 * i, value)
        self._registers[_ID] = _ID_BME280 if self._humid else _ID_BMP280
        if humidity:
            self._trim_humidity(humidity)
        self.reset()

    def reset(self) -> None:
        """Do what power-on does."""
        registers = self._registers
        registers[_CTRL_HUM] = registers[_STATUS] = registers[_CTRL_MEAS] = 0
        self._show(_SKIPPED, _SKIPPED, _SKIPPED_H)
        self._oversampling_h = 0

    def transfer(self, write: "bytes | None", read_into: "bytearray | None") -> None:
        """Write pairs of register and value, or set the pointer and read on from there."""
        if write:
            self._pointer = write[0]
            for i in range(1, len(write), 2):
                register = self._pointer if i == 1 else write[i - 1]
                self._write(register, write[i])
        if read_into:
            for i in range(len(read_into)):
                read_into[i] = self._read((self._pointer + i) & 0xFF)

    def _write(self, register: int, value: int) -> None:
        if register == _RESET and value == 0xB6:
            self.reset()
        elif register == _CTRL_HUM:
            self._registers[_CTRL_HUM] = value & 7
        elif register == _CTRL_MEAS:
            # Only now ctrl_hum has its effect (BST-BME280-DS002, 5.4.3).
            self._oversampling_h = self._registers[_CTRL_HUM] if self._humid else 0
            self._registers[_CTRL_MEAS] = value
            if value & 3 in (1, 2):
                self._left = self.busy
                self._measure(value)

    def _measure(self, control: int) -> None:
        adc_t = self.adc_t if control >> 5 else _SKIPPED
        adc_p = self.adc_p if control >> 2 & 7 else _SKIPPED
        self._show(adc_t, adc_p, self.adc_h if self._oversampling_h else _SKIPPED_H)
        self._registers[_CTRL_MEAS] &= ~3  # back to sleep

    def _read(self, register: int) -> int:
        if register == _STATUS:
            measuring = self._left > 0
            self._left = max(0, self._left - 1)
            return _MEASURING if measuring else 0
        return self._registers[register]

    def _show(self, adc_t: int, adc_p: int, adc_h: int) -> None:
        data = (adc_p << 4).to_bytes(3, "big") + (adc_t << 4).to_bytes(3, "big")
        self._registers[_PRESS_MSB : _PRESS_MSB + 8] = data + adc_h.to_bytes(2, "big")

    def _put(self, register: int, value: int) -> None:
        self._registers[register : register + 2] = (value & 0xFFFF).to_bytes(2, "little")

    def _trim_humidity(self, humidity: "tuple[int, ...]") -> None:
        h1, h2, h3, h4, h5, h6 = humidity
        registers = self._registers
        registers[_CALIB00 + 25] = h1
        self._put(_CALIB26, h2)
        registers[_CALIB26 + 2] = h3
        registers[_CALIB26 + 3] = h4 >> 4 & 0xFF
        registers[_CALIB26 + 4] = h4 & 0x0F | (h5 & 0x0F) << 4
        registers[_CALIB26 + 5] = h5 >> 4 & 0xFF
        registers[_CALIB26 + 6] = h6 & 0xFF

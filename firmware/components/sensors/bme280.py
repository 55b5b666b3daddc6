# SPDX-License-Identifier: MIT
"""BME280 and BMP280: temperature, pressure and (BME280) humidity on I2C.

Data sheets BST-BME280-DS002 and BST-BMP280-DS001 of Bosch Sensortec; register names are theirs.
"""

import asyncio
import struct

from micropython import const

from components.sensors.i2c_sensor import I2CSensor

_CALIB00 = const(0x88)
_ID = const(0xD0)
_CALIB26 = const(0xE1)
_CTRL_HUM = const(0xF2)
_STATUS = const(0xF3)
_CTRL_MEAS = const(0xF4)
_PRESS_MSB = const(0xF7)

_OVERSAMPLING_1 = const(0x01)
_MEASURE_ONCE = const(0x25)  # osrs_t = osrs_p = 1, forced mode
_MEASURING = const(0x08)
_MEASURE_MS = const(10)  # data sheet, 9.1: at most 9.3 ms
_TRIES = const(5)
_SKIPPED = const(0x80000)  # what stands in a register that was not measured
_SKIPPED_H = const(0x8000)

_CHIPS = {0x60: "BME280", 0x58: "BMP280"}


class BMP280(I2CSensor):
    """One chip without humidity.

    i2c: the I2C component. address: 0x76 or 0x77. precision_temp, precision_pressure: digits
    behind the point. temp_offset, pressure_offset: are added to what was measured. common: the
    arguments of every Sensor.
    """

    _chip = 0x58

    def __init__(
        self,
        i2c,
        address=0x76,
        precision_temp=1,
        precision_pressure=1,
        temp_offset=0,
        pressure_offset=0,
        **common,
    ):
        super().__init__(i2c, address, "Bosch", _CHIPS[self._chip], **common)
        self.measures("temperature", -40, 85, precision_temp, temp_offset)
        self.measures("pressure", 300, 1100, precision_pressure, pressure_offset)
        self._trimming = None

    async def read(self):
        if not self._trimming:
            await self._identify()
            self._trimming = await self._read_trimming()
        await self._trigger()
        data = bytearray(1)
        for _ in range(_TRIES):
            await asyncio.sleep_ms(_MEASURE_MS)
            await self.read_into(_STATUS, data)
            if not data[0] & _MEASURING:
                break
        else:
            raise ValueError("does not end its measurement")
        data = bytearray(8)
        await self.read_into(_PRESS_MSB, data)
        if data[3] << 12 | data[4] << 4 | data[5] >> 4 == _SKIPPED:
            self._trimming = None  # it lost its power meanwhile, and may be another chip now
            raise ValueError("did not measure")
        return self._compensated(data)

    async def _identify(self):
        data = bytearray(1)
        await self.read_into(_ID, data)
        if data[0] != self._chip:
            known = _CHIPS.get(data[0])
            known = 'a %s: use the component "%s"' % (known, known) if known else "another chip"
            raise ValueError("0x%02x is %s" % (self._address, known))

    async def _read_trimming(self):
        data = bytearray(26)
        await self.read_into(_CALIB00, data)
        return struct.unpack("<HhhHhhhhhhhhBB", data)

    async def _trigger(self):
        await self.write(_CTRL_MEAS, bytes((_MEASURE_ONCE,)))

    def _compensated(self, data):
        adc_p = data[0] << 12 | data[1] << 4 | data[2] >> 4
        adc_t = data[3] << 12 | data[4] << 4 | data[5] >> 4
        t_fine = fine_temperature(adc_t, self._trimming)
        self._t_fine = t_fine
        return {
            "temperature": (t_fine * 5 + 128 >> 8) / 100,
            "pressure": pressure(adc_p, t_fine, self._trimming) / 25600,
        }


class BME280(BMP280):
    """One chip with humidity.

    precision_humid: digits behind the point. humid_offset: is added to what was measured. The
    other arguments are those of BMP280.
    """

    _chip = 0x60

    def __init__(self, i2c, precision_humid=1, humid_offset=0, **others):
        super().__init__(i2c, **others)
        self.measures("humidity", 0, 100, precision_humid, humid_offset)

    async def _read_trimming(self):
        both = await super()._read_trimming()
        data = bytearray(7)
        await self.read_into(_CALIB26, data)
        h2, h3, h4, h45, h5, h6 = struct.unpack("<hBbBbb", data)
        # H4 and H5 have 12 bits and share a byte.
        return both + (h2, h3, h4 << 4 | h45 & 0x0F, h5 << 4 | h45 >> 4, h6)

    async def _trigger(self):
        # Comes into effect with the write to ctrl_meas (data sheet, 5.4.3).
        await self.write(_CTRL_HUM, bytes((_OVERSAMPLING_1,)))
        await super()._trigger()

    def _compensated(self, data):
        values = super()._compensated(data)
        adc_h = data[6] << 8 | data[7]
        if adc_h != _SKIPPED_H:
            values["humidity"] = humidity(adc_h, self._t_fine, self._trimming) / 1024
        return values


def fine_temperature(adc, trimming):
    """Return the temperature in 1/5120 °C, `t_fine` of the data sheet (4.2.3)."""
    t1, t2, t3 = trimming[:3]
    first = ((adc >> 3) - (t1 << 1)) * t2 >> 11
    second = ((adc >> 4) - t1) * ((adc >> 4) - t1) >> 12
    return first + (second * t3 >> 14)


def pressure(adc, t_fine, trimming):
    """Return the pressure in 1/256 Pa, 0 where it cannot be computed (data sheet, 4.2.3)."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9 = trimming[3:12]
    first = t_fine - 128000
    second = first * first * p6 + (first * p5 << 17) + (p4 << 35)
    first = (first * first * p3 >> 8) + (first * p2 << 12)
    first = ((1 << 47) + first) * p1 >> 33
    if not first:
        return 0
    p = ((1048576 - adc << 31) - second) * 3125 // first
    first = p9 * (p >> 13) * (p >> 13) >> 25
    second = p8 * p >> 19
    return (p + first + second >> 8) + (p7 << 4)


def humidity(adc, t_fine, trimming):
    """Return the humidity in 1/1024 %, 0 to 100 % (data sheet, 4.2.3)."""
    h1, h2, h3, h4, h5, h6 = trimming[13:]
    t = t_fine - 76800
    raw = (adc << 14) - (h4 << 20) - h5 * t + 16384 >> 15
    scale = ((t * h6 >> 10) * ((t * h3 >> 11) + 32768) >> 10) + 2097152
    value = raw * (scale * h2 + 8192 >> 14)
    value -= ((value >> 15) * (value >> 15) >> 7) * h1 >> 4
    return min(max(value, 0), 419430400) >> 12

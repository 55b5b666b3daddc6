# SPDX-License-Identifier: MIT
"""HTU21D(F), SI7021 and SHT21: temperature and humidity on I2C.

Data sheet HPC199 (HTU21D) of Measurement Specialties; the others take the same commands.
"""

import asyncio

from micropython import const

from components.sensors.i2c_sensor import I2CSensor

_TEMPERATURE = const(0xF3)  # commands that do not hold the bus while the chip measures
_HUMIDITY = const(0xF5)
_TEMPERATURE_MS = const(50)  # that takes at most
_HUMIDITY_MS = const(25)  # of the SI7021, which measures both
_STATUS_BITS = const(3)
_TRIES = const(3)
_PAUSE_MS = const(10)


class HTU21D(I2CSensor):
    """One chip.

    i2c: the I2C component. precision_temp, precision_humid: digits behind the point. temp_offset,
    humid_offset: are added to what was measured. address: always 0x40. common: the arguments of
    every Sensor.
    """

    def __init__(
        self,
        i2c,
        precision_temp=1,
        precision_humid=1,
        temp_offset=0,
        humid_offset=0,
        address=0x40,
        **common,
    ):
        super().__init__(i2c, address, "TE Connectivity", "HTU21D", **common)
        self.measures("temperature", -40, 125, precision_temp, temp_offset)
        self.measures("humidity", 0, 100, precision_humid, humid_offset)
        self._buffer = bytearray(3)

    async def read(self):
        humidity = -6 + 125 * await self._measure(_HUMIDITY, _HUMIDITY_MS) / 65536
        temperature = -46.85 + 175.72 * await self._measure(_TEMPERATURE, _TEMPERATURE_MS) / 65536
        # Near its ends the chip gives up to -6 and 118.9 % (data sheet, "Relative Humidity").
        return {"temperature": temperature, "humidity": min(100, max(0, humidity))}

    async def _measure(self, command, ms):
        buffer = self._buffer
        await self.write(command)
        for left in range(_TRIES - 1, -1, -1):
            await asyncio.sleep_ms(ms)
            try:
                await self.receive_into(buffer)
                break
            except OSError:
                # Not ready yet: it does not acknowledge.
                if not left:
                    raise
            ms = _PAUSE_MS
        if crc8(buffer):
            raise ValueError("checksum is wrong")
        return (buffer[0] << 8 | buffer[1]) & ~_STATUS_BITS


def crc8(data):
    """Return the checksum of bytes, 0 if the last of them is the checksum of the others.

    The polynomial is x^8 + x^5 + x^4 + 1, most significant bit first, from 0.
    """
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ 0x131 if crc & 0x80 else crc << 1
    return crc

# SPDX-License-Identifier: MIT
"""CCS811: equivalent CO2 and volatile organic compounds on I2C.

ams data sheet DS000459; register names are its. WAKE of the chip must be tied to ground.
"""

import asyncio
import struct

from micropython import const

from components.sensors.i2c_sensor import I2CSensor
from node.component import ConfigError

_STATUS = const(0x00)
_MEAS_MODE = const(0x01)
_ALG_RESULT_DATA = const(0x02)
_ENV_DATA = const(0x05)
_HW_ID = const(0x20)
_ERROR_ID = const(0xE0)
_APP_START = const(0xF4)

_EVERY_SECOND = const(0x10)
_FW_MODE = const(0x80)  # bits of STATUS
_APP_VALID = const(0x10)
_DATA_READY = const(0x08)
_ERROR = const(0x01)

_CCS811 = const(0x81)
_FIRST_MS = const(1100)
_FAULTS = (
    "a register was written that does not exist",
    "a register was read that does not exist",
    "the measuring mode is not possible",
    "the resistance of the sensor is out of range",
    "the current of its heater is out of range",
    "its heater has no voltage",
)


class CCS811(I2CSensor):
    """One chip.

    i2c: the I2C component. address: 0x5A or 0x5B. temperature, humidity: sensors that measure the
    air around it, by which the chip compensates, or None. common: the arguments of every Sensor.
    """

    def __init__(self, i2c, address=0x5A, temperature=None, humidity=None, **common):
        super().__init__(i2c, address, "ams", "CCS811", **common)
        for key, sensor in (("temperature", temperature), ("humidity", humidity)):
            if sensor is not None and not hasattr(sensor, key):
                raise ConfigError("must refer to a sensor of that", key)
        self._temperature = temperature
        self._humidity = humidity
        self.measures("co2", 400, 29206)
        self.measures("tvoc", 0, 32768)

    async def read(self):
        data = bytearray(8)
        await self.read_into(_STATUS, memoryview(data)[:1])
        if not data[0] & _FW_MODE:
            await self._start_measuring(data[0])
            await asyncio.sleep_ms(_FIRST_MS)
        await self._compensate()
        await self.read_into(_ALG_RESULT_DATA, data)
        co2, tvoc, status, fault = struct.unpack(">HHBB", data)
        if status & _ERROR:
            # Only that clears it (data sheet, "STATUS Register").
            await self.read_into(_ERROR_ID, memoryview(data)[:1])
            texts = [text for i, text in enumerate(_FAULTS) if fault & 1 << i]
            raise ValueError(", ".join(texts) or "it reports a fault")
        return {"co2": co2, "tvoc": tvoc} if status & _DATA_READY else {}

    async def _start_measuring(self, status):
        data = bytearray(1)
        await self.read_into(_HW_ID, data)
        if data[0] != _CCS811:
            raise ValueError("0x%02x is another chip" % self._address)
        if not status & _APP_VALID:
            raise ValueError("it has no firmware")
        await self.write(_APP_START)
        await asyncio.sleep_ms(2)  # until it answers again, data sheet: 1 ms
        await self.write(_MEAS_MODE, bytes((_EVERY_SECOND,)))

    async def _compensate(self):
        humidity = await self._humidity.humidity() if self._humidity else None
        temperature = await self._temperature.temperature() if self._temperature else None
        if humidity is not None or temperature is not None:
            await self.write(_ENV_DATA, environment(temperature, humidity))


def environment(temperature, humidity):
    """Return the bytes of ENV_DATA, in 1/512 % and in 1/512 °C above -25 °C.

    What is None is 25 °C and 50 %, as the chip has it by itself.
    """
    temperature = 25 if temperature is None else min(max(temperature, -25), 102)
    humidity = 50 if humidity is None else humidity
    return struct.pack(">HH", round(humidity * 512), round((temperature + 25) * 512))

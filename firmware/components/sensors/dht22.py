# SPDX-License-Identifier: MIT
"""DHT22 (AM2302): temperature and humidity on one pin.

Data sheet AM2302 of Aosong. Each reading holds up the node for about 6 ms.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from components.machine.dht import dht22
from components.sensors.base import Sensor

_REST_MS = const(2000)  # that it needs between two readings


class DHT22(Sensor):
    """One sensor.

    pin: GPIO number. precision_temp, precision_humid: digits behind the point. temp_offset,
    humid_offset: are added to what was measured. common: the arguments of every Sensor.
    """

    def __init__(
        self,
        pin,
        precision_temp=1,
        precision_humid=1,
        temp_offset=0,
        humid_offset=0,
        **common,
    ):
        super().__init__(**common)
        self._gpio = pin
        self._asked = None
        self.measures("temperature", -40, 80, precision_temp, temp_offset)
        self.measures("humidity", 0, 100, precision_humid, humid_offset)

    async def start(self):
        self._measure = dht22(self, self._gpio)
        await super().start()

    async def read(self):
        if self._asked is not None:
            rested = ticks_diff(ticks_ms(), self._asked)
            await asyncio.sleep_ms(min(_REST_MS, max(0, _REST_MS - rested)))
        self._asked = ticks_ms()
        temperature, humidity = self._measure()
        return {"temperature": temperature, "humidity": humidity}

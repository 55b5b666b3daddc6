# SPDX-License-Identifier: MIT
"""HC-SR04: distance by ultrasound, 2 to 400 cm.

Data sheet of ElecFreaks: an echo of 58 us is 1 cm. ECHO has 5 V and needs a divider.
"""

from micropython import const

from components.machine.echo import Echo
from components.sensors.base import Sensor

_US_PER_CM = const(58)
_SHORTEST_US = const(3000)  # the echo begins about 0.5 ms after the trigger, of some later


class HCSR04(Sensor):
    """One sensor.

    trigger, echo: GPIO numbers. max_distance: cm; what is farther away is not seen, because the
    node waits for the echo: 58 us per cm, at least 3 ms. precision: digits behind the point.
    offset: is added to what was measured, in cm. common: the arguments of every Sensor.
    """

    def __init__(self, trigger, echo, max_distance=200, precision=1, offset=0, **common):
        super().__init__(**common)
        self._gpios = trigger, echo
        self._limit_us = int(max_distance * _US_PER_CM)
        self.measures("distance", 2, max_distance, precision, offset)

    async def start(self):
        self._echo = Echo(self, *self._gpios)
        await super().start()

    async def read(self):
        us = self._echo.measure(max(self._limit_us, _SHORTEST_US))
        if us == -2:
            raise ValueError("it does not answer")
        if us == -1 or us > self._limit_us:
            raise ValueError("no echo")
        return {"distance": us / _US_PER_CM}

# SPDX-License-Identifier: MIT
"""The voltage of a battery at an analog input, and how full it is."""

from components.machine.analog import Analog
from node.component import ConfigError


class Battery(Analog):
    """One battery.

    pin: GPIO number. voltage_min, voltage_max: V of an empty and of a full one. multiplier: what
    the divider divides by. attenuation, samples: as for an ADC. common: the arguments of every
    Sensor.
    """

    def __init__(
        self,
        pin,
        voltage_min,
        voltage_max,
        multiplier=1,
        attenuation="11dB",
        samples=8,
        precision=2,
        **common,
    ):
        super().__init__(pin, attenuation, samples, **common)
        if voltage_max <= voltage_min:
            raise ConfigError("must be more than voltage_min", "voltage_max")
        self._multiplier = multiplier
        self._empty = voltage_min
        self._span = voltage_max - voltage_min
        self.measures("voltage", 0, 3.6 * multiplier, precision)
        self.measures("battery", 0, 100)

    async def read(self):
        voltage = self.volts() * self._multiplier
        full = (voltage - self._empty) / self._span * 100
        return {"voltage": voltage, "battery": min(100, max(0, full))}

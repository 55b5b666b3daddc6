# SPDX-License-Identifier: MIT
"""The voltage of a battery at an analog input, and how full it is."""

from components.machine.adc import analog_input, volts
from components.machine.claims import release
from components.sensors.base import Sensor
from node.component import ConfigError


class Battery(Sensor):
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
        super().__init__(**common)
        if voltage_max <= voltage_min:
            raise ConfigError("must be more than voltage_min", "voltage_max")
        self._gpio = pin
        self._attenuation = attenuation
        self._samples = samples
        self._multiplier = multiplier
        self._empty = voltage_min
        self._span = voltage_max - voltage_min
        self.measures("voltage", 0, 3.6 * multiplier, precision)
        self.measures("battery", 0, 100)

    async def start(self):
        self._adc = analog_input(self, self._gpio, self._attenuation)
        await super().start()

    def stop(self):
        super().stop()
        release(self.name)

    async def read(self):
        voltage = volts(self._adc, self._samples) * self._multiplier
        full = (voltage - self._empty) / self._span * 100
        return {"voltage": voltage, "battery": min(100, max(0, full))}

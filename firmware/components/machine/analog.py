# SPDX-License-Identifier: MIT
"""What sensors at an analog input of the node's own chip have in common."""

import machine
from import_once import import_once
from micropython import const

from components.sensors.base import Sensor
from node.component import ConfigError

_UV_PER_V = const(1000000)


class Analog(Sensor):
    """A sensor whose `read` makes something of `volts()`.

    pin: GPIO number. attenuation: "0dB" to "11dB". samples: how many readings make a value.
    common: the arguments of every Sensor.
    """

    def __init__(self, pin, attenuation, samples, **common):
        super().__init__(**common)
        self._gpio = pin
        self._attenuation = attenuation
        self._samples = samples

    async def start(self):
        self._adc = self._input()
        await super().start()

    def volts(self):
        """Return the voltage at the pin, the mean of the samples."""
        total = 0
        for _ in range(self._samples):
            total += self._adc.read_uv()
        return total / self._samples / _UV_PER_V

    def _input(self):
        gpio = self._gpio
        rules = import_once("components.machine.gpio_rules")
        fault = rules.analog_fault(gpio)
        if fault:
            raise ConfigError(fault, "pin")
        rules.check(self, gpio, "pin", False)
        adc = machine.ADC
        name = "ATTN_" + self._attenuation.upper().replace(".", "_")
        try:
            return adc(machine.Pin(gpio), atten=getattr(adc, name))
        except ValueError as e:
            raise ConfigError("GPIO %d: %s" % (gpio, e), "pin")

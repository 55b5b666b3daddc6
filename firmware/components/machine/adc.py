# SPDX-License-Identifier: MIT
"""An analog input of the node's own chip as a sensor."""

import machine
from import_once import import_once
from micropython import const

from components.machine.claims import release
from components.machine.native import check
from components.sensors.base import Sensor
from node.component import ConfigError

_UV_PER_V = const(1000000)
_ANY = const(1000000000)


class ADC(Sensor):
    """One voltage, or what it stands for: `scale` times the volts plus `offset`.

    `adc_args.py` describes the arguments.
    """

    def __init__(
        self,
        pin,
        name=None,
        attenuation="11dB",
        samples=8,
        scale=1,
        offset=0,
        unit="V",
        digits=2,
        device_class=None,
        interval=30,
        threshold=None,
        check_ms=1000,
    ):
        super().__init__(None, interval if threshold is None else check_ms / 1000, interval)
        self._gpio = pin
        self._attenuation = attenuation
        self._samples = samples
        self._scale = scale
        self._threshold = threshold
        described = unit, device_class, digits
        self.measures(device_class, -_ANY, _ANY, None, offset, "value", name, described=described)

    async def start(self):
        self._adc = analog_input(self, self._gpio, self._attenuation)
        await super().start()

    def stop(self):
        super().stop()
        release(self.name)

    async def read(self):
        return {"value": volts(self._adc, self._samples) * self._scale}

    async def update(self):
        await super().update()
        quantity = self.quantities["value"]
        value, shown = quantity.value, quantity.shown
        # The first value is published in any case.
        if self._threshold is not None and value is not None and shown is not None:
            if abs(value - shown) >= self._threshold:
                quantity.publish()


def analog_input(component, gpio, attenuation):
    """Return the `machine.ADC` at a GPIO, which `component` gets.

    attenuation: "0dB" to "11dB". Raises ConfigError when the GPIO cannot be that.
    """
    fault = import_once("components.machine.gpio_rules").analog_fault(gpio)
    if fault:
        raise ConfigError(fault, "pin")
    check(component, gpio, "pin", False)
    adc = machine.ADC
    name = "ATTN_" + attenuation.upper().replace(".", "_")
    try:
        return adc(machine.Pin(gpio), atten=getattr(adc, name))
    except ValueError as e:
        release(component.name)
        raise ConfigError("GPIO %d: %s" % (gpio, e), "pin")


def volts(adc, samples):
    """Return the voltage at a `machine.ADC`, the mean of so many readings."""
    total = 0
    for _ in range(samples):
        total += adc.read_uv()
    return total / samples / _UV_PER_V

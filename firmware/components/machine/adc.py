# SPDX-License-Identifier: MIT
"""An analog input of the node's own chip as a sensor."""

import asyncio

import machine
from import_once import import_once
from micropython import const

from components.machine.claims import release
from components.machine.native import check
from components.machine.sensor import Sensor, options
from node.component import Component, ConfigError

_UV_PER_V = const(1000000)


class ADC(Component):
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
        self._gpio = pin
        self._attenuation = attenuation
        self._samples = samples
        self._scale = scale
        self._offset = offset
        self._format = "%%.%df" % digits
        self._interval_ms = int(interval * 1000)
        self._threshold = threshold
        self._check_ms = self._interval_ms if threshold is None else check_ms
        self._errors = 0
        self._running = True
        self._sensor = Sensor("value", name, options(unit, device_class, "measurement"))

    async def start(self):
        fault = import_once("components.machine.gpio_rules").analog_fault(self._gpio)
        if fault:
            raise ConfigError(fault, "pin")
        check(self, self._gpio, "pin", False)
        adc = machine.ADC
        name = "ATTN_" + self._attenuation.upper().replace(".", "_")
        try:
            self._adc = adc(machine.Pin(self._gpio), atten=getattr(adc, name))
        except ValueError as e:
            release(self.name)
            raise ConfigError("GPIO %d: %s" % (self._gpio, e), "pin")
        self.node.add_entity(self, self._sensor)
        self.node.spawn(self.name, self._run)

    def stop(self):
        self._running = False
        release(self.name)

    def statistics(self):
        """Return counters for the node's status topic."""
        return {"adc_errors": self._errors}

    def read(self):
        """Return the value that is measured now. Raises OSError when it cannot be."""
        total = 0
        for _ in range(self._samples):
            total += self._adc.read_uv()
        return total / self._samples / _UV_PER_V * self._scale + self._offset

    async def _run(self):
        shown = None
        left_ms = 0  # until it is published whatever it is
        while self._running:
            try:
                value = self.read()
                moved = shown is None or abs(value - shown) >= (self._threshold or 0)
                if left_ms <= 0 or moved:
                    shown = value
                    left_ms = self._interval_ms
                    self._sensor.show(self._format % value)
            except OSError as e:
                self._errors += 1
                self.node.log.warn(self.name, "cannot be measured: %s", e)
            await asyncio.sleep_ms(self._check_ms)
            left_ms -= self._check_ms

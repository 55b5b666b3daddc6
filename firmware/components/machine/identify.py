# SPDX-License-Identifier: MIT
"""A button that makes a lamp blink, so that a person finds the node."""

import asyncio

import machine
from import_once import import_once
from micropython import const

from components.machine.button import Button
from node.component import Component, ConfigError

_FLASH_MS = const(100)


class Identify(Component):
    """pin: GPIO number, or an output of a table. invert: a GPIO is low when the lamp is on.
    seconds: for how long it blinks.
    """

    _before = None  # what the pin was before it blinked

    def __init__(self, pin, invert=False, seconds=10):
        self._pin = pin
        self._invert = invert
        self._seconds = seconds

    async def start(self):
        if isinstance(self._pin, int):
            self._pin = self._lamp(self._pin)
        self.node.add_entity(self, Button("identify", "Identify", self._pressed))

    def _lamp(self, gpio):
        """Return a GPIO with what is used of a Pin; a NativePort would be too much for it."""
        import_once("components.machine.gpio_rules").check(self, gpio, "pin", True)
        pin = machine.Pin
        try:
            # Off before it is an output.
            return machine.Signal(pin(gpio, pin.OUT, value=self._invert), invert=self._invert)
        except ValueError as e:
            raise ConfigError("GPIO %d: %s" % (gpio, e), "pin")

    def _pressed(self):
        self.node.spawn(self.name, self._identify)

    async def _identify(self):
        pin = self._pin
        if self._before is None:
            self._before = pin.value() or 0
        for _ in range(self._seconds * 1000 // (2 * _FLASH_MS)):
            await self.flash(_FLASH_MS, _FLASH_MS)
        pin.value(self._before)
        self._before = None

    async def flash(self, on_ms, off_ms):
        """Be on once, then off, for so long."""
        self._pin.on()
        await asyncio.sleep_ms(on_ms)
        self._pin.off()
        await asyncio.sleep_ms(off_ms)

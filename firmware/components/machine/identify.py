# SPDX-License-Identifier: MIT
"""A button that makes a lamp blink, so that a person finds the node."""

import asyncio

from micropython import const

from components.machine.button import Button
from components.machine.native import NativePins
from node.component import Component

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
        self._pins = pins = NativePins(self)
        self._pin = pins.output(self._pin, "pin", self._invert)
        pins.start()
        self.node.add_entity(self, Button("identify", "Identify", self._pressed))

    def stop(self):
        self._pins.stop()

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

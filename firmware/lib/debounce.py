# SPDX-License-Identifier: MIT
"""Debouncing of all inputs of a chip at once by bit operations, without allocation."""

import time
from array import array


class Debounce:
    """Takes over the level of a pin when it has been different for the pin's delay.

    clock: `ticks_diff` of this module or object. pins: how many there are.

    Attributes: `level`, the debounced bits; `on_ms` and `off_ms`, arrays with the delay
    of each pin (0 to 65535 ms) before it counts as on or off; `wait_ms`, how long after the last
    `update` the next one is needed although nothing changes, -1 if it is not.
    """

    def __init__(self, clock=time, pins=16):
        self._ticks_diff = clock.ticks_diff
        self.on_ms = array("H", [0] * pins)
        self.off_ms = array("H", [0] * pins)
        self._since = [0] * pins
        self.reset(0)

    def delay(self, pin, ms):
        """Set the delays of a pin: both of them in ms, or {"on": ms, "off": ms}."""
        on = off = ms
        if isinstance(ms, dict):
            on, off = ms["on"], ms["off"]
        self.on_ms[pin] = on
        self.off_ms[pin] = off

    def reset(self, raw):
        """Take over the bits `raw` at once."""
        self.level = raw
        self._differs = 0
        self.wait_ms = -1

    def update(self, raw, now):
        """Take the bits `raw`, read at `now` (ticks in ms); return the mask of changes."""
        differs = raw ^ self.level
        self.wait_ms = -1
        if not differs:
            self._differs = 0
            return 0
        fresh = differs & ~self._differs
        changed = 0
        pin = 0
        while differs >> pin:
            mask = 1 << pin
            if differs & mask:
                if fresh & mask:
                    self._since[pin] = now
                if self._left(pin, raw & mask, now) <= 0:
                    changed |= mask
            pin += 1
        self._differs = differs & ~changed
        self.level ^= changed
        return changed

    def _left(self, pin, on, now):
        delay = self.on_ms[pin] if on else self.off_ms[pin]
        left = delay - self._ticks_diff(now, self._since[pin])
        if left > 0 and not 0 <= self.wait_ms <= left:
            self.wait_ms = left
        return left

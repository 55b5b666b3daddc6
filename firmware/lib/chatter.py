# SPDX-License-Identifier: MIT
"""Finds among the inputs of a chip those that change too often, without allocation."""

import time

from micropython import const

_SECOND_MS = const(1000)
_SLOT_MS = const(20)  # changes within such a time are one: a contact bounces
_LIMIT = const(20)  # more than a finger does
_QUIET_S = const(3)


class Chatter:
    """Mutes a pin that has more edges in a second than its limit, until it is quiet for 3 s.

    clock: `ticks_diff` of this module or object. pins: how many there are.

    Attributes: `limits`, the edges per second (0 to 50) that each pin may have, 0 for any number;
    edges within 20 ms count as one; `muted`, a mask; `count`, how often a pin was muted.
    """

    def __init__(self, clock=time, pins=16):
        self._ticks_diff = clock.ticks_diff
        self.limits = bytearray([_LIMIT] * pins)
        self.muted = 0
        self.count = 0
        self._counts = bytearray(pins)  # edges of this second
        self._quiet = bytearray(pins)  # for how many seconds a muted pin has been quiet
        self._second = self._slot = 0  # ticks at which they began
        self._edges = 0  # mask of the pins that had an edge in this slot

    def update(self, edges, now):
        """Take the mask of the pins that changed, at `now` (ticks in ms); return whether `muted`
        has changed.

        It must be called every second while a pin is muted.
        """
        before = self.muted
        if not 0 <= self._ticks_diff(now, self._second) < _SECOND_MS:
            self._second = now
            self._next_second()
        if edges:
            self._count(edges, now)
        return self.muted != before

    def _count(self, edges, now):
        if not 0 <= self._ticks_diff(now, self._slot) < _SLOT_MS:
            self._slot = now
            self._edges = 0
        fresh = edges & ~self._edges
        self._edges |= edges
        counts = self._counts
        pin = 0
        while fresh >> pin:
            mask = 1 << pin
            if fresh & mask:
                counts[pin] += 1
                if 0 < self.limits[pin] < counts[pin] and not self.muted & mask:
                    self.muted |= mask
                    self.count += 1
                    self._quiet[pin] = 0
            pin += 1

    def _next_second(self):
        for pin in range(len(self._counts)):
            if self._counts[pin]:
                self._quiet[pin] = 0
            elif self.muted >> pin & 1:
                self._quiet[pin] += 1
                if self._quiet[pin] == _QUIET_S:
                    self.muted &= ~(1 << pin)
            self._counts[pin] = 0

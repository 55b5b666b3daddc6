# SPDX-License-Identifier: MIT
"""Watching all pins of a chip at once, and how long ago each has changed."""

import time

from micropython import const

_LONGEST_MS = const(432000000)  # 5 days; ticks wrap and would tell a wrong age after 6


class ChipWatch:
    """Calls `handler(chip, number)` after each change of a pin in `mask`, until `stop`.

    chip: has `level` and `watches` as an Expander. mask: -1 for all pins.
    """

    def __init__(self, chip, mask, handler):
        self.mask = mask
        self._chip = chip
        self._handler = handler
        self._was = chip.level
        chip.watches = list(chip.watches) + [self]

    def changed(self):
        """The level of one of the pins may have changed."""
        level = self._chip.level
        was, self._was = self._was, level
        # A level that was unknown has not changed.
        changed = 0 if was is None else (was ^ level) & self.mask
        number = 0
        while changed >> number:
            if changed >> number & 1:
                self._handler(self._chip, number)
            number += 1

    def stop(self):
        """Call the function no more."""
        # A new list, because this may be called from a loop over the old one.
        self._chip.watches = [watch for watch in self._chip.watches if watch is not self]


class Ages(ChipWatch):
    """When each pin of a chip has changed; made by `ages` only."""

    def __init__(self, chip, clock):
        super().__init__(chip, -1, self._note)
        self._clock = clock
        self._at = {}  # number of the pin -> ticks

    def _note(self, chip, number):
        self._at[number] = self._clock.ticks_ms()

    def age(self, number):
        """Return for how many s the pin has not changed, None if that is not known."""
        self.forget_old()
        at = self._at.get(number)
        return None if at is None else self._ms_since(at) // 1000

    def forget_old(self):
        """Forget changes of more than 5 days ago; needed at least once a day."""
        for number in tuple(self._at):
            if not 0 <= self._ms_since(self._at[number]) < _LONGEST_MS:
                del self._at[number]

    def _ms_since(self, at):
        return self._clock.ticks_diff(self._clock.ticks_ms(), at)


def ages(chip, clock=time):
    """Return the Ages of a chip; the first call begins to note them."""
    for watch in chip.watches:
        if isinstance(watch, Ages):
            return watch
    return Ages(chip, clock)

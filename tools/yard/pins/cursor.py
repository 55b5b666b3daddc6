# SPDX-License-Identifier: MIT
"""Which pin the keys act on, and which part of the table is seen."""

from collections.abc import Sequence

from yard.pins.table import Pin

_STEPS = {"up": -1, "k": -1, "down": 1, "j": 1}
_PAGES = {"pageup": -1, "pagedown": 1}
_CHIPS = {"left": -1, "h": -1, "right": 1, "l": 1}
_ENDS = {"home": 0, "g": 0, "end": -1, "G": -1}


class Cursor:
    """A place in a list of pins, and the part of it that is seen."""

    def __init__(self) -> None:
        self.at = 0
        self.top = 0  # of the part that is seen
        self._height = 1

    def move(self, key: str, pins: Sequence[Pin]) -> bool:
        """Move as `key` says; return whether it is a key for that."""
        if key in _STEPS:
            self.at += _STEPS[key]
        elif key in _PAGES:
            self.at += _PAGES[key] * self._height
        elif key in _ENDS:
            self.at = range(len(pins))[_ENDS[key]] if pins else 0
        elif key in _CHIPS:
            self._move_to_chip(_CHIPS[key], pins)
        else:
            return False
        return True

    def part(self, height: int, count: int) -> slice:
        """Return which of `count` pins are seen on `height` lines, 1 or more; the place is."""
        self._height = height
        self.at = max(0, min(self.at, count - 1))
        self.top = max(self.at - height + 1, min(self.top, self.at, count - height), 0)
        return slice(self.top, self.top + height)

    def _move_to_chip(self, step: int, pins: Sequence[Pin]) -> None:
        """Go to the first pin of the next or previous chip."""
        firsts = [i for i, pin in enumerate(pins) if i == 0 or pins[i - 1].chip != pin.chip]
        beyond = [i for i in firsts if (i > self.at if step > 0 else i < self.at)]
        if beyond:
            self.at = beyond[0] if step > 0 else beyond[-1]

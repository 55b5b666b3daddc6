# SPDX-License-Identifier: MIT
"""`machine.Counter`: the pulse counters of the chip, in MicroPython from 1.26 on."""

import board_link
from micropython import const

from machine import _pin

_UNITS = const(8)

_counters = {}


class Counter:
    """Hardware unit 0 to 7; each exists once."""

    RISING = 1
    FALLING = 2
    UP = 1
    DOWN = 2

    def __new__(cls, id, *args, **kwargs):
        if not 0 <= id < _UNITS:
            raise ValueError("invalid unit number")
        counter = _counters.get(id)
        if counter is None:
            counter = object.__new__(cls)
            counter._gpio = None
            _counters[id] = counter
        return counter

    def __init__(self, id, *args, **kwargs):
        if args or kwargs:
            self.init(*args, **kwargs)

    def init(self, src, *, edge=RISING, direction=UP, filter_ns=0):
        """Count the edges of the pin `src` from 0 on."""
        self.deinit()
        if edge not in (Counter.RISING, Counter.FALLING):
            raise ValueError("invalid edge")
        self._level = 1 if edge == Counter.RISING else 0
        self._step = 1 if direction == Counter.UP else -1
        self._count = 0
        self._gpio = _pin.gpio_of(src)
        _pin.counters.append(self)

    def deinit(self):
        """Count no more."""
        if self._gpio is not None:
            _pin.counters.remove(self)
            self._gpio = None

    def value(self, *value):
        """Return the count, and set it if told to."""
        before = self._count
        if value:
            (self._count,) = value
        return before

    def edge(self, gpio, level):
        """A pin has changed."""
        if gpio == self._gpio and level == self._level:
            self._count += self._step


board_link.at_fresh_board(_counters.clear)

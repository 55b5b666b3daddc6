# SPDX-License-Identifier: MIT
"""`machine.Timer`: callbacks run where interrupt handlers do, see `board_link.interrupts`."""

import board_link
from board_link.interrupts import Alarm
from micropython import const

_TIMERS = const(4)
_MS_PER_S = const(1000)

_timers = {}


class Timer:
    """Hardware timer 0 to 3; each exists once."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __new__(cls, id, **kwargs):
        if not 0 <= id < _TIMERS:
            raise ValueError("invalid Timer number, max %d" % _TIMERS)
        timer = _timers.get(id)
        if timer is None:
            timer = object.__new__(cls)
            timer._alarm = None
            _timers[id] = timer
        return timer

    def __init__(self, id, **kwargs):
        if kwargs:
            self.init(**kwargs)

    def init(self, *, mode=PERIODIC, callback=None, period=0xFFFFFFFF, tick_hz=1000, freq=None):
        """Call `callback(timer)` after, or every, `period` ticks of `tick_hz`, or at `freq` Hz."""
        self.deinit()
        period_ms = period * _MS_PER_S // tick_hz if freq is None else int(_MS_PER_S / freq)
        if callback:
            repeat_ms = max(1, period_ms) if mode == Timer.PERIODIC else 0
            self._alarm = Alarm(period_ms, callback, self, repeat_ms)

    def deinit(self):
        """Stop."""
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None


board_link.at_fresh_board(_timers.clear)

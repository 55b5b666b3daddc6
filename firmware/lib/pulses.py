# SPDX-License-Identifier: MIT
"""What the outputs of one chip do by themselves: pulses end and repeat, nothing stays on too long.

Imported when an output pulses for the first time or has a limit; most chips never need it.
"""

import time

from command_buffer import PULSE, TIMED
from micropython import const

_IDLE_MS = const(3600000)  # nothing is due; asked again after an hour all the same
_LATE_MS = const(1500)  # a further pulse that is later than this does not come any more
_QUEUE = const(8)  # pulses that can wait behind one that runs

# What a pulse does while another runs.
EXTEND = const(0)  # the longer one counts
IGNORE = const(1)
QUEUE = const(2)  # it follows, after as long a gap


class Pulses:
    """Timed behaviour of up to 16 outputs. Above the polarity: 1 is on.

    clock: `ticks_diff` and `ticks_add` of this module or object. level: that of the outputs.

    The owner of the outputs tells by `took` when their levels have changed, by `commanded` which
    command has been carried out, and asks by `wanted` what levels they are to have.

    Attributes: `wait_ms`, how long after the last `wanted` it has to be asked again, 0 or less
    when outputs have to change now.
    """

    def __init__(self, clock=time, level=0):
        self._clock = clock
        self._level = level
        self._timers = []
        self._submit = None
        self.wait_ms = _IDLE_MS

    @property
    def running(self):
        """Mask of the outputs with a pulse that runs, gaps between pulses included."""
        running = 0
        for timer in self._timers:
            if timer.running:
                running |= timer.mask
        return running

    def limit(self, mask, ms):
        """Let the output `mask` never be on for longer than `ms`, 0 for no limit."""
        self._timer(mask).max_on = ms

    def rule(self, mask, rule, chip):
        """Say what a pulse of the output `mask` of `chip` does while another runs.

        rule: EXTEND, IGNORE or QUEUE. chip: its attribute `submit` is replaced.
        """
        self._timer(mask).rule = rule
        if self._submit is None:
            self._submit = chip.submit
            chip.submit = self.submit

    def submit(self, target, action, value, ttl_ms, tag):
        """Submit a command so that the output's rule decides about a pulse when its turn comes."""
        if action == PULSE and self._timer(target.pin.mask).rule:
            action = TIMED
        self._submit(target, action, value, ttl_ms, tag)

    def took(self, level, now):
        """Take note that the outputs have been at `level` since `now` (ticks in ms)."""
        self._level = level
        for timer in self._timers:
            timer.took(level & timer.mask, now)

    def commanded(self, mask, action, value, now):
        """Take note of a command for the output `mask`, after `took` if it changed the level.

        value: for PULSE and TIMED the ms that it is on, or (ms on, pulses, ms off between them).
        """
        if action != PULSE and action != TIMED:
            for timer in self._timers:
                if timer.mask & mask:
                    timer.running = False
            return
        timer = self._timer(mask)
        if action == TIMED and timer.running:
            if timer.rule == QUEUE and len(timer.queue) < _QUEUE:
                timer.queue.append(value)
        else:
            timer.begin(value, now)

    def wanted(self, level, now):
        """Return what `level` is to become at `now`; `wait_ms` says when to ask again."""
        wait = _IDLE_MS
        for timer in self._timers:
            left = timer.left(level & timer.mask, now)
            if left <= 0:
                level ^= timer.mask
            wait = min(wait, left)
        self.wait_ms = wait
        return level

    def _timer(self, mask):
        for timer in self._timers:
            if timer.mask == mask:
                return timer
        self._timers.append(_Timer(mask, self._level & mask, self._clock))
        return self._timers[-1]


class _Timer:
    """The timed behaviour of one output."""

    rule = EXTEND
    max_on = 0  # ms; 0 for no limit
    running = False  # a pulse, or the gap before another
    queue = ()

    def __init__(self, mask, on, clock):
        self.mask = mask
        self._add = clock.ticks_add
        self._diff = clock.ticks_diff
        self._on = on
        self._stop = 0  # ticks: the limit is over
        self._next = 0  # ticks: the pulse or the gap is over
        self._todo = 0  # pulses that have not begun yet
        self._on_ms = self._off_ms = 0

    def begin(self, value, now):
        """Begin a pulse, or make the one that runs longer."""
        count = self._load(value)
        end = now  # an output that is not on yet will be, and then it counts
        if self._on:
            count -= 1
            end = self._add(now, self._on_ms)
        if not self.running:
            self.running = True
            self.queue = [] if self.rule == QUEUE else ()
            self._next, self._todo = end, count
        elif self._diff(end, self._next) > 0:
            self._next = end
        self._todo = max(self._todo, count)

    def took(self, on, now):
        """The output is `on` (its mask or 0) since `now`, at the latest."""
        if on == self._on:
            return
        self._on = on
        if on:
            self._stop = self._add(now, self.max_on)
            self._next = self._add(now, self._on_ms)
            self._todo -= 1
        elif self.running:
            self._next = self._add(now, self._off_ms)
            if self._todo <= 0 and self.queue:
                self._todo = self._load(self.queue.pop(0))
            self.running = self._todo > 0

    def left(self, on, now):
        """Return the ms until the output changes by itself, 0 or less when it has to now."""
        left = _IDLE_MS
        if self.running:
            left = self._diff(self._next, now)
            if on and left < 0:
                # However long a chip cannot be reached, the ticks must not wrap.
                self._next = now
            elif left < -_LATE_MS:
                self.running = False
                left = _IDLE_MS
        if on and self.max_on:
            limit = self._diff(self._stop, now)
            if limit < 0:
                self._stop = now
            left = min(left, limit)
        return left

    def _load(self, value):
        """Take over how long a pulse and the gap are; return how many there are."""
        if isinstance(value, tuple):
            self._on_ms, count, self._off_ms = value
            return count
        self._on_ms = self._off_ms = value
        return 1


def of(chip, clock=time):
    """Return the Pulses of a chip, its attribute `pulses`; made when that is None."""
    if chip.pulses is None:
        chip.pulses = Pulses(clock, chip.level or 0)
    return chip.pulses

# SPDX-License-Identifier: MIT
"""Commands that wait for their bus: bounded, oldest first, each with a deadline.

Putting, walking and removing a command without tag allocates nothing.
"""

import time
from array import array

from micropython import const

# Actions of commands.
OFF = const(0)
ON = const(1)
TOGGLE = const(2)
PULSE = const(3)  # value: how long it is on, in ms, or (ms on, how often, ms off between)
TIMED = const(255)  # a pulse that begins when `pulses` decides; made of a PULSE by `pulses`


def level_after(level, mask, action):
    """Return `level` with the bits of `mask` as they are after an action."""
    if action == ON:
        return level | mask
    if action == OFF:
        return level & ~mask
    if action == TOGGLE:
        return level ^ mask
    return level if action == TIMED else level | mask


class CommandBuffer:
    """A bounded list of commands in the order in which they were put.

    capacity: how many may wait (1 to 65534); when it is full, the oldest goes first.
    clock: `ticks_diff` of this module or object compares deadlines.

    A command is kept for a target, which is told of its end if it is not carried out: by
    `dropped(reason, tag)`, reason "full" or "expired". The target may put new commands then.

    Commands are walked by slot number:

        slot = buffer.after(buffer.end)
        while slot != buffer.end:
            ... buffer.targets[slot], .actions[slot], .values[slot], .deadlines[slot],
            ... .tags.get(slot)
            slot = buffer.after(slot)

    Counters: `dropped_full`, `expired`, and `high_water`, the most that ever waited.
    """

    def __init__(self, capacity=64, clock=time):
        self._ticks_diff = clock.ticks_diff
        self.end = capacity  # slot number before the oldest and behind the newest
        self.targets = [None] * capacity
        self.actions = bytearray(capacity)
        self.values = [0] * capacity
        self.tags = {}  # by slot, of the few commands that have one
        self.deadlines = [0] * capacity
        # A ring through the waiting slots and `end`; the unused slots are chained by `_next` only.
        kind = "B" if capacity < 255 else "H"
        self._next = array(kind, range(1, capacity + 2))
        self._previous = array(kind, [capacity] * (capacity + 1))
        self._next[capacity] = capacity
        self._unused = 0
        self._length = 0
        self._earliest = 0  # deadline, valid while something waits; never later than the true one
        self.dropped_full = 0
        self.expired = 0
        self.high_water = 0

    def __len__(self):
        return self._length

    def after(self, slot):
        """Return the next newer slot; of `end` the oldest, of the newest `end`."""
        return self._next[slot]

    def put(self, target, action, value, deadline, tag):
        """Add a command; when there is no room the oldest is dropped.

        target: has `dropped(reason, tag)`. action: 0 to 255. value, tag: whatever belongs to it.
        deadline: ticks in ms from which on it must not be carried out.
        """
        victim = None
        if self._unused == self.end:
            oldest = self._next[self.end]
            if oldest == self.end:
                # Every slot is detached: whoever is working them off puts more than it takes.
                self.dropped_full += 1
                target.dropped("full", tag)
                return
            victim, victims_tag = self.targets[oldest], self.tags.get(oldest)
            self.remove(oldest)
        slot = self._unused
        self._unused = self._next[slot]
        self.targets[slot] = target
        self.actions[slot] = action
        self.deadlines[slot] = deadline
        self.values[slot] = value
        if tag is not None:
            self.tags[slot] = tag
        self._append(slot, deadline)
        if victim is not None:
            self.dropped_full += 1
            victim.dropped("full", victims_tag)

    def detach(self, slot):
        """Take a command out of the list; its slot keeps the values until `release`."""
        before, behind = self._previous[slot], self._next[slot]
        self._next[before] = behind
        self._previous[behind] = before
        self._length -= 1

    def release(self, slot):
        """Let a detached slot be used again."""
        self.targets[slot] = None
        if self.tags:
            self.tags.pop(slot, None)
        self._next[slot] = self._unused
        self._unused = slot

    def remove(self, slot):
        """Forget a command."""
        self.detach(slot)
        self.release(slot)

    def wait_ms(self, now):
        """Return the ms until the next command expires, 0 or less when it has; None if empty."""
        return self._ticks_diff(self._earliest, now) if self._length else None

    def expire(self, now):
        """Drop every command whose deadline has come; return how many."""
        if not self._length or self._ticks_diff(self._earliest, now) > 0:
            return 0
        dropped = 0
        slot = self._next[self.end]
        while slot != self.end:
            if self._ticks_diff(self.deadlines[slot], now) > 0:
                slot = self._next[slot]
                continue
            target, tag = self.targets[slot], self.tags.get(slot)
            self.remove(slot)
            self.expired += 1
            dropped += 1
            target.dropped("expired", tag)
            # The target may have changed the list.
            slot = self._next[self.end]
        self._find_earliest()
        return dropped

    def _append(self, slot, deadline):
        newest = self._previous[self.end]
        self._next[newest] = slot
        self._previous[slot] = newest
        self._next[slot] = self.end
        self._previous[self.end] = slot
        if not self._length or self._ticks_diff(self._earliest, deadline) > 0:
            self._earliest = deadline
        self._length += 1
        self.high_water = max(self.high_water, self._length)

    def _find_earliest(self):
        slot = self._next[self.end]
        if slot != self.end:
            self._earliest = self.deadlines[slot]
        while slot != self.end:
            if self._ticks_diff(self._earliest, self.deadlines[slot]) > 0:
                self._earliest = self.deadlines[slot]
            slot = self._next[slot]

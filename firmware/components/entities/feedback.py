# SPDX-License-Identifier: MIT
"""Outputs whose effect is seen by an input."""

import asyncio
from time import ticks_diff, ticks_ms

from command_buffer import OFF, ON, PULSE, TOGGLE
from micropython import const

from components.entities.output import Output
from components.entities.problem import Problem

_POLL_MS = const(10)


class Feedback(Output):
    """Shows what the feedback says, if there is one, else the level of the pin.

    A command that has no effect within `timeout_ms` is a problem; an entity of its own shows it.

    Class attributes that a subclass sets: `names`, the states off, on, on the way to off, on the
    way to on, and while there is a problem (None: that of the feedback); `tries`, how often it
    acts before there is a problem.
    """

    names = (b"OFF", b"ON", b"ON", b"OFF", None)
    feedback = None
    tries = 1
    _wanted = None  # the level on the way to which it is
    _missed = None  # the level that it did not reach

    def set_up(self, row, parts):
        self.feedback = parts.get("feedback")
        if self.feedback:
            self.timeout_ms = row["timeout"]
            self._problem = Problem(self)
            self.component.node.add_entity(self.component, self._problem)

    @property
    def problem(self):
        """Whether the last command had no effect."""
        return self._missed is not None

    def level(self):
        """Return 1, 0, or None while it is unknown."""
        return (self.feedback or self).pin.value()

    def state(self):
        level = self.level()
        if self.problem and self.names[4]:
            return self.names[4]
        if self._wanted is not None and level != self._wanted:
            return self.names[2 + self._wanted]
        return None if level is None else self.names[level]

    def changed(self):
        if self._missed is not None and self.level() == self._missed:
            self._ended(None)
        else:
            super().changed()

    def command(self, action, value, ttl_ms, tag):
        if not self.feedback or action == PULSE:
            super().command(action, value, ttl_ms, tag)
            return
        if action == TOGGLE:
            action = OFF if self.level() else ON
        self._wanted = action
        self.component.node.spawn(self.key.decode(), self._reach, action, ttl_ms, tag)

    def dropped(self, reason, tag):
        self._wanted = None  # no further try: the command is forgotten
        super().dropped(reason, tag)

    async def _reach(self, wanted, ttl_ms, tag):
        for _ in range(self.tries):
            self._act(wanted, ttl_ms, tag)
            start = ticks_ms()
            while ticks_diff(ticks_ms(), start) < self.timeout_ms:
                if self._wanted is None or self.level() == wanted:
                    self._ended(None)
                    return
                await asyncio.sleep_ms(_POLL_MS)
        text = "%s: no effect within %d ms, tries: %d"
        self.component.node.log.warn(
            "command", text, self.key.decode(), self.timeout_ms, self.tries
        )
        self._ended(wanted)

    def _act(self, wanted, ttl_ms, tag):
        """Do what brings the level `wanted` about."""
        super().command(wanted, None, ttl_ms, tag)

    def _ended(self, missed):
        self._wanted = None
        self._missed = missed
        self.component.node.state_changed(self._problem)
        self.component.node.state_changed(self)

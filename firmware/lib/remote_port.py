# SPDX-License-Identifier: MIT
"""A switch of somebody else as the only pin of a chip of `pins.Pin`: commands are messages."""

import asyncio
import time

from command_buffer import OFF, ON, PULSE
from micropython import const
from pins import Pin

_MOST = const(8)  # commands that wait for their effect
_WORDS = (b"OFF", b"ON", b"TOGGLE")


class RemotePort:
    """One output. Attributes as of an Expander: `level`, None while it is not known, and so on.

    send(payload): sends a command; returns False when it cannot. wait_ms: how long its effect may
    take. clock: `ticks_ms`, `ticks_add` and `ticks_diff` of this module or object.
    """

    outputs = 1
    inputs = inverted = last = 0
    pulses = reader = None
    unsure = False
    guards = ()
    ttl_ms = 1500

    def __init__(self, send, wait_ms, clock=time):
        self.level = None
        self.watches = ()
        self.users = [None]
        self.users[0] = Pin(self, 0)
        self.lines = (self,)
        self._send = send
        self._wait_ms = wait_ms
        self._clock = clock
        self._waiting = []  # (target, level that is its effect or None for any, deadline, tag)

    def value(self):
        """Return the level, as the line of a NativePort does."""
        return self.level

    def submit(self, target, action, value, ttl_ms, tag):
        """Send a command; arguments as of `BusWorker.submit`.

        The target is told by `applied` when its effect has been reported; by `dropped` with
        "offline", "full" or "expired".
        """
        if len(self._waiting) == _MOST:
            target.dropped("full", tag)
        elif not self._send(_payload(action, value)):
            target.dropped("offline", tag)
        else:
            effect = action if action in (OFF, ON) else 1 if action >= PULSE else None
            end = self._clock.ticks_add(self._clock.ticks_ms(), self._wait_ms)
            self._waiting.append((target, effect, end, tag))

    def told(self, level):
        """Take the level that was reported, 0 or 1, or None when it is not known any more."""
        changed = level is not self.level
        self.level = level
        if level is not None:
            waiting, self._waiting = self._waiting, []
            for command in waiting:
                target, effect, _, tag = command
                if effect in (None, level):
                    target.applied(tag)
                else:
                    self._waiting.append(command)
        if changed:
            self.users[0].changed()
            for watch in self.watches:
                watch.changed()

    def expire(self):
        """Drop the commands without effect whose time is over; return how many."""
        now = self._clock.ticks_ms()
        old = [c for c in self._waiting if self._clock.ticks_diff(c[2], now) <= 0]
        for command in old:
            self._waiting.remove(command)
            command[0].dropped("expired", command[3])
        return len(old)

    async def run(self):
        """Expire commands, until cancelled."""
        while True:
            await asyncio.sleep_ms(500)
            self.expire()


def _payload(action, value):
    if action < PULSE:
        return _WORDS[action]
    if isinstance(value, tuple):
        return ('{"pulse":%d,"repeat":%d,"gap":%d}' % value).encode()
    return b"PULSE:%d" % value

# SPDX-License-Identifier: MIT
"""Time that passes only while the code under test waits: `time` and the clock of asyncio.

`harness.py` puts it in the place of `time` before it imports a test file, so no test notices that
the machine is slow or stands still. When no task can run, the clock moves on to the next one that
is due; sleeping moves it, too, and each look at it costs `LOOK_US`, so that loops end which wait
for a time. A test does not even take the time that it waits for, unless its file says
`SOCKETS = True`: what is on its way through the kernel needs real time, but none of the clock.
"""

import select
import sys
import time as real
from asyncio import core
from time import *  # noqa: F403 - whatever is not written anew below

LOOK_US = 10

_sockets = False

# Ahead of the time of the machine by days: asyncio takes that, in C, for tasks that are due now.
_now_us = real.ticks_us() + 1_000_000_000_000


def ticks_us():
    global _now_us
    _now_us += LOOK_US
    return _now_us


def ticks_ms():
    return ticks_us() // 1000


def sleep_us(us):
    global _now_us
    if us > 0:
        _now_us += us
        if _sockets:
            real.sleep_us(us)


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(seconds):
    sleep_us(int(seconds * 1_000_000))


class _Poller:
    """A poll object by which time passes when nothing else happens; allocates nothing then."""

    def __init__(self):
        poller = select.poll()
        self.register = poller.register
        self.modify = poller.modify
        self.unregister = poller.unregister
        self._ipoll = poller.ipoll
        self._ready = []

    def ipoll(self, timeout_ms):
        global _now_us
        ready = self._ready
        ready.clear()
        for stream, events in self._ipoll(timeout_ms if _sockets else min(0, timeout_ms)):
            ready.append((stream, events))
        if timeout_ms > 0 and not ready:
            _now_us += timeout_ms * 1000
        return ready


class _Select:
    """What asyncio uses of `select`."""

    POLLIN = select.POLLIN
    POLLOUT = select.POLLOUT
    POLLERR = select.POLLERR
    POLLPRI = getattr(select, "POLLPRI", 2)
    poll = _Poller


def install(sockets):
    """Take the place of `time` in all modules that are imported from now on, and in asyncio.

    sockets: whether the tests use some.
    """
    global _sockets
    _sockets = sockets
    sys.modules["time"] = sys.modules[__name__]
    core.ticks = ticks_ms
    core.select = _Select

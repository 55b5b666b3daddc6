# SPDX-License-Identifier: MIT
"""node/announcement.py: the first connection to the broker is tried until it is there; uptime."""

import time

from fake_node import FakeNode
from node import announcement, app
from scripted_time import ScriptedTime


class Client:
    """A client that is refused `refusals` times. Attribute `network`: whether there is one."""

    server = "broker"

    def __init__(self, refusals):
        self.refusals = refusals
        self.network = False

    async def connect(self):
        assert self.network
        self.network = False
        if self.refusals:
            self.refusals -= 1
            raise OSError(111)


class Session:
    """What `connect` uses of the session and the node; each attempt waits for the network."""

    def __init__(self, client):
        self.client = client
        self._node = self
        self.log = FakeNode().log

    async def link_ready(self):
        self.client.network = True


async def test_pauses_between_attempts_to_connect_grow_to_a_minute_and_differ():
    with ScriptedTime(announcement) as clock:
        session = Session(Client(10))
        await announcement.connect(session)
    steps = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    jitter = [pause - 1000 * step for pause, step in zip(clock.pauses, steps)]
    assert len(clock.pauses) == 10
    assert 0 <= min(jitter) and max(jitter) < 512, clock.pauses
    assert len(set(jitter)) > 3
    assert len(session.log.records) == 10
    assert session.log.records[0][2].startswith("cannot connect to broker broker: ")


class Started:
    """What `Node.uptime` uses of a node that starts at some ticks."""

    _uptime = 0

    def __init__(self, ticks):
        self._started = ticks


def test_uptime_goes_on_when_ticks_wrap_and_loses_no_part_of_a_second():
    now = [time.ticks_add(0, -5000)]
    real = app.ticks_ms
    app.ticks_ms = lambda: now[0]
    try:
        started = Started(now[0])
        for _ in range(1000):
            now[0] = time.ticks_add(now[0], 999)
            seconds = app.Node.uptime(started)
        assert seconds == 999
        now[0] = time.ticks_add(now[0], 3600000)
        assert app.Node.uptime(started) == 4599
    finally:
        app.ticks_ms = real

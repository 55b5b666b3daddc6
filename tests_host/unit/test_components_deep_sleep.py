# SPDX-License-Identifier: MIT
"""components/machine/deep_sleep.py: a node sleeps when it has told what it measured."""

import asyncio

from board_link import attach

from components.machine import deep_sleep
from components.machine.deep_sleep import DeepSleep
from components.machine.gpio import GPIO
from components.machine.restart import Restart
from fake_node import FakeNode
from harness import run_until
from yard.model.board import Board


class Client:
    def __init__(self):
        self.connected = True

    async def disconnect(self):
        self.connected = False


class Session:
    def __init__(self):
        self.online = True
        self.client = Client()


class Quantity:
    value = None


class Thermometer:
    def __init__(self):
        self.quantities = {"temperature": Quantity()}


class Desk:
    """A node that may sleep. Attribute `sleeps`: (ms, whether still connected) of each sleep."""

    def __init__(self):
        attach(Board([]))
        self.node = FakeNode()
        self.node.session = Session()
        self.sensor = Thermometer()
        self.node.components = {"sensor": self.sensor, "plain": object()}
        self.sleeps = []

    def _deepsleep(self, ms):
        self.sleeps.append((ms, self.node.session.client.connected))

    async def start(self, **args):
        component = DeepSleep(**args)
        await self.node.start("battery", component)
        return component

    def __enter__(self):
        self._real = deep_sleep.machine.deepsleep
        deep_sleep.machine.deepsleep = self._deepsleep
        return self

    def __exit__(self, *_):
        deep_sleep.machine.deepsleep = self._real
        for task in self.node.tasks.values():
            task.cancel()


async def test_it_sleeps_when_everything_is_told_and_leaves_the_broker_in_good_order():
    with Desk() as desk:
        desk.node.session.online = False
        await desk.start(sleep=300)
        desk.sensor.quantities["temperature"].value = 21
        await asyncio.sleep_ms(1500)
        assert desk.sleeps == []
        desk.node.session.online = True
        await run_until(lambda: desk.sleeps, 3000)
        assert desk.sleeps == [(300000, False)]


async def test_it_waits_for_a_value_but_not_for_ever():
    with Desk() as desk:
        await desk.start(sleep=300, awake=2)
        await asyncio.sleep_ms(1500)
        assert desk.sleeps == []
        await run_until(lambda: desk.sleeps, 3000)


async def test_it_waits_until_the_components_are_loaded():
    with Desk() as desk:
        desk.node.settled = False
        await desk.start(awake=1)
        await asyncio.sleep_ms(2500)
        assert desk.sleeps == []
        desk.node.settled = True
        await run_until(lambda: desk.sleeps, 4000)


async def test_it_stays_awake_while_it_is_told_to():
    with Desk() as desk:
        await desk.start(awake=1)
        entity = desk.node.entities[b"battery/awake"]
        entity.command(entity.words[b"ON"], None, None, None)
        await asyncio.sleep_ms(3000)
        assert desk.sleeps == []
        entity.command(entity.words[b"OFF"], None, None, None)
        await run_until(lambda: desk.sleeps)
        assert desk.node.states[b"battery/awake"] == [b"ON", b"OFF"]


async def test_a_node_that_drives_something_does_not_sleep_and_says_why():
    for kind in ("switch", "output"):
        with Desk() as desk:
            esp = await desk.node.start("esp", GPIO([{"pin": 21, "type": kind}]))
            desk.node.components["esp"] = esp
            await desk.start(awake=1)
            await run_until(lambda: desk.node.faults)
            reason = "the node does not sleep, because commands would not reach esp"
            assert desk.node.faults == [("battery", "start", reason)]
            esp.stop()


async def test_buttons_that_only_serve_the_node_do_not_keep_it_awake():
    with Desk() as desk:
        await desk.node.start("again", Restart())
        await desk.start(awake=1)
        await run_until(lambda: desk.sleeps, 4000)
        assert desk.node.faults == []

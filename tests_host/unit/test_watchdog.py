# SPDX-License-Identifier: MIT
"""node/watchdog.py: the hardware is fed while everything that matters makes progress."""

import asyncio
import time

import board_link
from board_link import attach

from fake_node import FakeNode
from harness import run_until
from node import reset_reason, watchdog
from node.log import Log
from scratch import Scratch
from yard.model.board import Board


class Clock:
    """Takes the place of the time of the module."""

    def __init__(self):
        self.now = time.ticks_add(0, -100)  # wraps soon

    def __enter__(self):
        self._real = watchdog.ticks_ms
        watchdog.ticks_ms = lambda: self.now
        return self

    def __exit__(self, *_):
        watchdog.ticks_ms = self._real

    def wait(self, ms):
        self.now = time.ticks_add(self.now, ms)


class Device:
    def __init__(self, due):
        self.due = due


class Bus:
    def __init__(self, *dues):
        self.worker = self
        self.devices = [Device(due) for due in dues]


class Session:
    def __init__(self):
        self.online = True
        self.client = self
        self.rx_packets = 1


def node_with(**components):
    node = FakeNode()
    node.log = Log("critical", "critical")
    node.components = components
    node.session = Session()
    node.settings.MQTT_KEEPALIVE = 60
    return node


def test_a_bus_that_serves_its_devices_in_time_makes_progress():
    with Clock() as clock:
        bus = Bus(clock.now, time.ticks_add(clock.now, 5000))
        dog = watchdog.Watchdog(node_with(i2c=bus, plain=object()), None)
        assert dog.stuck() is None
        clock.wait(10000)
        assert dog.stuck() is None
        clock.wait(1)
        assert dog.stuck() == "the bus i2c does not serve its devices"
        bus.devices[0].due = clock.now
        assert dog.stuck() is None


def test_a_broker_that_is_not_heard_from_is_no_progress():
    with Clock() as clock:
        node = node_with()
        dog = watchdog.Watchdog(node, None)
        for _ in range(5):
            assert dog.stuck() is None
            node.session.rx_packets += 1
            clock.wait(179999)
        assert dog.stuck() is None
        clock.wait(180001)
        assert "broker" in dog.stuck()


def test_a_broker_that_is_away_is_no_reason_to_restart():
    with Clock() as clock:
        node = node_with()
        dog = watchdog.Watchdog(node, None)
        node.session.online = False
        for _ in range(20):
            assert dog.stuck() is None
            clock.wait(600000)
        node.session = None
        assert dog.stuck() is None


def test_a_client_that_does_not_count_is_trusted():
    with Clock() as clock:
        node = node_with()
        del node.session.rx_packets
        dog = watchdog.Watchdog(node, None)
        for _ in range(3):
            assert dog.stuck() is None
            clock.wait(600000)


async def test_it_is_fed_until_something_is_stuck_and_the_reason_is_kept():
    with Scratch():
        attach(Board([]))
        bus = Bus(time.ticks_add(time.ticks_ms(), 3600000))
        node = node_with(i2c=bus)
        task = asyncio.create_task(watchdog.run(node, 1))
        await run_until(lambda: board_link.link().feeds >= 2)
        assert board_link.link().watchdog_ms == 1000
        bus.devices[0].due = time.ticks_add(time.ticks_ms(), -11000)
        await run_until(task.done)
        fed = board_link.link().feeds
        node.reset_cause = "WDT_RESET"
        node.log = Log("critical", "error")
        records = []
        node.log.sink = lambda level, text: not records.append(text)
        reset_reason.report(node)
        assert node.reset_cause == "watchdog"
        assert records == [
            "reset: watchdog: the bus i2c does not serve its devices; the node restarts within 1 s"
        ]
        assert board_link.link().feeds == fed
        node.tasks["node.reset"].cancel()

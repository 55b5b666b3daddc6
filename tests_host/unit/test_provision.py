# SPDX-License-Identifier: MIT
"""node/provision.py: when the dialogue opens and ends, and how what it stored is forgotten."""

import asyncio
from time import ticks_diff, ticks_ms

import node.app
from fake_node import FakeNode
from harness import run_until
from node import credentials, provision
from node.terminal import Abandoned
from scratch import Scratch


class WiFi:
    runs = 0

    async def run(self):
        self.runs += 1


class Nobody:
    """A Terminal at which nobody sits."""

    patience = []

    def __init__(self, patience_s=None):
        self.patience.append(patience_s)

    def say(self, text):
        raise AssertionError("nothing is said before a key")

    async def ask(self, prompt, shown=True):
        raise Abandoned


class Node(FakeNode):
    def __init__(self):
        super().__init__()
        self.log.level = 3
        self.wifi = WiFi()


async def test_nobody_answers_and_the_node_goes_on_joining():
    node = Node()
    terminal, provision.Terminal = provision.Terminal, Nobody
    try:
        provision.reopen(node)
        await run_until(lambda: node.wifi.runs)
    finally:
        provision.Terminal = terminal
    assert Nobody.patience == [60]
    assert node.log.level == 3
    assert ("info", "setup", "nobody answers") in node.log.records


# -- failed attempts to join ----------------------------------------------------------------


class FailingNode:
    """A node that cannot join. `opened`: at which attempts the dialogue was opened."""

    wifi_failed = node.app.Node.wifi_failed

    def __init__(self, limit):
        self.settings = self
        self.FAILED_JOINS = limit
        self.opened = []

    def spawn(self, name, function, *args):
        assert name == "setup" and args == (self, 60), (name, args)
        self.opened.append(self.count)

    def fail(self, times):
        for self.count in range(1, times + 1):
            self.wifi_failed(self.count)
        return self.opened


def test_the_dialogue_opens_at_each_multiple_of_failed_joins():
    assert FailingNode(3).fail(8) == [3, 6]
    assert FailingNode(1).fail(3) == [1, 2, 3]


def test_no_failed_joins_never_open_it():
    assert FailingNode(0).fail(40) == []


# -- the pin of the factory reset -----------------------------------------------------------

STORED = {"WIFI_SSID": "home", "MQTT_HOST": "broker"}


class Held:
    """A board whose pin 4 is held low for `ms` from now on. `resets`: when it was reset, in ms."""

    def __init__(self, ms):
        self._ms = ms
        self._began = ticks_ms()
        self.resets = []

    @property
    def passed(self):
        return ticks_diff(ticks_ms(), self._began)

    def pin_level(self, number):
        assert number == 4
        return int(self.passed >= self._ms)

    def reset(self):
        self.resets.append(self.passed)


async def start_held(ms, stored=STORED):
    """Power a node on with its pin held for `ms`; return the board, what is stored, the log."""
    node = Node()
    node.settings.FACTORY_RESET_PIN = 4
    node.settings.WIFI_SSID = node.settings.MQTT_HOST = "set"
    board = Held(ms)
    real, provision.board = provision.board, board
    try:
        with Scratch():
            if stored:
                credentials.store(stored)
            provision.begin(node, False)
            await asyncio.sleep(20)
            return board, credentials.read(), node.log.records
    finally:
        provision.board = real


async def test_a_pin_that_is_not_low_forgets_nothing():
    board, stored, _ = await start_held(0)
    assert stored == STORED and not board.resets


async def test_a_pin_that_is_released_before_5_s_forgets_nothing():
    for ms in (50, 2500, 4900):
        board, stored, _ = await start_held(ms)
        assert stored == STORED and not board.resets, ms


async def test_a_pin_held_for_5_s_forgets_the_credentials_and_restarts():
    board, stored, records = await start_held(10_000)
    assert stored == {}
    assert len(board.resets) == 1 and 4900 < board.resets[0] < 5200, board.resets
    assert records == [
        ("warn", "setup", "GPIO 4 was held low: the credentials are forgotten"),
    ]


async def test_a_pin_that_is_still_held_after_that_does_not_restart_for_ever():
    board, _, records = await start_held(10_000, stored=None)
    assert not board.resets and not records

# SPDX-License-Identifier: MIT
"""node/manage.py with the components that there are: each can be unloaded and loaded again."""

import asyncio
import gc
import json

from board_link import attach

from components.machine import claims
from fake_node import FakeSession
from harness import run_until
from node.app import Node
from node.loader import Loader
from node.manage import load, reload, unload
from node.settings import load as load_settings
from scratch import Scratch
from yard.model.board import Board


def define(package, component, **args):
    return {"package": package, "component": component, "constructor_args": args}


CHIP = [
    {"pin": 0, "type": "switch", "id": "lamp", "max_on": 60, "on_lost": "off"},
    {"pin": 1, "type": "light", "id": "hall", "restore": "last"},
    {"pin": 3, "type": "output"},
    {"pin": 4, "type": "output"},
    {"pin": 8, "type": "binary_sensor", "id": "wall", "events": True, "triggers": True},
    {"pin": 9, "type": "input"},
]
GPIO = [
    {"pin": 14, "type": "input"},
    {"pin": 25, "type": "switch", "id": "pump"},
    {"pin": 27, "type": "event", "id": "bell", "events": ["single", "long"]},
]
COMPONENTS = {
    "i2c": define(".machine.i2c", "I2C", scl=22, sda=21),
    "board1": define(
        ".devices.mcp23017", "MCP23017", i2c="i2c", address="0x20", pins=CHIP, int_pin=4
    ),
    "esp": define(".machine.gpio", "GPIO", pins=GPIO),
    "adc": define(".machine.adc", "ADC", pin=33),
    "pwm": define(".machine.pwm", "PWM", pin=18),
    "count": define(".machine.counter", "Counter", pin=19),
    "shift": define(
        ".devices.hc595",
        "HC595",
        ser=13,
        srclk=26,
        rclk=32,
        pins=[{"pin": 0, "type": "switch", "id": "horn"}],
    ),
    "far": define(".devices.remote_switch", "RemoteSwitch", topic="home/other/chip/lamp"),
    "table": define(
        ".entities.table",
        "Table",
        rows=[
            {"type": "switch", "id": "x", "pin": "@board1.3"},
            {"type": "lock", "id": "door", "pin": "@board1.4", "feedback": "@esp.14"},
        ],
    ),
    "walls": define(
        ".logic.bindings",
        "Bindings",
        rows=[{"input": "@board1.9", "output": "@esp.pump", "do": "toggle"}],
    ),
}
USERS = {"i2c": ["board1"], "board1": ["table", "walls"], "esp": ["table", "walls"]}


class Running:
    """A node with COMPONENTS, some of them other ones. Attribute of the node: `board`."""

    def __init__(self, **changed):
        self._components = COMPONENTS.copy()
        self._components.update(changed)

    async def __aenter__(self):
        self._folder = Scratch().__enter__()
        self._folder.write("components.json", json.dumps(self._components))
        board = attach(Board([0x20]))
        self._node = node = Node(load_settings([].append))
        node.board = board
        node.log.level = node.log.mqtt_level = -1
        await Loader(node).load()
        node.settled = True
        for name in COMPONENTS:
            assert node.rows[name]["phase"] == "running", node.rows[name]
        await run_until(lambda: "board1" in node.reports)
        return node

    async def __aexit__(self, *_):
        for task in tuple(self._node.tasks.tasks):
            self._node.tasks.cancel(task)
        await asyncio.sleep_ms(0)
        claims._owners.clear()
        self._folder.__exit__()


async def switch(entity):
    for action, payload in ((1, b"ON"), (0, b"OFF")):
        entity.command(action, None, None, None)
        await run_until(lambda payload=payload: entity.state() == payload)


async def refusal(step, node, name):
    try:
        await step(node, name)
    except ValueError as e:
        return str(e)
    return None


async def test_all_are_unloaded_users_first_and_nothing_of_them_is_left():
    async with Running() as node:
        for name in ("i2c", "board1", "esp"):
            users = ", ".join(['"%s"' % user for user in USERS[name]])
            assert await refusal(unload, node, name) == "in use by " + users
        for name in ("far", "shift", "walls", "table", "count", "pwm", "adc"):
            await unload(node, name)
        for name in ("esp", "board1", "i2c"):
            await unload(node, name)
        await asyncio.sleep_ms(10)
        assert node.components == {} and node.rows == {} and node.entities == {}
        assert node.reports == {} and claims._owners == {}
        assert set(node.tasks.tasks) <= {"presses", "on lost", "kept"}, node.tasks.tasks
        assert node.presses.pins == [] and node.lost_outputs == []


async def test_all_can_be_loaded_again_and_work():
    async with Running() as node:
        names = ("i2c", "esp", "board1", "adc", "pwm", "count", "table", "walls", "shift", "far")
        before = sorted(node.entities)
        for _ in range(2):
            for name in reversed(names):
                await unload(node, name)
            for name in names:
                await load(node, name)
            assert sorted(node.components) == sorted(COMPONENTS)
            assert {row["phase"] for row in node.rows.values()} == {"running"}, node.rows
            assert sorted(node.entities) == before
            await run_until(lambda: "board1" in node.reports)
            await switch(node.entities[b"board1/lamp"])


async def test_each_that_nobody_uses_is_reloaded_while_the_others_go_on():
    async with Running() as node:
        for name in ("adc", "pwm", "count", "table", "walls", "shift", "far"):
            before = dict(node.components)
            await reload(node, name)
            for other in COMPONENTS:
                assert (node.components[other] is before[other]) == (other != name)
            assert node.rows[name]["phase"] == "running", node.rows[name]


async def test_a_task_that_dies_is_told_in_the_row_of_its_component_and_started_again():
    runs = []

    async def work():
        runs.append(1)
        if len(runs) < 3:
            raise ValueError("run %d" % len(runs))

    async with Running() as node:
        node.spawn("adc.work", work)
        await run_until(lambda: len(runs) == 3, 5000)
        row = node.rows["adc"]
        assert (row["phase"], row["crashes"], row["errors"]) == ("task", 2, ["ValueError: run 2"])
        assert node.rows["pwm"]["phase"] == "running"
        await reload(node, "adc")
        assert node.rows["adc"]["phase"] == "running" and "crashes" not in node.rows["adc"]


class Session(FakeSession):
    def state_changed(self, entity):
        """Nothing waits for a state here."""

    def announce_again(self):
        """Nobody listens."""


async def test_presses_on_a_pin_of_another_component_are_told_once_after_a_reload():
    rows = [{"type": "event", "id": "door", "pin": "@esp.14", "events": ["press"]}]
    table = define(".entities.table", "Table", rows=rows)
    async with Running(table=table) as node:
        for _ in range(2):
            await reload(node, "table")
        for _ in range(2):
            node.rows_changed = lambda: None
            node.session = session = Session()
            for level in (0, 1):
                node.board.drive_pin(14, level)
                pin = node.components["esp"].pin(14)
                await run_until(lambda pin=pin, level=level: pin.value() == level)
            told = [payload for topic, payload in session.sent if topic.endswith(b"/event")]
            assert told == [b'{"event_type":"press"}']
            await reload(node, "table")


async def test_outputs_of_an_interlock_stay_with_their_components():
    cover = {"type": "cover", "id": "gate", "pin": "@board1.3", "close_pin": "@board1.4"}
    cover.update({"travel_up": 9, "travel_down": 9})
    async with Running(table=define(".entities.table", "Table", rows=[cover])) as node:
        assert "interlock" in await refusal(unload, node, "table")
        assert "interlock" in await refusal(reload, node, "table")
        assert node.components["board1"].chip.users[3] is node.entities[b"table/gate"]


async def test_loading_again_and_again_takes_no_memory():
    async with Running() as node:
        await unload(node, "walls")
        await unload(node, "table")

        async def used(times):
            for _ in range(times):
                await reload(node, "board1")
                await run_until(lambda: "board1" in node.reports)
            gc.collect()
            return gc.mem_alloc()

        await used(3)
        before = await used(1)
        assert await used(8) - before < 2500, "less than half of a chip"

# SPDX-License-Identifier: MIT
"""Wherever a component fails, the topic `components` tells it to a late-comer; the others work."""

from __future__ import annotations

import json
import time
from typing import Any

from desk import MQTT, RESTART_S, Connect, Desk, Furnished, wait_until

Rows = dict[str, dict[str, Any]]

OWN = """
from node.component import Component


class Fails(Component):
    def __init__(self, where):
        self.where = where
        self.fail("construct")

    def fail(self, where):
        if where == self.where:
            raise ValueError("it is " + where)

    async def start(self):
        self.fail("start")
        self.node.spawn(self.name, self.work)

    async def work(self):
        self.fail("task")


def tick():
    raise OSError(5)
"""


def own(where: str, **more: Any) -> dict[str, Any]:
    args = {"where": where}
    return {"package": "own", "component": "Fails", "constructor_args": args, **more}


BUS = {
    "package": ".machine.i2c",
    "component": "I2C",
    "constructor_args": {"scl": 22, "sda": 21},
}
CHIP = {
    "package": ".devices.mcp23017",
    "component": "MCP23017",
    "constructor_args": {
        "i2c": "i2c",
        "address": "0x20",
        "pins": [{"pin": 0, "type": "switch", "id": "lamp"}],
    },
}
FAILING = {
    "checked": own("nowhere", init_arg=[1]),
    "imported": {"package": ".devices.mcp", "component": "X"},
    "constructed": own("construct"),
    "started": own("start"),
    "tasked": own("task"),
    "called": own("nowhere", call_function_regularly="fail", call_interval=0.1),
    "user": own("@constructed"),
}


class Node:
    """A node whose files can be replaced."""

    def __init__(self, desk: Desk, mqtt: Connect) -> None:
        self.desk = desk
        self.flash = desk.state / "flash"
        self._mqtt = mqtt

    def restart_with(self, files: dict[str, str]) -> MQTT:
        """Replace components.json by some files; return a client that came late."""
        (self.flash / "components.json").unlink(missing_ok=True)
        for path, text in files.items():
            (self.flash / path).parent.mkdir(exist_ok=True)
            (self.flash / path).write_text(text)
        client = self._mqtt(self.desk.mqtt_port, "#")
        client.wait_for(self.desk.base + "available", "online")
        self.desk.restart_node(client)
        return self.late_comer()

    def late_comer(self) -> MQTT:
        return self._mqtt(self.desk.mqtt_port, "#")

    def rows(self, client: MQTT, count: int) -> Rows:
        """Return the rows when there are `count`, as somebody is told who comes then."""
        topic = self.desk.base + "components"
        client.wait_for(topic)
        wait_until(lambda: len(json.loads(client.of(topic)[-1].payload)) == count, what="rows")
        message = self.late_comer().wait_for(topic)
        assert message.retained
        return {row["name"]: row for row in json.loads(message.payload)}

    def switch(self, client: MQTT) -> None:
        """Expect that a command is carried out, if need be when it is repeated."""
        for level, payload in ((1, "ON"), (0, "OFF")):
            asked = 0.0

            def done(level: int = level, payload: str = payload) -> bool:
                nonlocal asked
                if time.monotonic() > asked + 3:
                    asked = time.monotonic()
                    client.publish(self.desk.base + "chip/lamp/set", payload)
                states = client.of(self.desk.base + "chip/lamp/state")
                told = bool(states) and states[-1].payload == payload
                return told and self.desk.board.latch(0x20) & 1 == level

            wait_until(done, what=f"lamp {payload}")


def start(furnished: Furnished, mqtt: Connect, components: object) -> tuple[Node, MQTT]:
    text = f"# mine\n{json.dumps(components)} // and nothing else\n"
    desk, client = furnished(text, {"own.py": OWN})
    return Node(desk, mqtt), client


def test_each_phase_in_which_a_component_can_fail(furnished: Furnished, mqtt: Connect) -> None:
    node, client = start(furnished, mqtt, {"i2c": BUS, **FAILING, "chip": CHIP})
    told = node.desk.base + "components"

    def died() -> bool:
        rows = json.loads(client.of(told)[-1].payload) if client.of(told) else ()
        return {row["name"] for row in rows if row.get("crashes", 0) > 1} == {"tasked", "called"}

    wait_until(died, RESTART_S, "two crashes of each task")
    rows = node.rows(client, len(FAILING) + 2)
    assert {name: row["phase"] for name, row in rows.items()} == {
        "i2c": "running",
        "chip": "running",
        "checked": "check",
        "imported": "import",
        "constructed": "construct",
        "started": "start",
        "tasked": "task",
        "called": "task",
        "user": "check",
    }
    assert rows["constructed"]["errors"] == ["ValueError: it is construct"]
    assert rows["started"]["errors"] == ["ValueError: it is start"]
    assert rows["tasked"]["errors"] == ["ValueError: it is task"]
    assert rows["user"]["errors"] == ['where: "constructed" did not start']
    assert 'did you mean "init_args"?' in rows["checked"]["errors"][0]
    assert "components/devices/mcp.py" in rows["imported"]["errors"][0]
    assert "errors" not in rows["i2c"] and "errors" not in rows["chip"]
    node.switch(client)


PROGRAM = f"""
from own import Fails

COMPONENTS = {{"i2c": {BUS!r}, "chip": {CHIP!r}, "started": {own("start")!r}}}


async def load(node, add):
    await add("made", Fails("nowhere"))
    await add("tried", Fails("start"))
    raise KeyError("no more")
"""


def test_each_source_and_what_is_told_when_it_is_damaged(
    furnished: Furnished, mqtt: Connect
) -> None:
    node, _ = start(furnished, mqtt, {"i2c": BUS, "chip": CHIP})
    chip = json.dumps(CHIP)
    files = {
        "_order.json": '["i2c", # first\n "chip", "torn", "gone"]',
        "components/i2c.json": "/* mine */ " + json.dumps(BUS),
        "components/chip.json": "// mine\n" + chip,
        "components/torn.json": chip[:-3],
    }
    client = node.restart_with(files)
    rows = node.rows(client, 4)
    assert rows["torn"]["phase"] == "file" and "line 1" in rows["torn"]["errors"][0]
    assert rows["_order.json"]["errors"] == [
        '_order: there is no component "gone"; known are chip, i2c, torn'
    ]
    node.switch(client)
    for path in files:
        (node.flash / path).unlink()
    (node.flash / "components").rmdir()
    client = node.restart_with({"components.py": PROGRAM})
    rows = node.rows(client, 6)
    assert {name: row["phase"] for name, row in rows.items()} == {
        "i2c": "running",
        "chip": "running",
        "made": "running",
        "started": "start",
        "tried": "start",
        "components.py": "load",
    }
    assert rows["components.py"]["errors"] == ["KeyError: no more"]
    node.switch(client)
    client = node.restart_with(
        {"components.py": PROGRAM.replace("COMPONENTS =", "COMPONENTS = =")}
    )
    assert node.rows(client, 1)["components.py"]["phase"] == "file"

# SPDX-License-Identifier: MIT
"""One component loaded, unloaded and loaded anew over MQTT; what leaves, leaves Home Assistant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from desk import MQTT, RESTART_S, Desk, Furnished, wait_until

GUIDE = Path(__file__).parents[2] / "docs" / "configuration.md"

ANNOUNCED_S = 40  # an announcement waits up to 4.6 s


def chip(address: str, *names: str) -> dict[str, Any]:
    """Return the definition of a chip with one switch for each name."""
    pins = [{"pin": i, "type": "switch", "id": name} for i, name in enumerate(names)]
    args = {"i2c": "@i2c", "address": address, "pins": pins}
    return {"package": ".devices.mcp23017", "component": "MCP23017", "constructor_args": args}


COMPONENTS: dict[str, Any] = {
    "i2c": {
        "package": ".machine.i2c",
        "component": "I2C",
        "constructor_args": {"scl": 22, "sda": 21, "freq": 400000},
    },
    "hall": chip("0x20", "lamp", "bell"),
    "attic": chip("0x21", "fan"),
    "house": {
        "package": ".entities.table",
        "component": "Table",
        "constructor_args": {"rows": []},
    },
}


class Node:
    """A desk with the components above, and a client that sees all and asks."""

    def __init__(self, desk: Desk, client: MQTT) -> None:
        self.desk = desk
        self.client = client
        self.file = desk.state / "flash" / "components.json"
        self._id = 0

    def ask(self, command: str, component: str) -> tuple[str, str]:
        """Return (response, datavalue) of a request."""
        self._id += 1
        number = self._id
        request = {"id": number, "command": command, "component": component}
        self.client.publish(self.desk.base + "rpc/request", json.dumps(request))

        def found() -> tuple[str, str] | None:
            for message in self.client.of(self.desk.base + "rpc/response"):
                answer = json.loads(message.payload)
                if answer["id"] == number:
                    return answer["response"], answer["datavalue"]
            return None

        answer: tuple[str, str] = wait_until(found, what=f"answer to {command} {component}")
        return answer

    def define(self, **components: Any) -> None:
        """Change definitions; None takes one out."""
        stored = {**json.loads(self.file.read_text()), **components}
        self.file.write_text(json.dumps({n: d for n, d in stored.items() if d is not None}))

    def last(self, topic: str) -> str | None:
        """Return the last payload of a topic below the node."""
        messages = self.client.of(self.desk.base + topic)
        return messages[-1].payload if messages else None

    def expect(self, topic: str, payload: str) -> None:
        wait_until(lambda: self.last(topic) == payload, ANNOUNCED_S, f"{topic} {payload!r}")

    def discovery(self, component: str) -> list[str]:
        """Return all payloads of the device of a component."""
        end = f"/{component}/config"
        return [
            m.payload
            for m in self.client.messages
            if m.topic.startswith("homeassistant/device/") and m.topic.endswith(end)
        ]

    def rows(self) -> dict[str, Any]:
        return {row["name"]: row for row in json.loads(self.last("components") or "[]")}

    def restart(self) -> None:
        self.desk.restart_node(self.client)


@pytest.fixture
def node(furnished: Furnished) -> Node:
    desk, client = furnished(COMPONENTS)
    client.wait_for(desk.base + "attic/available", "online")
    return Node(desk, client)


def test_a_chip_is_unloaded_and_loaded_again_while_the_other_goes_on(node: Node) -> None:
    assert node.ask("UNLOAD", "i2c") == ('in use by "attic", "hall"', "0x00")
    assert node.ask("UNLOAD", "attic") == ("OK", "0x00")
    node.expect("attic/available", "")
    node.expect("attic/fan/state", "")
    wait_until(lambda: node.discovery("attic")[-1] == "", ANNOUNCED_S, "removal of the device")
    wait_until(lambda: sorted(node.rows()) == ["hall", "house", "i2c"])
    node.client.publish(node.desk.base + "hall/lamp/set", "ON")
    node.client.wait_for(node.desk.base + "hall/lamp/state", "ON")
    assert node.ask("LOAD", "attic") == ("OK", "0x01")
    node.expect("attic/available", "online")
    node.expect("attic/fan/state", "OFF")
    wait_until(lambda: node.discovery("attic")[-1], ANNOUNCED_S, "discovery of the device")
    node.client.publish(node.desk.base + "attic/fan/set", "ON")
    node.client.wait_for(node.desk.base + "attic/fan/state", "ON")
    assert node.desk.board.latch(0x21) & 1


def test_reload_takes_what_the_file_says_now_and_outputs_keep_their_levels(node: Node) -> None:
    node.client.publish(node.desk.base + "hall/lamp/set", "ON")
    node.client.wait_for(node.desk.base + "hall/lamp/state", "ON")
    node.define(hall=chip("0x20", "lamp", "door"))
    assert node.ask("RELOAD", "hall") == ("OK", "0x01")
    node.expect("hall/door/state", "OFF")
    node.expect("hall/bell/state", "")
    node.expect("hall/lamp/state", "ON")
    assert node.desk.board.latch(0x20) & 1
    wait_until(lambda: "hall_door" in node.discovery("hall")[-1], ANNOUNCED_S, "discovery")
    before, removal, now = (json.loads(p)["cmps"] for p in node.discovery("hall"))
    assert set(before) == {"hall_lamp", "hall_bell"}
    assert removal == {"hall_bell": {"p": "switch"}}
    assert set(now) == {"hall_lamp", "hall_door"}
    node.define(hall=chip("0x20", "lamp", "a b"))
    response, value = node.ask("RELOAD", "hall")
    assert (response, value) == ("OK", "0x01"), "a fault of a row costs the row"
    wait_until(lambda: "pins[1].id" in node.rows()["hall"].get("errors", [""])[0])


def test_what_leaves_the_configuration_between_two_starts_is_removed(node: Node) -> None:
    node.define(attic=None, hall=chip("0x20", "lamp"))
    node.restart()
    node.expect("attic/fan/state", "")
    node.expect("attic/available", "")
    node.expect("hall/bell/state", "")
    assert node.discovery("attic") == [""]
    assert json.loads(node.discovery("hall")[0])["cmps"] == {"hall_bell": {"p": "switch"}}
    assert set(json.loads(node.discovery("hall")[-1])["cmps"]) == {"hall_lamp"}
    node.restart()
    assert node.discovery("attic") == [] and len(node.discovery("hall")) == 1


# What `mip install aiorepl` brings, as far as the node can tell: a coroutine that runs lines.
REPL = """
import asyncio

{imports}


async def task():
    while not Node.running.settled:
        await asyncio.sleep_ms(20)
    {line}
    Node.running.log.warn("repl", "done")
"""


def test_the_guide_tells_what_to_type_at_a_repl_beside_the_node(furnished: Furnished) -> None:
    _, _, rest = GUIDE.read_text().partition("REPL that runs beside the node (the component\n`")
    component, _, rest = rest.partition("`")
    lines = rest.split("```")[1].strip().splitlines()
    assert lines[-1] == 'await reload(Node.running, "board1")'
    repl = REPL.format(imports="\n".join(lines[:-1]), line=lines[-1])
    parts = {"i2c": COMPONENTS["i2c"], "board1": chip("0x20", "lamp")}
    desk, client = furnished({**parts, "repl": json.loads(component)}, {"aiorepl.py": repl})
    wait_until(lambda: "repl: done" in desk.log, RESTART_S, "the last line")
    assert " died " not in desk.log
    begin, _, end = desk.log.partition("board1: unloaded")
    assert "board1: .devices.mcp23017 runs" in begin and "board1: .devices.mcp23017 runs" in end
    client.wait_for(desk.base + "board1/available", "online", ANNOUNCED_S)

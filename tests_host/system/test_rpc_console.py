# SPDX-License-Identifier: MIT
"""Requests with answers over a real broker, and the text console over real sockets."""

from __future__ import annotations

import json
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from desk import LIMIT_S, MQTT, RESTART_S, Desk, Furnished, wait_until
from yard.sim.ports import keep_port

KEY = "correct horse"
ANSWER_S = 2.0
OK = "OK"


def components(port: int) -> dict[str, Any]:
    """Return a node with two chips and a console."""
    rows = [
        {"pin": 0, "type": "switch", "name": "Pump", "id": "pump"},
        {"pin": 1, "type": "switch", "id": "low", "invert": True},
        {"pin": 3, "type": "output"},
        {"pin": 8, "type": "binary_sensor", "id": "button", "invert": True},
    ]
    chip = {"package": ".devices.mcp23017", "component": "MCP23017"}
    return {
        "i2c": {
            "package": ".machine.i2c",
            "component": "I2C",
            "constructor_args": {"scl": 22, "sda": 21, "freq": 400000},
        },
        "chip20": {**chip, "constructor_args": {"i2c": "@i2c", "address": "0x20", "pins": rows}},
        "chip21": {**chip, "constructor_args": {"i2c": "@i2c", "address": "0x21", "pins": []}},
        "console": {
            "package": ".network.console",
            "component": "Console",
            "constructor_args": {"port": port, "key": KEY, "idle": 10},
        },
    }


class Node:
    """A desk with the components above, and a client that asks."""

    def __init__(self, desk: Desk, client: MQTT, port: int) -> None:
        self.desk = desk
        self.client = client
        self.port = port
        self._id = 0

    def ask(self, command: str, **fields: Any) -> dict[str, Any]:
        """Return the answer to a request."""
        return self.answers(self.send(command, **fields), 1)[0]

    def send(self, command: str, retain: bool = False, **fields: Any) -> int:
        self._id += 1
        payload = json.dumps({"id": self._id, "command": command, **fields})
        self.client.publish(self.desk.base + "rpc/request", payload, retain=retain)
        return self._id

    def answers(self, number: int, count: int) -> list[dict[str, Any]]:
        """Return the answers to the request `number`."""

        def found() -> list[dict[str, Any]] | None:
            messages = self.client.of(self.desk.base + "rpc/response")
            assert not any(message.retained for message in messages)
            own = [a for a in map(json.loads, (m.payload for m in messages)) if a["id"] == number]
            return own if len(own) >= count else None

        answers: list[dict[str, Any]] = wait_until(found, what=f"answer to request {number}")
        return answers

    def reply(self, command: str, pin: Any = None, **fields: Any) -> tuple[str, str]:
        """Return response and datavalue of a request for the first chip."""
        if pin is not None:
            fields["pin"] = pin
        answer = self.ask(command, **{"board": "0x20", **fields})
        assert answer["command"] == command
        return answer["response"], answer["datavalue"]

    def direction(self, pin: int) -> int:
        registers = self.desk.board.chip(0x20)["registers"]
        return int(registers["IODIRA"] | registers["IODIRB"] << 8) >> pin & 1

    def restart(self) -> None:
        self.desk.restart_node(self.client)


@pytest.fixture
def node(furnished: Furnished) -> Iterator[Node]:
    with keep_port() as keeper:
        port = keeper.getsockname()[1]
        yield Node(*furnished(components(port)), port)


# -- requests -------------------------------------------------------------------------------


def test_each_request_is_carried_out_and_answered(node: Node) -> None:
    board = node.desk.board
    pump = node.desk.base + "chip20/pump/state"
    for address, there in ((0x20, "0x01"), (0x21, "0x01"), (0x27, "0x00")):
        assert node.reply("IDENTIFY", board=address) == (OK, there)
    node.client.clear()
    assert node.reply("SETPIN", "0x0") == (OK, "0x01")
    assert board.latch(0x20) & 1 == 1
    node.client.wait_for(pump, "ON")
    assert node.reply("GETPIN", 0) == (OK, "0x01")
    assert node.reply("CLRPIN", "0") == (OK, "0x00")
    assert board.latch(0x20) & 1 == 0
    node.client.wait_for(pump, "OFF")
    assert node.reply("GETDBIT", 8) == (OK, "0x01")
    assert node.reply("GETDBIT", 0) == (OK, "0x00")
    assert node.reply("GETDIRREG", reg=1) == (OK, "0x7f")
    board.drive(0x20, 8, 0)
    assert node.reply("GETIOREG", reg="1") == (OK, "0x7e")
    changes = board.chip(0x20)["latch_changes"]
    assert node.reply("TOGGLE", 3) == (OK, "0x01")
    assert node.reply("PULSE", 0, ms=50) == (OK, "0x01")
    wait_until(lambda: board.chip(0x20)["latch_changes"] >= changes + 4, what="end of both pulses")
    assert board.latch(0x20) == 0b10


def test_a_request_that_fails_says_why(node: Node) -> None:
    response, value = node.reply("SETPIN", 16, board="0x29")
    assert (response, value) == (
        "board: 0x29 is no MCP23017 (0x20 to 0x27); pin: 16 is no pin (0 to 15)",
        "0x00",
    )
    assert node.reply("SETPIN", 8)[0] == "8 is an input, which cannot be set"
    node.desk.board.power(0x20, False)
    node.client.wait_for(node.desk.base + "chip20/available", "offline")
    assert node.reply("SETPIN", 0, ttl=100) == ("expired", "0x00")
    assert node.reply("GETPIN", 0) == ("0x20 does not answer", "0x00")


def test_a_retained_request_is_refused(node: Node) -> None:
    topic = node.desk.base + "rpc/request"
    node.client.publish(
        topic, '{"id": "old", "command": "SETPIN", "board": 32, "pin": 0}', 1, True
    )
    # With a subscription that stands, the broker passes it on as a fresh message.
    wait_until(lambda: node.desk.board.latch(0x20) & 1, what="the fresh message")
    assert node.reply("CLRPIN", 0) == (OK, "0x00")
    node.restart()
    assert node.reply("GETPIN", 0) == (OK, "0x00")
    answers = node.client.of(node.desk.base + "rpc/response")
    assert [json.loads(answer.payload)["id"] for answer in answers] == [2]
    node.client.wait_for(f"home/log/warn/{node.desk.node}")
    node.client.publish(topic, "", 1, True)


def test_the_bus_and_the_pin_tables_are_listed(node: Node) -> None:
    answer = node.ask("SCAN")
    assert answer["found"] == ["0x20", "0x21"]
    assert answer["table"].splitlines()[3].startswith("20: 20 21 --")
    number = node.send("PINS")
    answers = node.answers(number, 2)
    assert [(a["name"], a["board"], a["left"]) for a in answers] == [
        ("chip20", "0x20", 1),
        ("chip21", "0x21", 0),
    ]
    for answer in answers:
        assert answer["response"] == OK
        assert [row["pin"] for row in answer["rows"]] == list(range(16))
    assert answers[0]["rows"][0] == {
        "pin": 0,
        "key": "chip20/pump",
        "name": "Pump",
        "function": "switch",
        "direction": "out",
        "state": "OFF",
        "age": None,
    }


def test_directions_survive_a_restart_without_a_click(node: Node) -> None:
    assert node.reply("CLRDBIT", 12) == (OK, "0x00")
    assert node.reply("SETPIN", 12) == (OK, "0x01")
    assert node.reply("SETDBIT", 3) == (OK, "0x01")
    kept = node.desk.state / "flash" / "kept.json"
    wait_until(lambda: kept.exists() and "[" in kept.read_text(), what="directions on the flash")
    # The last of them follows after a pause that spares the flash.
    wait_until(lambda: json.loads(kept.read_text())["directions chip20"][1] == 0x1008)
    changes = node.desk.board.chip(0x20)["latch_changes"]
    node.restart()
    assert node.direction(12) == 0 and node.direction(3) == 1
    assert node.desk.board.latch(0x20) >> 12 & 1 == 1
    assert node.desk.board.chip(0x20)["latch_changes"] == changes
    assert node.reply("CLRPIN", 12) == (OK, "0x00")


def test_directions_are_forgotten_when_components_json_changes(node: Node) -> None:
    assert node.reply("CLRDBIT", 12) == (OK, "0x00")
    kept = node.desk.state / "flash" / "kept.json"
    wait_until(lambda: kept.exists() and "[" in kept.read_text(), what="directions on the flash")
    changed = components(node.port)
    changed["chip20"]["constructor_args"]["pins"][0]["name"] = "Other pump"
    (node.desk.state / "flash" / "components.json").write_text(json.dumps(changed))
    node.restart()
    wait_until(lambda: node.direction(12) == 1)
    assert node.reply("SETPIN", 12)[0] == "12 is an input, which cannot be set"


# -- console --------------------------------------------------------------------------------


class Terminal:
    """A client of the console."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        # What the other side may send without being read, as far as it is for us to say.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self._socket.settimeout(LIMIT_S)
        self._socket.connect(("127.0.0.1", port))
        self._text = self._socket.makefile("r", encoding="utf-8", newline="\n")

    def send(self, data: str | bytes) -> None:
        self._socket.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self) -> str | None:
        """Return the next line, None at the end."""
        try:
            line = self._text.readline()
        except ConnectionError:
            return None
        return line.strip() if line else None

    def ask(self, text: str) -> str | None:
        """Return the first line of the answer to a command."""
        self.send(text + "\n")
        return self.line()

    def log_in(self) -> Terminal:
        assert self.line() == "key?"
        self.send(KEY + "\n")
        return self

    def close(self) -> None:
        self._text.close()
        self._socket.close()


@pytest.fixture
def terminal(node: Node) -> Iterator[Callable[[], Terminal]]:
    """Function that connects to the console."""
    terminals: list[Terminal] = []

    def connect() -> Terminal:
        terminals.append(Terminal(node.port))
        return terminals[-1]

    yield connect
    for one in terminals:
        one.close()


def test_two_clients_work_side_by_side(node: Node, terminal: Callable[[], Terminal]) -> None:
    one, two = terminal().log_in(), terminal().log_in()
    assert two.ask("watch all") == "OK"
    assert one.ask("on chip20/pump") == "OK"
    assert two.line() == "chip20.0 on chip20/pump"
    assert node.desk.board.latch(0x20) & 1 == 1
    node.client.publish(node.desk.base + "chip20/pump/set", "OFF")
    assert two.line() == "chip20.0 off chip20/pump"
    assert one.ask("read chip20.0") == "off"


def test_clients_that_mean_no_good_hold_up_nothing(
    node: Node, terminal: Callable[[], Terminal]
) -> None:
    # Again if the computer stalled.
    assert any(slowest_under_attack(node, terminal) < ANSWER_S for _ in range(3))


def slowest_under_attack(node: Node, terminal: Callable[[], Terminal]) -> float:
    """Return the longest time that a command took meanwhile, in s."""
    long = terminal()
    long.send(b"x" * 10_000)
    deaf = terminal().log_in()
    deaf.send("pins\nstats\n" * 200)
    slowest = switch_for(node, 3)
    noise = random.Random(4)
    for _ in range(5):
        try:
            terminal().send(noise.randbytes(2000))
        except ConnectionError:
            continue
    slowest = max(slowest, switch_for(node, 2))
    print(f"a command took {slowest:.2f} s")
    # Both places are free again: one after its long line, the other because it does not read.
    wells = [wait_until(lambda: asked(terminal), RESTART_S, "a place for one") for _ in range(2)]
    for one in wells:
        one.close()
    return slowest


def asked(terminal: Callable[[], Terminal]) -> Terminal | None:
    """Return a client that is let in, None if there is no place."""
    one = terminal()
    if one.line() == "key?":
        return one
    one.close()
    return None


def switch_for(node: Node, seconds: float) -> float:
    """Switch by MQTT for a while; return the longest time until a state was published."""
    topic = node.desk.base + "chip20/pump/"
    end = time.monotonic() + seconds
    slowest = 0.0
    while time.monotonic() < end:
        for word in ("ON", "OFF"):
            node.client.clear()
            start = time.monotonic()
            node.client.publish(topic + "set", word)
            slowest = max(slowest, node.client.wait_for(topic + "state", word).time - start)
    return slowest


def test_wrong_keys_get_nowhere(node: Node, terminal: Callable[[], Terminal]) -> None:
    one = terminal()
    for _ in range(3):
        assert one.line() == "key?"
        assert one.ask("on chip20.0") == "wrong"
    assert one.line() is None
    assert node.desk.board.latch(0x20) & 1 == 0
    node.client.wait_for(f"home/log/warn/{node.desk.node}")


pytestmark = pytest.mark.skipif(
    "MQTT_AS_PATH" in os.environ, reason="nothing here depends on the client"
)

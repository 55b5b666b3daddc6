# SPDX-License-Identifier: MIT
"""`yard update` against real mosquitto and a scripted node: what is lost, refused, not there."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import hmac
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from desk import MQTT, YARD, yard_after
from mosquitto import Mosquitto
from terminal import Terminal, check_secrets_stay_hidden, with_errors
from yard.broker_options import PASSWORD_VARIABLE
from yard.compile.firmware import read_sources
from yard.compile.shorten import Shortener
from yard.fault import Fault
from yard.places import FIRMWARE
from yard.update import sender
from yard.update.offer import Offer
from yard.update.sender import Result, Sender, Show

KEY = "a key of this test"
BASE = "home/hall/"
FILES = {"main.py": b"new main" * 40, "node/a.mpy": b"x" * 300, "boot.py": b"never"}
PART = 128


class Node:
    """Asks for every file of an offer. loses: whether the answer to message n gets lost."""

    def __init__(self, port: int, loses: Callable[[int], bool] = lambda _: False) -> None:
        self.received: dict[int, bytes] = {}
        self.offers: list[dict[str, Any]] = []
        self._loses = loses
        self._count = 0
        self._answer: dict[str, Any] = {"phase": "idle"}
        self.mqtt = MQTT(port)
        self.mqtt.client.on_message = lambda _c, _d, message: self._take(message.payload)
        self.mqtt.connect()
        self.mqtt.subscribe(BASE + "update/data/set")
        self.mqtt.publish(BASE + "available", "online", retain=True)
        self.tell(**self._answer)

    def tell(self, **answer: Any) -> None:
        self._answer = answer
        self.mqtt.client.publish(BASE + "update/data/state", json.dumps(answer), 0, True)

    def _take(self, message: bytes) -> None:
        self._count += 1
        if message.startswith(b"{"):
            self._begin(json.loads(message))
            return
        head, _, part = message.partition(b"\n")
        number, file, offset = map(int, head.split())
        wanted = (self._answer.get("id"), self._answer.get("file"), self._answer.get("offset"))
        if (number, file, offset) == wanted:
            self.received[file] = self.received.get(file, b"") + part
            self._answer = self._next(number)
        if not self._loses(self._count):
            self.tell(**self._answer)

    def _begin(self, offer: dict[str, Any]) -> None:
        self.offers.append(offer)
        self.sizes = [offer["size"]]
        self.received = {}
        self.tell(**self._next(offer["id"]))

    def _next(self, number: int) -> dict[str, Any]:
        if len(self.received.get(0, b"")) == self.sizes[0]:
            rows = self.received[0].decode().splitlines()
            self.sizes[1:] = [int(row.split()[0]) for row in rows]
        for file, size in enumerate(self.sizes):
            offset = len(self.received.get(file, b""))
            if offset < size:
                return {"id": number, "file": file, "offset": offset, "part": PART}
        return {"id": number, "phase": "done"}

    def close(self) -> None:
        self.mqtt.close()


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a computer that stalls be no reason to offer something again, or to give up."""
    monkeypatch.setattr(sender, "_PRESENT_S", 30)
    monkeypatch.setattr(sender, "_ANSWER_S", 30)


@pytest.fixture
def node(broker: Mosquitto) -> Iterator[Callable[..., Node]]:
    nodes: list[Node] = []

    def start(**options: Any) -> Node:
        nodes.append(Node(broker.port, **options))
        return nodes[-1]

    yield start
    for running in nodes:
        running.close()


def send(port: int, show: Show = lambda *_: None) -> Result:
    async def conversation() -> Result:
        async with aiomqtt.Client("127.0.0.1", port) as client:
            updating = Sender(client, BASE, show)
            await updating.find()
            return await updating.update(Offer.of("2.0", FILES), KEY, 60)

    return asyncio.run(conversation())


def arrived(node: Node) -> dict[str, bytes]:
    """Return the content of each file of the manifest that arrived."""
    rows = node.received[0].decode().splitlines()
    return {row.split()[2]: node.received[i] for i, row in enumerate(rows, 1)}


def test_all_files_but_boot_py_arrive_as_they_are(
    broker: Mosquitto, node: Callable[..., Node]
) -> None:
    running = node()
    send(broker.port)
    assert arrived(running) == {path: FILES[path] for path in ("main.py", "node/a.mpy")}
    for row in running.received[0].decode().splitlines():
        size, digest, path = row.split()
        assert int(size) == len(FILES[path])
        assert digest == hashlib.sha256(FILES[path]).hexdigest()


def test_the_offer_is_signed_for_this_node(broker: Mosquitto, node: Callable[..., Node]) -> None:
    running = node()
    send(broker.port)
    (offer,) = running.offers
    text = f"hall {offer['id']} 60 {offer['size']} {offer['sha256']} 2.0"
    assert offer["mac"] == hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
    assert offer["sha256"] == hashlib.sha256(running.received[0]).hexdigest()


def test_what_is_lost_is_sent_again(
    broker: Mosquitto, node: Callable[..., Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "_ANSWER_S", 0.2)
    running = node(loses=lambda count: count % 3 == 0)
    send(broker.port)
    assert set(arrived(running)) == {"main.py", "node/a.mpy"}


def test_while_the_node_tries_it_a_person_sees_how_long_that_may_take(
    broker: Mosquitto, node: Callable[..., Node]
) -> None:
    running = node()
    going, told = running._next, []

    def next_or_restart(number: int) -> dict[str, Any]:
        answer = going(number)
        return {"id": number, "phase": "restart"} if "phase" in answer else answer

    def show(text: str, _part: float | None) -> None:
        told.append(text)
        if "restart" in text:
            running.tell(id=running.offers[-1]["id"], phase="done")

    running._next = next_or_restart  # type: ignore[method-assign]
    assert send(broker.port, show).changed
    assert told[-1] == "the node restarts and tries it, up to 210 s, then it goes back"


def test_a_node_that_starts_anew_is_offered_it_again(
    broker: Mosquitto, node: Callable[..., Node]
) -> None:
    running = node()
    going = running._next
    started: list[int] = []

    def next_but_once(number: int) -> dict[str, Any]:
        if running.received.get(1) and not started:
            started.append(number)
            return {"phase": "idle"}
        return going(number)

    running._next = next_but_once  # type: ignore[method-assign]
    send(broker.port)
    assert [offer["id"] for offer in running.offers] == [started[0], started[0] + 1]
    assert set(arrived(running)) == {"main.py", "node/a.mpy"}


def test_a_clock_that_is_behind_does_not_matter(
    broker: Mosquitto, node: Callable[..., Node]
) -> None:
    running = node()
    begin = running._begin
    newest = 1 << 40

    def begin_later(offer: dict[str, Any]) -> None:
        if offer["id"] <= newest:
            running.tell(id=offer["id"], error="not newer", newest=newest)
        else:
            begin(offer)

    running._begin = begin_later  # type: ignore[method-assign]
    send(broker.port)
    assert [offer["id"] for offer in running.offers] == [newest + 1]


@pytest.mark.parametrize(
    "wanted", [{"file": 9, "offset": 0}, {"file": 0, "offset": 10**6}, {"file": -1, "offset": 0}]
)
def test_a_node_that_asks_for_nonsense_gets_nothing(
    broker: Mosquitto, node: Callable[..., Node], wanted: dict[str, int]
) -> None:
    running = node()
    running._next = lambda number: {"id": number, "part": PART, **wanted}  # type: ignore[method-assign]
    with pytest.raises(Fault, match="which is not there"):
        send(broker.port)


def test_what_the_node_says_is_told(broker: Mosquitto, node: Callable[..., Node]) -> None:
    running = node()
    running._next = lambda number: {"id": number, "error": "the flash is full"}  # type: ignore[method-assign]
    with pytest.raises(Fault, match="the node says: the flash is full"):
        send(broker.port)


def test_what_a_newer_firmware_calls_of_an_older_switch_keeps_its_name() -> None:
    shortened = Shortener(read_sources(FIRMWARE)).shortened("node.switch")
    functions = {
        node.name for node in ast.parse(shortened).body if isinstance(node, ast.FunctionDef)
    }
    assert {"boot", "state", "head", "confirm"} <= functions


# -- the command line -----------------------------------------------------------------------


def yard_update(port: int, *arguments: str, key: str | None = KEY) -> tuple[int, str]:
    environment = {k: v for k, v in os.environ.items() if k != "YARD_UPDATE_KEY"}
    if key is not None:
        environment["YARD_UPDATE_KEY"] = key
    done = subprocess.run(
        [*YARD, "update", "--port", str(port), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


def test_a_node_that_is_not_there_is_one_line(broker: Mosquitto) -> None:
    assert yard_update(broker.port, "hall") == (1, "yard: hall is not online below home/hall/\n")


def test_a_key_is_needed(broker: Mosquitto, tmp_path: Path) -> None:
    status, told = yard_update(broker.port, "hall", key=None)
    assert status == 1
    assert "set YARD_UPDATE_KEY" in told
    status, told = yard_update(broker.port, "hall", key="short")
    assert (status, told.count("\n")) == (1, 1)
    assert "at least 16 characters" in told and "short" not in told


def test_the_key_may_be_in_a_file(broker: Mosquitto, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("short\n")
    status, told = yard_update(broker.port, "hall", "--key-file", str(tmp_path / "key"), key=None)
    assert status == 1
    assert "at least 16 characters" in told


def test_what_is_secret_is_asked_for_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("YARD_UPDATE_KEY", PASSWORD_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    command = [*YARD, "update", "hall", "--port", "1", "--user", "me"]
    questions = ["Password of me: ", "UPDATE_KEY of the node: "]
    check_secrets_stay_hidden(command, questions, "at least 16 characters")


def test_the_bar_shows_how_far_the_node_is(
    broker: Mosquitto, node: Callable[..., Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node asks for one and the same part until its percentage has been seen."""
    running = node()
    answer = {"file": 0, "offset": 0, "part": PART, "percent": 0}
    running._next = lambda number: {"id": number, **answer}  # type: ignore[method-assign]
    monkeypatch.setenv("YARD_UPDATE_KEY", KEY)
    quick = yard_after(
        "import yard.update.run, yard.update.sender\n"
        "yard.update.run.firmware_files = lambda _: {'main.py': b'new'}\n"
        "yard.update.sender._PRESENT_S = 30\n"
        "yard.update.sender._ANSWER_S = 0.5"
    )
    terminal = Terminal(with_errors([*quick, "update", "hall", "--port", str(broker.port)]))
    try:
        for percent in (12, 37, 62):
            answer["percent"] = percent
            terminal.wait_for(f"{percent}%")
        running._next = lambda number: {"id": number, "phase": "done"}  # type: ignore[method-assign]
        terminal.wait_for("hall has these files already")
    finally:
        terminal.close()

# SPDX-License-Identifier: MIT
"""`yard config` against real mosquitto and a scripted node: what is lost, damaged, not there."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desk import MQTT, YARD, yard_after
from mosquitto import Mosquitto
from yard.config.proposal import Proposal, TakingBack

# Waits for a node that a computer which stalls cannot keep waiting for too long; a piece that got
# lost is asked for again as soon as ever.
PATIENT = yard_after(
    "import yard.config.remote, yard.rpc, yard.update.sender\n"
    "yard.rpc._RETAINED_S = 4\n"
    "yard.config.remote._RETAINED_S = yard.update.sender._PRESENT_S = 20\n"
    "yard.update.sender._ANSWER_S = 30"
)
KEY = "a key of this test"
BASE = "home/hall/config/"
TEXT = json.dumps({f"c{n}": {"package": "json", "component": "loads"} for n in range(20)}).encode()


class Node:
    """Has a configuration and answers as a node does, at once.

    loses: whether request number n (from 1) for a piece gets no answer. digest: what it tells of
    the text. answer: to each proposal, with its id.
    """

    def __init__(
        self,
        port: int,
        text: bytes = TEXT,
        loses: Callable[[int], bool] = lambda _: False,
        digest: str | None = None,
        answer: dict[str, Any] | None = None,
    ) -> None:
        self.offers: list[dict[str, Any]] = []
        self._text = text
        self._loses = loses
        self._answer = answer or {"phase": "done"}
        self._asked = 0
        self.mqtt = MQTT(port)
        self.mqtt.client.on_message = lambda _c, _d, m: self._take(m.topic, m.payload)
        self.mqtt.connect()
        self.mqtt.subscribe(BASE + "+/set")
        running = {"file": "components.json", "size": len(text), "seconds": 10, "last": []}
        running["sha256"] = digest or hashlib.sha256(text).hexdigest()
        for topic, payload in (
            ("home/hall/available", "online"),
            (BASE + "running", json.dumps(running)),
            (BASE + "proposal/state", '{"phase": "idle"}'),
        ):
            self.mqtt.publish(topic, payload, retain=True)

    def _take(self, topic: str, message: bytes) -> None:
        publish = self.mqtt.client.publish
        if topic == BASE + "text/set":
            self._asked += 1
            at = int(message.split()[1])
            if not self._loses(self._asked):
                publish(BASE + "text/state", message + b"\n" + self._text[at : at + 512])
        elif message.startswith(b"{"):
            offer = json.loads(message)
            self.offers.append(offer)
            answer = json.dumps({"id": offer["id"], **self._answer})
            publish(BASE + "proposal/state", answer, 0, True)

    def close(self) -> None:
        self.mqtt.close()


@pytest.fixture
def node(broker: Mosquitto) -> Iterator[Callable[..., Node]]:
    nodes: list[Node] = []

    def start(**options: Any) -> Node:
        nodes.append(Node(broker.port, **options))
        return nodes[-1]

    yield start
    for running in nodes:
        running.close()


def yard_config(
    port: int, *arguments: str | Path, key: str | None = KEY, program: list[str] = PATIENT
) -> tuple[int, str, str]:
    """Return status, stdout and stderr."""
    environment = {k: v for k, v in os.environ.items() if k != "YARD_CONFIG_KEY"}
    done = subprocess.run(
        [*program, "config", *map(str, arguments), "--port", str(port)],
        env=environment | ({"YARD_CONFIG_KEY": key} if key is not None else {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.json"
    path.write_text('{"i2c": {"package": "json", "component": "loads"}}')
    return path


# -- reading --------------------------------------------------------------------------------


def test_a_text_arrives_whole_though_pieces_get_lost(
    broker: Mosquitto, node: Callable[..., Node]
) -> None:
    node(loses=lambda n: n == 2)
    assert yard_config(broker.port, "show", "hall") == (0, TEXT.decode() + "\n", "")


def test_a_script_gets_one_object(broker: Mosquitto, node: Callable[..., Node]) -> None:
    node()
    status, told, _ = yard_config(broker.port, "show", "--json")
    fields = json.loads(told)
    assert (status, fields["node"], fields["text"].encode()) == (0, "hall", TEXT)
    assert fields["sha256"] == hashlib.sha256(TEXT).hexdigest()


def test_a_text_that_is_not_the_one_that_was_told_of_is_no_text(
    broker: Mosquitto, node: Callable[..., Node]
) -> None:
    node(digest="0" * 64)
    status, _, fault = yard_config(broker.port, "show", "hall")
    assert status == 1
    assert fault == "yard: components.json of hall changed while it was read: try again\n"


def test_a_node_without_a_configuration_has_nothing_to_show(
    broker: Mosquitto, node: Callable[..., Node]
) -> None:
    node(text=b"")
    assert yard_config(broker.port, "show", "hall")[2] == "yard: hall has no components.json\n"
    status, _, fault = yard_config(broker.port, "show", "--last", "hall")
    assert (status, fault) == (1, "yard: hall has no components.json of before\n")


def test_a_difference_is_shown_and_told_by_the_status(
    broker: Mosquitto, node: Callable[..., Node], file: Path
) -> None:
    node()
    status, told, _ = yard_config(broker.port, "diff", file, "hall")
    assert status == 1
    assert told.startswith(f"--- hall\n+++ {file}\n")
    file.write_bytes(TEXT)
    assert yard_config(broker.port, "diff", file, "hall") == (0, "", "")
    status, told, _ = yard_config(broker.port, "diff", file, "hall", "--json")
    assert (status, json.loads(told)) == (0, {"node": "hall", "same": True, "diff": []})


def test_settings_are_not_compared_because_no_node_tells_them(
    broker: Mosquitto, node: Callable[..., Node], tmp_path: Path
) -> None:
    node()
    settings = tmp_path / "config.py"
    settings.write_text("NODE_NAME = 'x'\n")
    status, told, error = yard_config(broker.port, "diff", settings, "hall")
    assert (status, told) == (1, "")
    assert error == f"yard: {settings}: a node tells its components.json only, not its config.py\n"


# -- proposing ------------------------------------------------------------------------------


def test_a_proposal_is_signed_for_this_node_and_this_file(
    broker: Mosquitto, node: Callable[..., Node], file: Path
) -> None:
    running = node()
    assert yard_config(broker.port, "push", "--no-check", file, "hall")[0] == 0
    (offer,) = running.offers
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    signed = f"config hall {offer['id']} 10 {file.stat().st_size} {digest} components.json"
    mac = hmac.new(KEY.encode(), signed.encode(), hashlib.sha256).hexdigest()
    assert (offer["mac"], offer["version"], offer["seconds"]) == (mac, "components.json", 10)


def test_a_file_that_ends_in_py_is_proposed_as_config_py(tmp_path: Path) -> None:
    path = tmp_path / "hall.py"
    path.write_text("NODE_NAME = 'x'\n")
    assert Proposal.of_file(path).version == "config.py"


def test_taking_back_is_no_proposal_that_could_be_content(tmp_path: Path) -> None:
    fields = json.loads(TakingBack.of_name("config.py").message("hall", 7, 10, KEY))
    assert (fields["sha256"], fields["version"]) == ("last", "config.py")


def test_what_the_node_says_is_one_line(
    broker: Mosquitto, node: Callable[..., Node], file: Path
) -> None:
    node(answer={"error": "a: b\n\x1b[31mc"})
    status, told, fault = yard_config(broker.port, "push", "--no-check", file, "hall")
    assert (status, told) == (1, "")
    assert fault.startswith("yard: the node says: a: b")
    assert fault.count("\n") == 1 and "\x1b" not in fault


def test_components_with_faults_are_named_and_the_status_tells(
    broker: Mosquitto, node: Callable[..., Node], file: Path
) -> None:
    node(answer={"phase": "done", "failed": ["attic"]})
    status, told, fault = yard_config(broker.port, "push", "--no-check", file, "hall", "--json")
    assert (status, json.loads(told)["failed"]) == (1, ["attic"])
    assert "these components have faults: attic" in fault


def test_a_file_with_faults_is_not_sent(
    broker: Mosquitto, node: Callable[..., Node], file: Path
) -> None:
    running = node()
    file.write_text('{"i2c": {"package": ".machine.i3c", "component": "I2C"}}')
    status, _, fault = yard_config(broker.port, "push", file, "hall")
    assert status == 1
    assert "nothing was sent" in fault and f"{file}:1:" in fault
    assert running.offers == []


def test_files_that_no_node_takes_are_not_sent(broker: Mosquitto, file: Path) -> None:
    for content in (b"", b" " * 65537):
        file.write_bytes(content)
        status, _, fault = yard_config(broker.port, "push", file, "hall")
        assert status == 1
        assert f"{len(content)} bytes; a node takes 1 to 65536" in fault


# -- key and broker -------------------------------------------------------------------------


def test_a_key_comes_from_environment_or_file_and_is_long_enough(
    broker: Mosquitto, node: Callable[..., Node], file: Path, tmp_path: Path
) -> None:
    node()
    push = ("push", "--no-check", file, "hall")
    assert "set YARD_CONFIG_KEY" in yard_config(broker.port, *push, key=None)[2]
    assert "at least 16 characters" in yard_config(broker.port, *push, key="short")[2]
    (tmp_path / "key").write_text(KEY + "\n")
    key_file = ("--key-file", tmp_path / "key")
    assert yard_config(broker.port, *push, *key_file, key=None)[0] == 0


def test_a_node_that_is_not_there_is_a_fault(broker: Mosquitto, file: Path) -> None:
    for command in (("show",), ("diff", file), ("push", "--no-check", file), ("rollback",)):
        status, _, fault = yard_config(broker.port, *command, "hall", program=YARD)
        assert (status, fault) == (1, "yard: hall is not online below home/hall/\n")

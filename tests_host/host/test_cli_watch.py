# SPDX-License-Identifier: MIT
"""`yard watch` and `yard send` against real mosquitto."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desk import LIMIT_S, MQTT, YARD, wait_until, yard_after
from mosquitto import Mosquitto

Watch = Callable[..., "Watching"]


class Watching:
    """A running `yard watch`; collects what it prints."""

    def __init__(
        self, program: list[str], arguments: list[str], environment: dict[str, str]
    ) -> None:
        self.lines: list[str] = []
        self.told: list[str] = []
        self.process = subprocess.Popen(
            [*program, "watch", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        for stream, lines in (
            (self.process.stdout, self.lines),
            (self.process.stderr, self.told),
        ):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()

    def wait_told(self, text: str, times: int = 1) -> None:
        """Wait for a line on stderr."""
        wait_until(lambda: sum(text in line for line in self.told) >= times, what=text)

    def wait_line(self, text: str) -> str:
        """Wait for a line on stdout; returns it."""

        def found() -> list[str]:
            return [line for line in self.lines if text in line]

        return str(wait_until(found, what=text)[0])

    @staticmethod
    def _read(stream: Any, lines: list[str]) -> None:
        for line in stream:
            lines.append(line.rstrip("\n"))


@pytest.fixture
def client(broker: Mosquitto) -> Iterator[MQTT]:
    connected = MQTT(broker.port).connect()
    yield connected
    connected.close()


@pytest.fixture
def watch(broker: Mosquitto) -> Iterator[Watch]:
    watching: list[Watching] = []

    def start(
        *arguments: str,
        port: int = broker.port,
        program: list[str] = YARD,
        **environment: str,
    ) -> Watching:
        watching.append(Watching(program, ["--port", str(port), *arguments], environment))
        return watching[-1]

    yield start
    for process in (each.process for each in watching):
        process.kill()
        process.wait()


def test_shows_time_node_kind_subject_and_payload_of_each_message(
    client: MQTT, watch: Watch
) -> None:
    client.publish("home/desk/available", "online", retain=True)
    watching = watch()
    line = watching.wait_line("availability")
    assert line.split()[1:] == ["desk", "availability", "online", "retained"]

    client.publish("home/desk/chip20/out0/set", "ON")
    client.publish("home/desk/chip20/out0/state", "ON")
    client.publish("home/desk/chip20/available", "offline")
    client.publish("home/log/warn/desk", "command: too late")
    client.publish("home/desk/status", '{"uptime": 3, "version": "1.0"}')
    watching.wait_line("uptime")
    assert [line.split()[1:] for line in watching.lines[1:]] == [
        ["desk", "command", "chip20/out0", "ON"],
        ["desk", "state", "chip20/out0", "ON"],
        ["desk", "availability", "chip20", "offline"],
        ["desk", "log", "warn", "command:", "too", "late"],
        ["desk", "status", "uptime=3", "version=1.0"],
    ]


def test_retained_messages_come_in_the_order_of_their_topics(client: MQTT, watch: Watch) -> None:
    for pin in (10, 9, 0, 11, 1):
        client.publish(f"home/desk/chip20/out{pin}/state", "OFF", retain=True)
    # A broker on a computer that stalls takes longer than yard waits for the last of them.
    patient = yard_after("import yard.watch.run as watch; watch._RETAINED_S = 4")
    watching = watch(program=patient)
    watching.wait_line("out11")
    assert [line.split()[3] for line in watching.lines] == [
        f"chip20/out{pin}" for pin in (0, 1, 9, 10, 11)
    ]


def test_columns_are_aligned(client: MQTT, watch: Watch) -> None:
    watching = watch()
    watching.wait_told("watching")
    client.publish("home/desk/chip20/out0/state", "first")
    client.publish("home/desk/chip20/out15/set", "second")
    second = watching.wait_line("second")
    assert watching.wait_line("first").index("first") == second.index("second")


def test_one_node_is_watched_with_its_log_and_no_other(client: MQTT, watch: Watch) -> None:
    watching = watch("--node", "desk")
    watching.wait_told("watching")
    client.publish("home/attic/available", "online")
    client.publish("home/log/info/attic", "not seen")
    client.publish("home/log/info/desk", "seen")
    client.publish("home/desk/available", "last")
    watching.wait_line("last")
    assert [line.split()[1] for line in watching.lines] == ["desk", "desk"]


def test_payloads_cannot_control_the_terminal(client: MQTT, watch: Watch) -> None:
    watching = watch()
    watching.wait_told("watching")
    client.publish("home/desk/chip20/out0/state", "\x1b[2J\x07 [bold]x[/bold]")
    line = watching.wait_line("bold")
    assert line.endswith(r"\x1b[2J\x07 [bold]x[/bold]")


def test_a_record_of_several_lines_stays_in_its_column(client: MQTT, watch: Watch) -> None:
    watching = watch()
    watching.wait_told("watching")
    client.publish("home/log/error/desk", "died\nTraceback")
    column = watching.wait_line("died").index("died")
    assert watching.wait_line("Traceback") == " " * column + "Traceback"


def test_json_lines_for_scripts(client: MQTT, watch: Watch) -> None:
    watching = watch("--json")
    watching.wait_told("watching")
    client.publish("home/desk/chip20/out0/state", "ON")
    row = json.loads(watching.wait_line("chip20"))
    assert row.pop("time")
    assert row == {
        "topic": "home/desk/chip20/out0/state",
        "payload": "ON",
        "retained": False,
        "node": "desk",
        "kind": "state",
        "subject": "chip20/out0",
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_status_0(watch: Watch, number: int) -> None:
    watching = watch()
    watching.wait_told("watching")
    watching.process.send_signal(number)
    assert watching.process.wait(LIMIT_S) == 0


def test_waits_for_a_broker_that_is_not_there_and_outlives_its_restart(
    broker: Mosquitto, watch: Watch
) -> None:
    broker.stop()
    watching = watch()
    watching.wait_told("no broker at 127.0.0.1")
    broker.start()
    watching.wait_told("watching home/#")
    broker.stop()
    watching.wait_told("no broker at 127.0.0.1", times=2)
    broker.start()
    watching.wait_told("watching home/#", times=2)
    again = MQTT(broker.port).connect()
    again.publish("home/desk/available", "online")
    watching.wait_line("online")
    again.close()
    assert len(watching.told) == 4


def test_a_wrong_password_is_one_line_and_status_1(tmp_path: Path, watch: Watch) -> None:
    with Mosquitto(tmp_path, users={"anna": "right"}) as guarded:
        wrong = watch("--user", "anna", port=guarded.port, YARD_MQTT_PASSWORD="wrong")
        assert wrong.process.wait(LIMIT_S) == 1
        wrong.wait_told(f"the broker at 127.0.0.1:{guarded.port} refuses user anna")
        assert len(wrong.told) == 1
        right = watch("--user", "anna", port=guarded.port, YARD_MQTT_PASSWORD="right")
        right.wait_told("watching")


def test_a_password_is_never_an_option_and_needs_a_terminal_or_the_environment(
    watch: Watch,
) -> None:
    assert watch("--password", "x").process.wait(LIMIT_S) == 2
    asking = watch("--user", "anna")
    assert asking.process.wait(LIMIT_S) == 1
    asking.wait_told("set YARD_MQTT_PASSWORD")


def test_send_publishes_one_message(broker: Mosquitto, client: MQTT) -> None:
    client.subscribe("home/#")
    command = [*YARD, "send", "--port", str(broker.port), "home/desk/chip20/out0/set", "ON"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b""
    assert not client.wait_for("home/desk/chip20/out0/set", "ON").retained


@pytest.mark.parametrize(
    ("topic", "port", "says"),
    [
        ("home/+/set", None, "is no topic to publish to"),
        ("home/x/set", 1, "no broker at 127.0.0.1:1"),
    ],
)
def test_send_says_what_is_wrong(
    broker: Mosquitto, topic: str, port: int | None, says: str
) -> None:
    command = [*YARD, "send", "--port", str(port or broker.port), topic, "ON"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1

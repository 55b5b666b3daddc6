# SPDX-License-Identifier: MIT
"""A whole desk for a test: `yard sim --headless` with free ports, its board, an MQTT client."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as paho

YARD = [str(Path(sys.executable).with_name("yard"))]
READY_S = 35.0  # more than yard sim itself gives the node
STOP_S = 10.0
RESTART_S = 60.0  # the original mqtt_as watches Wi-Fi for 5 s before it connects


def wait_until(condition: Callable[[], Any], limit_s: float = 5.0, what: str = "") -> Any:
    """Return the first true value of `condition()`; fail when the time is over."""
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {limit_s:g} s: {what or condition}"
        time.sleep(0.01)


class BoardClient:
    """The HTTP interface of the simulated board."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> Any:
        return self._request("GET", path)

    def put(self, path: str, body: object) -> Any:
        return self._request("PUT", path, body)

    def post(self, path: str, body: object) -> Any:
        return self._request("POST", path, body)

    def chip(self, address: int) -> dict[str, Any]:
        """Return the row of one chip."""
        row: dict[str, Any] = self.get("/chips")["chips"][f"0x{address:02x}"]
        return row

    def latch(self, address: int) -> int:
        """Return the output latch of a chip, port B in the upper half."""
        registers = self.chip(address)["registers"]
        return int(registers["OLATA"] | registers["OLATB"] << 8)

    def drive(self, address: int, pin: int, level: int | None) -> None:
        """Put a level on an input; None lets it go."""
        self.put(f"/chips/0x{address:02x}/pins/{pin}", {"level": level})

    def power(self, address: int, on: bool) -> None:
        self.post(f"/chips/0x{address:02x}/power", {"on": on})

    def bus(self, **faults: object) -> None:
        """Set faults of the bus: `nack=[...]`, `stuck_sda=...`."""
        self.post("/bus", faults)

    def wifi(self, on: bool) -> None:
        self.post("/node", {"wifi": on})

    def reset_node(self) -> None:
        """Reset the node's chip; returns when the process is gone."""
        self.post("/node", {"reset": True})

    def _request(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()!r}") from error


class Message(NamedTuple):
    topic: str
    payload: str
    retained: bool
    time: float  # time.monotonic() of arrival


class MQTT:
    """A client that keeps what it is sent.

    port: of a broker on 127.0.0.1. options: of the paho client, such as `client_id`.
    """

    def __init__(self, port: int, **options: Any) -> None:
        self.messages: list[Message] = []
        self._connected = threading.Event()
        self._subscribed = threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, **options)
        self.client.on_message = self._on_message
        self.client.on_connect = lambda *_: self._connected.set()
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self._port = port

    def connect(self, keepalive: int = 60) -> MQTT:
        self.client.connect("127.0.0.1", self._port, keepalive)
        self.client.loop_start()
        assert self._connected.wait(5), "no answer of the broker"
        return self

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def subscribe(self, topic: str, qos: int = 1) -> None:
        """Subscribe; returns when the broker has acknowledged it."""
        self._subscribed.clear()
        self.client.subscribe(topic, qos)
        assert self._subscribed.wait(5), f"no acknowledgement for {topic}"

    def publish(self, topic: str, payload: str = "", qos: int = 1, retain: bool = False) -> None:
        """Publish; with QoS 1 it returns when the broker has the message."""
        self.client.publish(topic, payload, qos, retain).wait_for_publish(5)

    def clear(self) -> None:
        """Forget what has arrived."""
        self.messages.clear()

    def of(self, topic: str) -> list[Message]:
        """Return the messages of a topic, oldest first."""
        return [message for message in self.messages if message.topic == topic]

    def wait_for(self, topic: str, payload: str | None = None, timeout: float = 5.0) -> Message:
        """Return the first message of this topic and payload, there already or still to come."""

        def found() -> Message | None:
            for message in tuple(self.messages):
                if message.topic == topic and payload in (None, message.payload):
                    return message
            return None

        wanted = topic if payload is None else f"{topic} {payload!r}"
        try:
            message: Message = wait_until(found, timeout)
        except AssertionError:
            seen = "\n".join(f"  {m.topic} {m.payload!r}" for m in self.messages[-30:])
            raise AssertionError(f"no {wanted} within {timeout:g} s; seen:\n{seen}") from None
        return message

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        payload = message.payload.decode(errors="backslashreplace")
        arrived = time.monotonic()
        self.messages.append(Message(message.topic, payload, message.retain, arrived))


class Desk:
    """A running `yard sim --headless`.

    folder: for the state and the output. options: of `yard sim`. program: another command in place
    of `yard`. environment: variables in addition.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        program: list[str] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.state = folder / "state"
        self.home = "home"
        self._output = folder / "stdout"
        self._errors = folder / "stderr"
        ports = ["--port", "0", "--board-port", "0"]
        command = [*(program or YARD), "sim", "--headless", "--state", str(self.state)]
        with self._output.open("w") as output, self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [*command, *ports, *options],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env={**os.environ, **(environment or {})},
            )

    def wait_ready(self, limit_s: float = READY_S) -> Desk:
        """Wait for the ready line and take from it `mqtt_port`, `board` and `node`."""
        wait_until(lambda: self.output or self.process.poll() is not None, limit_s, "ready line")
        lines = self.output.splitlines()
        assert lines and lines[0].startswith("ready "), f"yard sim said: {self.errors}"
        ready = dict(word.split("=", 1) for word in lines[0].split()[1:])
        self.mqtt_port = int(ready["mqtt"].rpartition(":")[2])
        self.board = BoardClient(ready["board"])
        self.node = ready["node"]
        return self

    @property
    def base(self) -> str:
        """The beginning of the node's topics."""
        return f"{self.home}/{self.node}/"

    @property
    def output(self) -> str:
        """The complete lines on stdout."""
        text = self._output.read_text()
        return text[: text.rfind("\n") + 1]

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    @property
    def log(self) -> str:
        """What the node said on its serial console, and what happened to it."""
        path = self.state / "node.log"
        return path.read_text() if path.exists() else ""

    def restart_node(self, client: MQTT) -> None:
        """Reset the node's chip; returns when the node is online again, as `client` has seen."""
        client.clear()
        self.board.reset_node()
        client.wait_for(self.base + "available", "offline", RESTART_S)
        client.wait_for(self.base + "available", "online", RESTART_S)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


# Fixtures of system/conftest.py.
StartSim = Callable[..., Desk]
Connect = Callable[..., MQTT]
Furnished = Callable[..., tuple[Desk, MQTT]]

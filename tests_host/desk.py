# SPDX-License-Identifier: MIT
"""A whole desk for a test: `yard sim --headless` with free ports, its board, an MQTT client."""

from __future__ import annotations

import contextlib
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

from yard.sim.ports import keep_port

YARD = [str(Path(sys.executable).with_name("yard"))]
LIMIT_S = 30.0  # only what is broken takes so long, a computer may stall for some seconds
READY_S = 45.0  # more than yard sim itself gives the node
RESTART_S = 60.0  # the original mqtt_as watches Wi-Fi for 5 s before it connects


def yard_after(code: str) -> list[str]:
    """Return the command of a `yard` in whose Python `code` has run before, to change limits."""
    program = f"{code}\nfrom yard.cli import main\nmain()\n"
    return [sys.executable, "-P", "-c", program]


def wait_until(condition: Callable[[], Any], limit_s: float = LIMIT_S, what: str = "") -> Any:
    """Return the first true value of `condition()`; fail when the time is over."""
    deadline = time.monotonic() + limit_s
    while True:
        is_last = time.monotonic() > deadline  # asked first: the computer may stall after it
        value = condition()
        if value:
            return value
        assert not is_last, f"not within {limit_s:g} s: {what or condition}"
        time.sleep(0.01)


def let_commands_wait(folder: Path, ttl_ms: int = 1000 * int(LIMIT_S)) -> None:
    """Set how long a command may wait at the node of the desk in `folder`, before that starts.

    With the node's own 1.5 s one would expire while the computer stalls.
    """
    flash = folder / "state" / "flash"
    flash.mkdir(parents=True, exist_ok=True)
    with (flash / "credentials.py").open("a") as settings:
        settings.write(f"COMMAND_TTL_MS = {ttl_ms}\n")


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
            with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
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
        self._answered = threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, **options)
        self.client.on_message = self._on_message
        self.client.on_connect = lambda *_: self._connected.set()
        self.client.on_subscribe = self.client.on_unsubscribe = lambda *_: self._answered.set()
        self.client.reconnect_delay_set(1, 1)
        self._port = port

    def connect(self, keepalive: int = 60) -> MQTT:
        self.client.connect("127.0.0.1", self._port, keepalive)
        self.client.loop_start()
        assert self._connected.wait(LIMIT_S), "no answer of the broker"
        return self

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def subscribe(self, topic: str, qos: int = 1) -> None:
        """Subscribe; returns when all that the broker had retained there has come."""
        # The broker acknowledges first, and then sends what it retained. What it answers to
        # another request comes behind that.
        for request in (lambda: self.client.subscribe(topic, qos), self._ask_for_nothing):
            self._answered.clear()
            request()
            assert self._answered.wait(LIMIT_S), f"no acknowledgement for {topic}"

    def publish(self, topic: str, payload: str = "", qos: int = 1, retain: bool = False) -> None:
        """Publish; with QoS 1 it returns when the broker has the message."""
        sent = self.client.publish(topic, payload, qos, retain)
        sent.wait_for_publish(LIMIT_S)
        assert sent.is_published(), f"the broker does not take {topic}"

    def clear(self) -> None:
        """Forget what has arrived."""
        self.messages.clear()

    def of(self, topic: str) -> list[Message]:
        """Return the messages of a topic, oldest first."""
        return [message for message in self.messages if message.topic == topic]

    def wait_for(
        self,
        topic: str,
        payload: str | None = None,
        timeout: float = LIMIT_S,
        after: Message | None = None,
    ) -> Message:
        """Return the first message of this topic and payload, there already or still to come.

        after: only what came after this message counts.
        """
        start = 0 if after is None else self.messages.index(after) + 1

        def found() -> Message | None:
            for message in tuple(self.messages)[start:]:
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

    def _ask_for_nothing(self) -> None:
        self.client.unsubscribe("nothing")

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
        self._keeper = keep_port()  # `--port 0` would leave it to anybody until the broker listens
        ports = ["--port", str(self._keeper.getsockname()[1]), "--board-port", "0"]
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
        text = self._output.read_text(errors="replace")
        return text[: text.rfind("\n") + 1]

    @property
    def errors(self) -> str:
        return self._errors.read_text(errors="replace")

    @property
    def log(self) -> str:
        """What the node said on its serial console, and what happened to it."""
        # It is not there at first, and for a moment when the next run begins another one.
        with contextlib.suppress(FileNotFoundError):
            return (self.state / "node.log").read_text(errors="replace")
        return ""

    def restart_node(self, client: MQTT) -> None:
        """Reset the node's chip; returns when the node is online again, as `client` has seen."""
        client.clear()
        self.board.reset_node()
        # The message of before may have been on its way to the client.
        gone = client.wait_for(self.base + "available", "offline", RESTART_S)
        client.wait_for(self.base + "available", "online", RESTART_S, after=gone)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


# Fixtures of system/conftest.py.
StartSim = Callable[..., Desk]
Connect = Callable[..., MQTT]
Furnished = Callable[..., tuple[Desk, MQTT]]

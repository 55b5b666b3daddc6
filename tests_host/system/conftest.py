# SPDX-License-Identifier: MIT
"""What system tests stand on: a real broker, a whole desk, an MQTT client."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desk import MQTT, Desk, wait_until
from yard.sim.broker import find_mosquitto

_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note a failure for the fixtures, which then show what the node said."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


class Broker:
    """mosquitto on a port of its own, that can be stopped and started again."""

    def __init__(self, folder: Path, mosquitto: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._mosquitto = mosquitto
        self._settings = folder / "mosquitto.conf"
        self._settings.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns when it listens."""
        command = [self._mosquitto, "-c", str(self._settings)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_until(self._listens, 10, "mosquitto")

    def stop(self) -> None:
        """End it; what it retained is forgotten."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """mosquitto on a free port."""
    mosquitto = find_mosquitto()
    if mosquitto is None:
        pytest.fail("mosquitto is not installed: run make mosquitto")
    running = Broker(tmp_path, mosquitto)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def sim(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Desk]]:
    """Function that starts `yard sim --headless` with the given options; returns when it is ready.

    Each call has a folder of its own; `folder=` names an older one, to go on with its state.
    """
    desks: list[Desk] = []

    def start(*options: str, folder: Path | None = None, **arguments: Any) -> Desk:
        if folder is None:
            folder = tmp_path / f"desk{len(desks)}"
            folder.mkdir()
        desk = Desk(folder, *options, **arguments)
        desks.append(desk)
        return desk.wait_ready()

    yield start
    for desk in desks:
        desk.stop()
        if request.node.stash.get(_FAILED, False):
            print(f"--- node.log of {desk.state}\n{desk.log}\n--- stderr\n{desk.errors}")


@pytest.fixture
def mqtt() -> Iterator[Callable[..., MQTT]]:
    """Function that connects a client to a port and subscribes to topics."""
    clients: list[MQTT] = []

    def connect(port: int, *topics: str, **options: Any) -> MQTT:
        client = MQTT(port, **options).connect()
        clients.append(client)
        for topic in topics:
            client.subscribe(topic)
        return client

    yield connect
    for client in clients:
        client.close()

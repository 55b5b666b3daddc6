# SPDX-License-Identifier: MIT
"""What system tests stand on: a real broker, a whole desk, an MQTT client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from desk import MQTT, Desk
from mosquitto import Authority, SecureMosquitto

_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note a failure for the fixtures, which then show what the node said."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority, with a certificate for a broker on loopback."""
    return Authority(tmp_path / "authority")


@pytest.fixture
def secure_broker(tmp_path: Path, authority: Authority) -> Iterator[SecureMosquitto]:
    """mosquitto that speaks TLS on a free port."""
    running = SecureMosquitto(tmp_path, authority)
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


@pytest.fixture
def furnished(
    tmp_path: Path, sim: Callable[..., Desk], mqtt: Callable[..., MQTT]
) -> Callable[..., tuple[Desk, MQTT]]:
    """Function that starts a desk whose node has `components` (what is in components.json, or its
    text) and `flash` (name of a file to its text); returns it and a client that sees everything.
    """

    def start(components: object, flash: Mapping[str, str] | None = None) -> tuple[Desk, MQTT]:
        folder = tmp_path / "desk"
        files = folder / "state" / "flash"
        files.mkdir(parents=True)
        for name, text in (flash or {}).items():
            (files / name).write_text(text)
        file = tmp_path / "components.json"
        file.write_text(components if isinstance(components, str) else json.dumps(components))
        desk = sim("--components", str(file), folder=folder)
        client = mqtt(desk.mqtt_port, "#")
        client.wait_for(desk.base + "available", "online")
        return desk, client

    return start

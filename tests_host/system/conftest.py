# SPDX-License-Identifier: MIT
"""What system tests stand on: a real broker, a whole desk, an MQTT client."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from desk import MQTT, Desk, let_commands_wait, yard_after
from mosquitto import Authority, SecureMosquitto

_HERE = Path(__file__).parent
_FAILED = pytest.StashKey[bool]()
_TIMEOUT_S = 240  # only what is broken takes so long; each start of a desk is five processes
_READY_S = 180.0
# `yard sim` itself gives up earlier.
_PATIENT = yard_after(
    "import yard.sim.simulation as it\n"
    f"it._BROKER_S = {_READY_S / 3}\nit._ONLINE_S = {_READY_S / 2}"
)
_PATIENT_MS = 30000  # but where it is tested that commands expire


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder more time than others."""
    for item in items:
        if item.path.is_relative_to(_HERE) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_TIMEOUT_S))


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
    with SecureMosquitto(tmp_path, authority) as running:
        yield running


@pytest.fixture
def sim(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Desk]]:
    """Function that starts `yard sim --headless` with the given options; returns when it is ready.

    Each call has a folder of its own; `folder=` names an older one, to go on with its state.
    `ttl_ms=` is how long a command may wait at the node, None for what it is without a setting.
    """
    desks: list[Desk] = []

    def start(
        *options: str,
        folder: Path | None = None,
        ttl_ms: int | None = _PATIENT_MS,
        **arguments: Any,
    ) -> Desk:
        if folder is None:
            folder = tmp_path / f"desk{len(desks)}"
        if ttl_ms is not None:
            let_commands_wait(folder, ttl_ms)
        desk = Desk(folder, *options, program=_PATIENT, **arguments)
        desks.append(desk)
        return desk.wait_ready(_READY_S)

    def end(desk: Desk) -> None:
        try:
            desk.stop()
        finally:
            if request.node.stash.get(_FAILED, False):
                print(f"--- node.log of {desk.state}\n{desk.log}\n--- stderr\n{desk.errors}")

    with contextlib.ExitStack() as ending:  # all are ended, even if one cannot be
        yield start
        for desk in desks:
            ending.callback(end, desk)


@pytest.fixture
def mqtt() -> Iterator[Callable[..., MQTT]]:
    """Function that connects a client to a port and subscribes to topics."""
    clients: list[MQTT] = []

    def connect(port: int, *topics: str, **options: Any) -> MQTT:
        client = MQTT(port, **options)
        clients.append(client)
        client.connect()
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
    More is for `sim`.
    """

    def start(
        components: object, flash: Mapping[str, str] | None = None, **more: Any
    ) -> tuple[Desk, MQTT]:
        folder = tmp_path / "desk"
        files = folder / "state" / "flash"
        files.mkdir(parents=True)
        for name, text in (flash or {}).items():
            (files / name).write_text(text)
        file = tmp_path / "components.json"
        file.write_text(components if isinstance(components, str) else json.dumps(components))
        desk = sim("--components", str(file), folder=folder, **more)
        client = mqtt(desk.mqtt_port, "#")
        client.wait_for(desk.base + "available", "online")
        return desk, client

    return start

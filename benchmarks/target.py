# SPDX-License-Identifier: MIT
"""What is measured, as the measurements see it, and how its start is watched."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.board import SimulatedBoard
from benchmarks.load import Load
from benchmarks.process import Broken, Process

ONLINE_S = 60.0

_DISCOVERY = b"homeassistant/"
_POLL_S = 0.005
_QUIET_S = 0.3  # without a new announcement: there are no more


@dataclass(frozen=True)
class Topics:
    """How a target is spoken to.

    Attributes:
        outputs: (command topic, state topic) by number; outputs of a chip follow each other.
        states: subscription for all states.
        online: topic and payload by which it tells that it is there.
        announced: what its discovery messages contain, the beginning of its topics; empty when
            it has no discovery.
    """

    outputs: list[tuple[bytes, bytes]]
    states: bytes
    online: tuple[bytes, bytes]
    announced: bytes = b""


@dataclass(frozen=True)
class Startup:
    """How a target started: seconds from its process to online, and to announce its entities.

    Attributes:
        discovery_s: from the first to the last announcement; None without discovery.
        entities: that were announced.
    """

    online_s: float
    discovery_s: float | None
    entities: int


@dataclass
class Target:
    """A running target.

    Attributes:
        process: what is measured; the board is a process of its own.
        board: its board; None when it has no bus.
        startup: how it started.
    """

    name: str
    topics: Topics
    port: int
    process: Process
    board: SimulatedBoard | None
    startup: Startup
    resources: ExitStack

    def stop(self) -> None:
        """End its processes and remove its files."""
        self.resources.close()


class Watcher:
    """Sees a target start, from the side of the broker."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self.online_ns = 0
        self.announced_ns: list[int] = []
        self.entities = 0

    def on_message(self, topic: bytes, payload: bytes, now: int) -> None:
        """Take note of what tells something about the start."""
        if (topic, payload) == self._topics.online:
            self.online_ns = self.online_ns or now
        elif self._announces(topic, payload):
            self.announced_ns.append(now)
            self.entities += _entities(payload)

    async def wait(self, process: Process, expected: int) -> None:
        """Wait until the target is online and has announced `expected` entities."""
        deadline = time.monotonic() + ONLINE_S
        while not self.online_ns or self.entities < expected:
            process.check()
            if time.monotonic() > deadline:
                raise Broken(
                    f"not online with {expected} entities within {ONLINE_S:g} s: "
                    f"{self.entities} were announced{process.said()}"
                )
            await asyncio.sleep(_POLL_S)
        while time.monotonic_ns() - max([self.online_ns, *self.announced_ns]) < _QUIET_S * 1e9:
            await asyncio.sleep(_POLL_S)

    def _announces(self, topic: bytes, payload: bytes) -> bool:
        announced = self._topics.announced
        return bool(announced) and topic.startswith(_DISCOVERY) and announced in payload


def _entities(payload: bytes) -> int:
    """Return how many entities a discovery message announces, in either of its forms."""
    message = json.loads(payload)
    return len(message["cmps"]) if "cmps" in message else 1


Launch = Callable[[Path, SimulatedBoard], Process]


async def start(
    name: str, port: int, topics: Topics, chips: int, entities: int, launch: Launch
) -> Target:
    """Start a target with a board of its own and wait until it is online.

    Args:
        name: for people.
        port: of the broker.
        topics: how it is spoken to.
        chips: of its board; 0 for a target without a bus.
        entities: that it announces, at least.
        launch: starts the process, given a folder for its files and the board.

    Raises:
        Broken: it does not come online.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="switchyard-bench-")))
        board = SimulatedBoard(folder, chips)
        stack.callback(board.stop)
        watcher = Watcher(topics)
        load = await Load.connect(port, watcher.on_message, b"#", 0)
        stack.callback(load.close)
        started_ns = time.monotonic_ns()
        process = launch(folder, board)
        stack.callback(process.stop)
        await watcher.wait(process, entities)
        load.close()
        took = [ns - started_ns for ns in watcher.announced_ns]
        startup = Startup(
            (watcher.online_ns - started_ns) / 1e9,
            (max(took) - min(took)) / 1e9 if took else None,
            watcher.entities,
        )
        with_bus = board if chips else None
        return Target(name, topics, port, process, with_bus, startup, stack.pop_all())
    raise AssertionError("not reached")

# SPDX-License-Identifier: MIT
"""The world of a node whose memory is measured: its flash, its board, its broker and its user."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from pathlib import Path
from types import TracebackType

from benchmarks.load import Load, publish_packet
from benchmarks.probed import NodeFailed, Probed, Start
from yard.board import BoardServer
from yard.model.board import Board
from yard.sim import components, expanders, sensors
from yard.sim.broker import choose_broker
from yard.sim.child import Child
from yard.sim.ports import HOST, keep_port, wait_listening

FIRST_ADDRESS = 0x20

_HOME = "home"
_NODE = "memory"
_PREFIX = f"{_HOME}/{_NODE}/"
_BROKER_S = 30.0
_SETTINGS = f"""\
WIFI_SSID = "switchyard"
WIFI_PASSWORD = "any password will do"
MQTT_HOST = "{HOST}"
MQTT_PORT = {{port}}
MQTT_HOME = "{_HOME}"
NODE_ID = "{_NODE}"
"""


class MemoryNode:
    """A node from its start, without a broker, to its end. Use it with `async with`.

    Attributes:
        board: the model of its board.
        process: where its heap is asked about.
        payloads: latest payload by topic, from `online` on.
        states: number of states that came so far.
    """

    process: Probed

    def __init__(self, start: Start) -> None:
        self._start = start
        self.board = _board(start.components.encode())
        self.payloads: dict[str, bytes] = {}
        self.states = 0
        self._changed = asyncio.Event()
        self._exits = contextlib.AsyncExitStack()
        self._load: Load

    async def __aenter__(self) -> MemoryNode:
        try:
            await self._enter()
        except BaseException:
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._exits.aclose()

    async def _enter(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="memory-")
        self._folder = Path(self._exits.enter_context(folder))
        self._mqtt_port: int = self._exits.enter_context(keep_port()).getsockname()[1]
        flash, link = self._folder / "flash", self._folder / "link"
        flash.mkdir()
        # From a ROM file system nothing of it is seen here.
        rooms = ("components", "lib", "node") if self._start.firmware.is_dir() else ()
        for room in rooms:
            (flash / room).symlink_to(self._start.firmware / room)
        (flash / "config.py").write_text(
            _SETTINGS.format(port=self._mqtt_port) + self._start.settings
        )
        (flash / "components.json").write_text(self._start.components)
        board = BoardServer(self.board, 0, str(link), lambda: None, lambda: None)
        await board.start()
        self._exits.push_async_callback(board.stop)
        asked_for_broker = asyncio.Event()

        def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()
            asked_for_broker.set()

        server = await asyncio.start_server(accept, HOST, self._mqtt_port)
        self.process = await Probed.start(self._start, flash, link)
        self._exits.push_async_callback(self.process.end)
        await self.process.ready()
        # The node does so when every component has been started.
        await self.process.within(asked_for_broker.wait())
        server.close()
        await server.wait_closed()

    async def online(self) -> None:
        """Start the broker and wait until the node has announced itself and all its states.

        Raises:
            NodeFailed: it has not, or a component does not run.
        """
        broker = choose_broker(self._mqtt_port, self._folder)
        child = await Child.start(broker.command, lambda _: None)
        self._exits.push_async_callback(child.stop)
        if not await wait_listening(self._mqtt_port, _BROKER_S):
            raise NodeFailed("the broker does not listen")
        self._load = await Load.connect(self._mqtt_port, self._message, b"#", 0)
        self._exits.callback(self._load.close)
        await self.process.within(self._until_online())
        await self.process.within(self._until_known(await self.process.expected()))
        for row in json.loads(self.payloads[f"{_PREFIX}components"]):
            if row["phase"] != "running" or "errors" in row:
                raise NodeFailed(f"a component does not run: {row}")

    async def _until_online(self) -> None:
        while self.payloads.get(f"{_PREFIX}available") != b"online":
            await self._next_message()

    async def _until_known(self, states: int) -> None:
        while self._known() < states:
            await self._next_message()

    def _known(self) -> int:
        return sum(
            topic.startswith(_PREFIX) and topic.endswith("/state") for topic in self.payloads
        )

    def command(self, component: str, pin: int, on: bool) -> None:
        """Send a command to an output."""
        topic = f"{_PREFIX}{component}/out{pin}/set".encode()
        self._load.write(publish_packet(topic, b"ON" if on else b"OFF"))

    async def until(self, states: int) -> None:
        """Wait until so many states have come since the beginning."""
        await self.process.within(self._until(states))

    async def _until(self, states: int) -> None:
        while self.states < states:
            await self._next_message()

    def _message(self, topic: bytes, payload: bytes, _: int) -> None:
        name = topic.decode()
        if name.endswith("/set"):  # what we have sent
            return
        self.payloads[name] = payload
        self.states += name.endswith("/state")
        self._changed.set()

    async def _next_message(self) -> None:
        self._changed.clear()
        await self._changed.wait()


def _board(content: bytes) -> Board:
    """Return a board with everything that a components.json names."""
    board = Board(components.chip_addresses(content), wiring=components.int_wiring(content))
    sensors.attach(board, content)
    expanders.attach(board, content)
    return board

# SPDX-License-Identifier: MIT
"""A node on the 32-bit MicroPython with its broker and its board, and questions to its heap."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import tempfile
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from benchmarks.heap import BLOCK, NOTHING, ImportTrace, Names, Use
from benchmarks.load import Load, publish_packet
from yard.board import BoardServer
from yard.model.board import Board
from yard.sim.broker import choose_broker
from yard.sim.child import Child
from yard.sim.ports import HOST, claim, wait_listening

T = TypeVar("T")

HOME = "home"
NODE = "memory"
PREFIX = f"{HOME}/{NODE}/"
KILO = 1024

_LIMIT_S = 30.0  # for whatever the node is asked to do
_ROOMY_HEAP = 2000 * KILO
_NO_MEMORY = "memory allocation failed"
_NAMES = re.compile(r"qstr pool: .*n_qstr=(\d+), n_str_data_bytes=(\d+)")
_SETTINGS = """\
WIFI_SSID = "switchyard"
WIFI_PASSWORD = "any password will do"
MQTT_HOST = "{host}"
MQTT_PORT = {port}
MQTT_HOME = "{home}"
NODE_ID = "{node}"
"""


class NodeFailed(Exception):
    """The node did not do what was asked; the message is the end of its output."""


@dataclass(frozen=True)
class Start:
    """How a node is started.

    Attributes:
        micropython: the 32-bit interpreter.
        firmware: folder of the firmware, or image of a ROM file system with it.
        port: folder of the modules that stand in for the ESP32's, and of the probe.
        components: content of components.json.
        chips: number of expanders on the board.
        heap: bytes that the interpreter takes for its heap.
        options: of the probe.
    """

    micropython: Path
    firmware: Path
    port: Path
    components: str
    chips: int
    heap: int = _ROOMY_HEAP
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Heap:
    """The heap of a node.

    Attributes:
        use: what is in use by the node itself.
        others: bytes that it would not take on a board.
        free, largest_free: bytes.
    """

    use: Use
    others: int
    free: int
    largest_free: int


class MemoryNode:
    """The node, from its start without a broker to its end. Use it with `async with`.

    Attributes:
        board: the model of its board.
        asyncio: bytes of asyncio, which are the node's.
        total: bytes of the whole heap.
        trace: of its imports, if `trace` is among the options.
        payloads: latest payload by topic, from `online` on.
        states: number of states that came so far.
    """

    def __init__(self, start: Start) -> None:
        self._start = start
        self.board = Board(range(0x20, 0x20 + start.chips))
        self.total = self.asyncio = 0
        self.trace = ImportTrace()
        self.payloads: dict[str, bytes] = {}
        self.states = 0
        self._output: list[str] = []
        self._names = Names(0, 0)
        self._base = NOTHING
        self._answers: asyncio.Queue[list[str]] = asyncio.Queue()
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
        self._folder = Path(
            self._exits.enter_context(tempfile.TemporaryDirectory(prefix="memory-"))
        )
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._mqtt_port = claim(0, "port")
        flash = self._folder / "flash"
        flash.mkdir()
        settings = _SETTINGS.format(host=HOST, port=self._mqtt_port, home=HOME, node=NODE)
        (flash / "config.py").write_text(settings)
        (flash / "components.json").write_text(self._start.components)
        link = self._folder / "link"
        board = BoardServer(self.board, 0, str(link), lambda: None, lambda: None)
        await board.start()
        self._exits.push_async_callback(board.stop)
        reached = asyncio.Event()

        def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()
            reached.set()

        server = await asyncio.start_server(accept, HOST, self._mqtt_port)
        await self._start_process(flash, link)
        used, free, self.asyncio = map(int, await self._answer("base"))
        self.total = used + free
        # The node asks for its broker when every component has been started.
        await self._within(reached.wait())
        server.close()
        await server.wait_closed()

    async def _start_process(self, flash: Path, link: Path) -> None:
        start = self._start
        firmware, options = str(start.firmware), list(start.options)
        if start.firmware.is_file():
            options.append(f"rom={firmware}")
            firmware = "/rom"
        self._process = await asyncio.create_subprocess_exec(
            str(start.micropython),
            *("-X", f"heapsize={start.heap}", "-m", "node_probe"),
            *(firmware, str(start.port), *options),
            cwd=flash,
            env=os.environ | {"MICROPYPATH": f"{start.port}:.frozen", "YARD_LINK": str(link)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._exits.push_async_callback(self._end_process)
        self._reader = asyncio.create_task(self._read())

    async def _end_process(self) -> None:
        if self._process.returncode is None:
            # Not by Popen, which would take the exit status away from asyncio.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for data in self._process.stdout:
            line = data.decode(errors="replace").rstrip()
            if line.startswith("::"):
                self._told(line[2:].split())
            elif found := _NAMES.match(line):
                self._names = Names(int(found[1]), int(found[2]))
            else:
                self._output.append(line)
                if _NO_MEMORY in line:
                    self._fail()
        self._fail()

    def _told(self, words: list[str]) -> None:
        kind = words[0]
        if kind == "begin":
            self.trace.begin(self._use(words[1]))
        elif kind == "import":
            self.trace.end(self._use(words[1]), words[3:])
        else:
            if kind == "base":
                self._base = self._use(words[1])
            self._answers.put_nowait(words)

    def _use(self, used: str) -> Use:
        # The line with the names comes before the one that tells the use.
        return Use.of(int(used), self._names)

    def _fail(self) -> None:
        if not self._failed.done():
            self._failed.set_result(None)

    # -- questions ------------------------------------------------------------------------

    async def mark(self) -> Heap:
        """Return what the heap holds after a collection."""
        at = len(self._output)
        self._ask("mark")
        used, free = await self._answer("mark")
        whole = self._use(used)
        await self._answer("end")
        line = next(line for line in self._output[at:] if "max free sz:" in line)
        largest = int(line.rpartition(":")[2]) * BLOCK
        use = whole - self._base + Use(self.asyncio, Names(0, 0))
        return Heap(use, int(used) - use.total(), int(free), largest)

    async def modules(self) -> set[str]:
        """Return the names of the modules in memory."""
        self._ask("modules")
        return set((await self._answer("modules"))[0].split(","))

    async def start_counting(self) -> None:
        """Begin to count allocations."""
        self._ask("start")
        await self._answer("start")

    async def stop_counting(self) -> int:
        """Return the bytes that were allocated since."""
        self._ask("stop")
        return int((await self._answer("stop"))[0])

    async def publish_states(self, count: int) -> int:
        """Have the node publish `count` states; return the bytes that were allocated."""
        self._ask(f"states {count}")
        return int((await self._answer("states"))[0])

    async def make_deaf(self) -> None:
        """Have the node do nothing with the messages that it receives."""
        self._ask("deaf")
        await self._answer("deaf")

    def output(self) -> str:
        """Return the end of what the node printed."""
        return "\n".join(self._output[-12:])

    # -- the world around it --------------------------------------------------------------

    async def online(self, entities: int) -> None:
        """Start the broker and wait until the node has announced itself and all its states."""
        broker = choose_broker(self._mqtt_port, self._folder)
        child = await Child.start(broker.command, lambda _: None)
        self._exits.push_async_callback(child.stop)
        if not await wait_listening(self._mqtt_port, _LIMIT_S):
            raise NodeFailed("the broker does not listen")
        self._load = await Load.connect(self._mqtt_port, self._message, b"#", 0)
        self._exits.callback(self._load.close)
        await self._within(self._until_announced(entities))

    async def _until_announced(self, entities: int) -> None:
        while self.payloads.get(f"{PREFIX}available") != b"online" or self._states() < entities:
            await self._next_message()

    def _states(self) -> int:
        return sum(topic.endswith("/state") for topic in self.payloads)

    def command(self, component: str, pin: int, on: bool) -> None:
        """Send a command to an output."""
        topic = f"{PREFIX}{component}/out{pin}/set".encode()
        self._load.write(publish_packet(topic, b"ON" if on else b"OFF"))

    async def until(self, states: int) -> None:
        """Wait until so many states have come since the beginning."""

        async def wait() -> None:
            while self.states < states:
                await self._next_message()

        await self._within(wait())

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

    # -- the process ----------------------------------------------------------------------

    def _ask(self, question: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(question.encode() + b"\n")

    async def _answer(self, kind: str) -> list[str]:
        words = await self._within(self._answers.get())
        if words[0] != kind:
            raise NodeFailed(f"answered {words} instead of {kind}")
        return words[1:]

    async def _within(self, waiting: Awaitable[T]) -> T:
        """Wait for something that the node will bring about.

        Raises:
            NodeFailed: it did not in time, ran out of memory, or ended.
        """
        task = asyncio.ensure_future(waiting)
        both = (task, self._failed)
        await asyncio.wait(both, timeout=_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        raise NodeFailed(self.output())

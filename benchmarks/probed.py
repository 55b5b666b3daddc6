# SPDX-License-Identifier: MIT
"""A node on the 32-bit MicroPython as a process that answers questions about its heap."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from benchmarks.heap import BLOCK, NOTHING, ImportTrace, Names, Use

T = TypeVar("T")

KILO = 1024

_LIMIT_S = 90.0  # for whatever the node is asked to do; on a slow and busy machine it takes long
_ROOMY_HEAP = 2000 * KILO
_SHOWN = 12  # lines of output in a failure
_NO_MEMORY = "memory allocation failed"
_NAMES = re.compile(r"qstr pool: .*n_qstr=(\d+), n_str_data_bytes=(\d+)")


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
        settings: lines of config.py, besides those for network and broker.
        heap: bytes that the interpreter takes for its heap.
        options: of the probe.
        names: of modules that are called otherwise there, by what they are called there.
    """

    micropython: Path
    firmware: Path
    port: Path
    components: str
    settings: str = ""
    heap: int = _ROOMY_HEAP
    options: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


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


class Probed:
    """The process of a node that runs `node_probe`.

    Attributes:
        asyncio: bytes of asyncio, which are the node's.
        total: bytes of the whole heap.
        trace: of its imports, if `trace` is among the options.
    """

    def __init__(self, process: asyncio.subprocess.Process, real_names: Mapping[str, str]) -> None:
        self.total = self.asyncio = 0
        self.trace = ImportTrace()
        self._process = process
        self._real_names = real_names
        self._output: list[str] = []
        self._names = Names(0, 0)
        self._base = NOTHING
        self._answers: asyncio.Queue[list[str]] = asyncio.Queue()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, start: Start, flash: Path, link: Path) -> Probed:
        """Start the process in the folder `flash`, with its board behind the socket `link`."""
        firmware, options = str(start.firmware), list(start.options)
        if start.firmware.is_file():
            options.append(f"rom={firmware}")
            firmware = "/rom"
        process = await asyncio.create_subprocess_exec(
            str(start.micropython),
            *("-X", f"heapsize={start.heap}", "-m", "node_probe"),
            *(firmware, str(start.port), *options),
            cwd=flash,
            env=os.environ | {"MICROPYPATH": f"{start.port}:.frozen", "YARD_LINK": str(link)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return cls(process, start.names)

    async def end(self) -> None:
        """End the process."""
        if self._process.returncode is None:
            # Not by Popen, which would take the exit status away from asyncio.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await self._reader

    async def ready(self) -> None:
        """Wait until the firmware begins."""
        used, free, size = map(int, await self._answer("base"))
        self.total, self.asyncio = used + free, size

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

    async def expected(self) -> int:
        """Return how many entities have a state, or will have one when they have measured."""
        self._ask("expected")
        return int((await self._answer("expected"))[0])

    async def modules(self) -> set[str]:
        """Return the names of the modules in memory."""
        self._ask("modules")
        return self._named((await self._answer("modules"))[0].split(","))

    def _named(self, modules: Iterable[str]) -> set[str]:
        return {self._real_names.get(name, name) for name in modules}

    async def start_counting(self) -> None:
        """Begin to count allocations; nothing is collected until they are counted."""
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

    async def within(self, waiting: Awaitable[T]) -> T:
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
        raise NodeFailed("\n".join(self._output[-_SHOWN:]))

    def _ask(self, question: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(question.encode() + b"\n")

    async def _answer(self, kind: str) -> list[str]:
        words = await self.within(self._answers.get())
        if words[0] != kind:
            raise NodeFailed(f"answered {words} instead of {kind}")
        return words[1:]

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
            self.trace.end(self._use(words[1]), sorted(self._named(words[3:])))
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

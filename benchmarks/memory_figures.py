# SPDX-License-Identifier: MIT
"""Measures what a node takes of a 32-bit heap, and what it allocates when it runs.

The node is started for real: a broker, a simulated board, the firmware compiled as it is deployed.
What stands in for the ESP32's own modules is taken off every figure.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from benchmarks.deployed import PINS, Deployment
from benchmarks.heap import Names, Use
from benchmarks.memory_node import FIRST_ADDRESS, MemoryNode
from benchmarks.probed import KILO, NodeFailed, Start

_INPUTS = 6  # where there are any; pins 7 and 15 cannot be
_CODE_RUNS = 3
_TIMES = 21  # that each thing is measured; odd
_BOUNCE_S = 0.05  # some polls long, but less than the debounce time
_PACKET_PAUSE_S = 0.005
_POLLS_S = 0.3
_IDLE_S = 30.0
_LOAD_PAUSE_S = 0.02
_MARKS = 3  # that are looked at: some modules are there for a moment only
_MARK_PAUSE_S = 1.0


@dataclass(frozen=True)
class Module:
    """A module of the firmware that a node imports.

    Attributes:
        heap: bytes that it takes, without what it imports itself.
        mpy: bytes of its file.
        kept: whether it is still in memory when the node runs.
    """

    name: str
    heap: int
    mpy: int
    kept: bool


@dataclass
class Memory:
    """What was measured.

    Attributes:
        figures: bytes by name.
        modules: what the node imports.
        faults: what the node could not do.
    """

    figures: dict[str, int] = field(default_factory=dict)
    modules: list[Module] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


async def measure_code(deployment: Deployment, memory: Memory) -> None:
    """Measure what each module takes that a node with one expander imports.

    What other tasks take during an import counts, too, so the least of some runs is taken.
    """
    runs = [await _code(deployment) for _ in range(_CODE_RUNS)]
    least = min(runs, key=lambda run: run.figures["imported code, heap"])
    memory.figures.update(least.figures)
    memory.modules.extend(least.modules)


async def _code(deployment: Deployment) -> Memory:
    memory = Memory()
    async with MemoryNode(deployment.start(1, _INPUTS, None, "trace")) as node:
        await node.online()
        kept = await node.process.modules()
    code = Use(node.process.asyncio, Names(0, 0))
    seen: set[str] = set()
    for entry in node.process.trace.imports:
        names = [n for n in entry.modules if n in deployment.sizes and n not in seen]
        seen.update(names)
        if not names:
            continue
        mpy = sum(deployment.sizes[name] for name in names)
        heap = entry.took.objects + Names.ENTRY * entry.took.names.count
        # A module may bring the package that it lies in, which stays: each has taken its part.
        for name in names:
            size = deployment.sizes[name]
            memory.modules.append(Module(name, heap * size // mpy, size, name in kept))
        stays = sum(deployment.sizes[name] for name in names if name in kept)
        # The names of a module stay when it goes.
        text = entry.took.names.text
        code += Use(text + (entry.took.objects - text) * stays // mpy, entry.took.names)
    figures = memory.figures
    figures["asyncio, heap"] = node.process.asyncio
    figures["imported code, heap"] = code.total()
    figures["names"] = code.names.count
    figures["of it names"] = sum(code.names.tables()) + code.names.text
    figures["largest table of names"] = max(code.names.tables())
    figures["imported code, .mpy"] = sum(m.mpy for m in memory.modules if m.kept)
    figures["imported once and dropped, .mpy"] = sum(m.mpy for m in memory.modules if not m.kept)
    figures["all of firmware/, .mpy"] = sum(deployment.sizes.values())
    return memory


# -- what is in use ---------------------------------------------------------------------------


async def measure_use(deployment: Deployment, memory: Memory, note: str = "") -> None:
    """Measure what is in use with 16 and with 128 entities."""
    used = {}
    for chips in (1, 8):
        entities = chips * PINS
        async with MemoryNode(deployment.start(chips)) as node:
            heap = await node.process.mark()
            memory.figures[f"{entities} entities, started{note}"] = heap.use.total()
            await node.online()
            used[chips] = await in_use(node)
            memory.figures[f"{entities} entities, announced{note}"] = used[chips]
    per_entity = (used[8] - used[1]) / (7 * PINS)
    memory.figures[f"one more entity{note}"] = round(per_entity)


async def in_use(node: MemoryNode) -> int:
    """Return the bytes in use when what was needed for a moment has gone."""
    marks = []
    for _ in range(_MARKS):
        await asyncio.sleep(_MARK_PAUSE_S)
        marks.append((await node.process.mark()).use.total())
    return min(marks)


async def measure_board_heap(
    deployment: Deployment, memory: Memory, heap: int, load_s: float
) -> None:
    """Run 128 entities under load with a heap of `heap` bytes.

    Raises:
        NodeFailed: they do not fit.
    """
    size = (await Overhead.of(deployment)).heap_size(heap)
    async with MemoryNode(deployment.start(8, 0, size)) as node:
        await node.online()
        mark = await node.process.mark()
        name = f"128 entities, heap of {heap // KILO} KB"
        memory.figures[f"{name}, free"] = mark.free
        memory.figures[f"{name}, largest free block"] = mark.largest_free
        deadline = time.monotonic() + load_s
        count = 0
        while time.monotonic() < deadline:
            before = node.states
            for chip in range(8):
                node.command(f"chip{chip}", count % PINS, count // PINS % 2 == 0)
            await node.until(before + 8)
            await asyncio.sleep(_LOAD_PAUSE_S)
            count += 1
        memory.figures[f"{name}, seconds under load"] = round(load_s)


@dataclass(frozen=True)
class Overhead:
    """What a heap holds that is not the node's.

    Attributes:
        others: bytes of what stands in for the ESP32.
        collector: bytes that the interpreter takes for each byte of the heap.
    """

    others: int
    collector: float

    @classmethod
    async def of(cls, deployment: Deployment) -> Overhead:
        """Measure it on a node with 128 entities."""
        start = deployment.start(8)
        async with MemoryNode(start) as node:
            await node.online()
            others = (await node.process.mark()).others
            return cls(others, start.heap / node.process.total)

    def heap_size(self, wanted: int) -> int:
        """Return what to ask the interpreter for, so that the node itself has `wanted` bytes."""
        return round((wanted + self.others) * self.collector)


# -- what is allocated ------------------------------------------------------------------------

Work = Callable[[], Awaitable[None]]


async def measure_allocation(deployment: Deployment, memory: Memory) -> None:
    """Count what is allocated in steady state, on one chip with inputs and outputs."""
    figures = memory.figures
    async with MemoryNode(deployment.start(1, _INPUTS)) as node:
        await node.online()
        steady = Steady(node)
        counting = await _allocated(node, steady.nothing)  # by the question that ends it

        async def per(work: Work) -> int:
            # One at a time, so that most times nothing else falls into the same time.
            times = [await _allocated(node, work) - counting for _ in range(_TIMES)]
            return round(statistics.median(times))

        polls = steady.transactions()
        taken = await per(steady.some_polls)
        figures["per poll"] = round(taken * _TIMES / (steady.transactions() - polls))
        figures["per debounce pass"] = await per(steady.bounce)
        figures["per command"] = await per(steady.command)
        figures["per input change"] = await per(steady.press)
        figures["per state publish"] = round(await node.process.publish_states(_TIMES) / _TIMES)
        await node.process.make_deaf()
        figures["per received packet"] = await per(steady.packet)


async def measure_idle(deployment: Deployment, memory: Memory) -> None:
    """Count what all tasks together allocate while nothing happens."""
    async with MemoryNode(deployment.start(1, _INPUTS)) as node:
        await node.online()
        steady = Steady(node)
        counting = await _allocated(node, steady.nothing)
        idle = await _allocated(node, steady.idle) - counting
        memory.figures["per second when idle"] = round(idle / _IDLE_S)


class Steady:
    """What happens to a running node."""

    def __init__(self, node: MemoryNode) -> None:
        self._node = node
        self._on = False

    def transactions(self) -> int:
        """Return how many transactions the chip has seen."""
        return self._node.board.bus.traffic_of[FIRST_ADDRESS].transactions

    async def nothing(self) -> None:
        """Do nothing."""

    async def some_polls(self) -> None:
        """Let it poll, for a shorter time than the second in which other tasks do something."""
        await asyncio.sleep(_POLLS_S)

    async def idle(self) -> None:
        """Let every task do something."""
        await asyncio.sleep(_IDLE_S)

    async def command(self) -> None:
        """Send a command and wait for the state."""
        self._on = not self._on
        states = self._node.states
        self._node.command("chip0", PINS - 1, self._on)
        await self._node.until(states + 1)

    async def packet(self) -> None:
        """Send a command that nobody listens to."""
        self._node.command("chip0", PINS - 1, True)
        await asyncio.sleep(_PACKET_PAUSE_S)

    async def press(self) -> None:
        """Change an input and wait for its state."""
        chip = self._node.board.chips[FIRST_ADDRESS]
        states = self._node.states
        chip.drive(0, 1 - (chip.levels() & 1))
        await self._node.until(states + 1)

    async def bounce(self) -> None:
        """Change an input for so short a time that it does not count."""
        chip = self._node.board.chips[FIRST_ADDRESS]
        level = chip.levels() & 1
        states = self._node.states
        chip.drive(0, 1 - level)
        await asyncio.sleep(_BOUNCE_S)
        chip.drive(0, level)
        await asyncio.sleep(_BOUNCE_S)
        if self._node.states != states:
            raise NodeFailed("a bounce was taken for a press")


async def _allocated(node: MemoryNode, work: Work) -> int:
    """Return the bytes that were allocated during `work`."""
    await node.process.start_counting()
    await work()
    return await node.process.stop_counting()


# -- how little is enough ---------------------------------------------------------------------


async def measure_least(deployment: Deployment, memory: Memory) -> None:
    """Search the smallest heap and the largest block that a node with 128 entities asks for."""
    overhead = await Overhead.of(deployment)

    async def fits(heap: int) -> bool:
        return await announces(deployment.start(8, 0, overhead.heap_size(heap)))

    async def fits_in_holes(size: int) -> bool:
        return await announces(deployment.start(8, 0, None, f"holes={size}"))

    figures = memory.figures
    figures["smallest heap for 128 entities"] = await least(fits, 40 * KILO, 400 * KILO, KILO)
    figures["largest block asked for"] = await least(fits_in_holes, 256, 16 * KILO, 64)


async def announces(start: Start) -> bool:
    """Return whether a node comes online and announces everything."""
    try:
        async with MemoryNode(start) as node:
            await node.online()
    except NodeFailed:
        return False
    return True


async def least(enough: Callable[[int], Awaitable[bool]], low: int, high: int, step: int) -> int:
    """Return the least of low, low + step, ... that is enough; `high` must be."""
    first, last = 0, (high - low) // step
    while first < last:
        middle = (first + last) // 2
        if await enough(low + middle * step):
            last = middle
        else:
            first = middle + 1
    return low + first * step


# -- all of it --------------------------------------------------------------------------------


async def measure_budgeted(deployment: Deployment) -> Memory:
    """Measure what has a budget, but for what has to be searched."""
    memory = Memory()
    await measure_code(deployment, memory)
    await measure_use(deployment, memory)
    await measure_allocation(deployment, memory)
    return memory

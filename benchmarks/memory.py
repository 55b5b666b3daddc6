# SPDX-License-Identifier: MIT
"""`make bench-memory`: what a node takes of a 32-bit heap, and what it allocates when it runs.

The node is started for real: a broker, a simulated board, the firmware compiled as `make deploy`
does it. What stands in for the ESP32's own modules is taken off every figure.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import micropython32
from benchmarks.deployed import compile_tree, copy_source, rom_image
from benchmarks.heap import Names, Use
from benchmarks.memory_node import KILO, MemoryNode, NodeFailed, Start
from yard.places import FIRMWARE, PORT

HERE = Path(__file__).resolve().parent
BUDGETS = HERE / "budgets.json"
RESULTS = HERE / "results" / "memory.json"
PROBE = HERE / "node_probe.py"
BOARD_HEAP = 105 * KILO  # what a stock ESP32 surely has

_PINS = 16
_INPUTS = 6  # where there are any; pins 7 and 15 cannot be
_FIRST = 0x20
_TIMES = 21  # that each thing is measured; odd
_DEBOUNCE_MS = 100
_BOUNCE_S = 0.05  # some polls long, but less than that
_PACKET_PAUSE_S = 0.005
_POLLS_S = 0.3
_IDLE_S = 20.0
_LOAD_PAUSE_S = 0.02


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


@dataclass(frozen=True)
class Deployment:
    """The firmware in a scratch folder, and how a node is started from it."""

    micropython: Path
    firmware: Path
    port: Path
    sizes: dict[str, int]  # of every .mpy file of the firmware

    def start(self, chips: int, inputs: int = 0, heap: int | None = None, *options: str) -> Start:
        """Return how to start a node with `chips` full expanders, `inputs` inputs on each."""
        text = components(chips, inputs)
        start = Start(self.micropython, self.firmware, self.port, text, chips, options=options)
        return start if heap is None else replace(start, heap=heap)


@contextmanager
def deployed() -> Iterator[Deployment]:
    """Compile the firmware and what stands in for the ESP32 into a scratch folder.

    Raises:
        micropython32.Unavailable: there is no interpreter.
    """
    micropython = micropython32.find()
    with tempfile.TemporaryDirectory(prefix="switchyard-memory-") as name:
        folder = Path(name)
        sizes = compile_tree(FIRMWARE, folder / "firmware")
        compile_tree(PORT, folder / "port")
        compile_tree(PROBE.parent, folder / "port", PROBE.name)
        yield Deployment(micropython, folder / "firmware", folder / "port", sizes)


def components(chips: int, inputs: int) -> str:
    """Return a components.json: the first `inputs` pins of each chip are inputs."""
    i2c = {"scl": 22, "sda": 21, "freq": 100000}
    whole: dict[str, object] = {
        "i2c": {"package": ".machine.i2c", "component": "I2C", "constructor_args": i2c}
    }
    for chip in range(chips):
        arguments = {
            "i2c": "@i2c",
            "address": _FIRST + chip,
            "pins": [_pin(chip, pin, pin < inputs) for pin in range(_PINS)],
        }
        whole[f"chip{chip}"] = {
            "package": ".devices.mcp23017",
            "component": "MCP23017",
            "constructor_args": arguments,
        }
    return json.dumps(whole)


def _pin(chip: int, pin: int, is_input: bool) -> dict[str, object]:
    number = chip * _PINS + pin + 1
    if is_input:
        button = {"pin": pin, "type": "binary_sensor", "name": f"Button {number}"}
        return button | {"id": f"in{pin}", "debounce": _DEBOUNCE_MS}
    return {"pin": pin, "type": "switch", "name": f"Relay {number}", "id": f"out{pin}"}


# -- code -----------------------------------------------------------------------------------


async def measure_code(deployment: Deployment, memory: Memory) -> None:
    """Measure what each module takes that a node with one expander imports."""
    async with MemoryNode(deployment.start(1, _INPUTS, None, "trace")) as node:
        await node.online(_PINS)
        kept = await node.modules()
    code = Use(node.asyncio, Names(0, 0))
    seen: set[str] = set()
    for entry in node.trace.imports:
        names = [n for n in entry.modules if n in deployment.sizes and n not in seen]
        seen.update(names)
        if not names:
            continue
        mpy = sum(deployment.sizes[name] for name in names)
        # A module that stays may have come with the package that it lies in, which always does.
        stays = max(names, key=deployment.sizes.__getitem__) in kept
        heap = entry.took.objects + Names.ENTRY * entry.took.names.count
        memory.modules.append(Module(", ".join(names), heap, mpy, stays))
        # The names of a module stay when it goes.
        code += entry.took if stays else Use(entry.took.names.text, entry.took.names)
    figures = memory.figures
    figures["asyncio, heap"] = node.asyncio
    figures["imported code, heap"] = code.total()
    figures["of it names"] = sum(code.names.tables()) + code.names.text
    figures["largest table of names"] = max(code.names.tables())
    figures["imported code, .mpy"] = sum(m.mpy for m in memory.modules if m.kept)
    figures["imported once and dropped, .mpy"] = sum(m.mpy for m in memory.modules if not m.kept)
    figures["all of firmware/, .mpy"] = sum(deployment.sizes.values())


# -- what is in use ---------------------------------------------------------------------------


async def measure_use(deployment: Deployment, memory: Memory, note: str = "") -> None:
    """Measure what is in use with 16 and with 128 entities."""
    used = {}
    for chips in (1, 8):
        entities = chips * _PINS
        async with MemoryNode(deployment.start(chips)) as node:
            heap = await node.mark()
            memory.figures[f"{entities} entities, started{note}"] = heap.use.total()
            await node.online(entities)
            used[chips] = (await node.mark()).use.total()
            memory.figures[f"{entities} entities, announced{note}"] = used[chips]
    per_entity = (used[8] - used[1]) / (7 * _PINS)
    memory.figures[f"one more entity{note}"] = round(per_entity)


async def measure_board_heap(deployment: Deployment, memory: Memory, load_s: float) -> None:
    """Run 128 entities under load with the heap of a stock board.

    Raises:
        NodeFailed: they do not fit.
    """
    heap = await heap_size(deployment, BOARD_HEAP)
    async with MemoryNode(deployment.start(8, 0, heap)) as node:
        await node.online(8 * _PINS)
        mark = await node.mark()
        memory.figures["105 KB heap, 128 entities, free"] = mark.free
        memory.figures["105 KB heap, 128 entities, largest free block"] = mark.largest_free
        deadline = time.monotonic() + load_s
        count = 0
        while time.monotonic() < deadline:
            before = node.states
            for chip in range(8):
                node.command(f"chip{chip}", count % _PINS, count // _PINS % 2 == 0)
            await node.until(before + 8)
            await asyncio.sleep(_LOAD_PAUSE_S)
            count += 1


async def heap_size(deployment: Deployment, wanted: int) -> int:
    """Return what to ask the interpreter for, so that the node itself has `wanted` bytes."""
    start = deployment.start(8)
    async with MemoryNode(start) as node:
        await node.online(8 * _PINS)
        # The collector has tables of its own.
        return int((wanted + (await node.mark()).others) * start.heap / node.total)


# -- what is allocated ------------------------------------------------------------------------

Work = Callable[[], Awaitable[None]]


async def measure_allocation(deployment: Deployment, memory: Memory) -> None:
    """Count what is allocated in steady state, on one chip with inputs and outputs."""
    figures = memory.figures
    async with MemoryNode(deployment.start(1, _INPUTS)) as node:
        await node.online(_PINS)
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
        figures["per state publish"] = round(await node.publish_states(_TIMES) / _TIMES)
        idle = await _allocated(node, steady.idle) - counting
        figures["per second when idle"] = round(idle / _IDLE_S)
        await node.make_deaf()
        figures["per received packet"] = await per(steady.packet)


class Steady:
    """What happens to a running node."""

    def __init__(self, node: MemoryNode) -> None:
        self._node = node
        self._on = False

    def transactions(self) -> int:
        """Return how many transactions the chip has seen."""
        return self._node.board.bus.traffic_of[_FIRST].transactions

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
        self._node.command("chip0", _PINS - 1, self._on)
        await self._node.until(states + 1)

    async def packet(self) -> None:
        """Send a command that nobody listens to."""
        self._node.command("chip0", _PINS - 1, True)
        await asyncio.sleep(_PACKET_PAUSE_S)

    async def press(self) -> None:
        """Change an input and wait for its state."""
        chip = self._node.board.chips[_FIRST]
        states = self._node.states
        chip.drive(0, 1 - (chip.levels() & 1))
        await self._node.until(states + 1)

    async def bounce(self) -> None:
        """Change an input for so short a time that it does not count."""
        chip = self._node.board.chips[_FIRST]
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
    await node.start_counting()
    await work()
    return await node.stop_counting()


# -- how little is enough ---------------------------------------------------------------------


async def measure_least(deployment: Deployment, memory: Memory) -> None:
    """Search the smallest heap and the largest block that a node with 128 entities asks for."""

    others = await heap_size(deployment, 0)

    async def fits(heap: int) -> bool:
        return await announces(deployment.start(8, 0, others + heap))

    async def fits_in_holes(size: int) -> bool:
        return await announces(deployment.start(8, 0, None, f"holes={size}"))

    figures = memory.figures
    figures["smallest heap for 128 entities"] = await _least(fits, 40 * KILO, 400 * KILO, KILO)
    figures["largest block asked for"] = await _least(fits_in_holes, 256, 16 * KILO, 64)


async def announces(start: Start) -> bool:
    """Return whether a node comes online and announces everything."""
    try:
        async with MemoryNode(start) as node:
            await node.online(start.chips * _PINS)
    except NodeFailed:
        return False
    return True


async def _least(enough: Callable[[int], Awaitable[bool]], low: int, high: int, step: int) -> int:
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
    """Measure what has a budget; half a minute."""
    memory = Memory()
    await measure_code(deployment, memory)
    await measure_use(deployment, memory)
    await measure_allocation(deployment, memory)
    return memory


async def _measure(load_s: float) -> Memory:
    with deployed() as deployment:
        memory = await measure_budgeted(deployment)
        await measure_least(deployment, memory)
        try:
            await measure_board_heap(deployment, memory, load_s)
        except NodeFailed as error:
            reason = str(error).splitlines()[-1]
            memory.faults.append(f"128 entities do not run in a heap of 105 KB: {reason}")
        source = deployment.firmware.with_name("source")
        copy_source(source)
        await measure_use(replace(deployment, firmware=source), memory, ", from source")
        rom = deployment.firmware.with_name("rom.img")
        rom.write_bytes(rom_image(deployment.firmware))
        await measure_use(replace(deployment, firmware=rom), memory, ", code in a ROM file system")
    return memory


def _print(memory: Memory) -> None:
    console = Console()
    table = Table("module", "heap, bytes", ".mpy, bytes", title="What a node imports")
    for module in sorted(memory.modules, key=lambda module: -module.heap):
        name = module.name if module.kept else f"{module.name} (dropped after use)"
        table.add_row(name, str(module.heap), str(module.mpy))
    console.print(table)
    table = Table("figure", "bytes", "budget")
    budgets = json.loads(BUDGETS.read_text())
    for name, value in memory.figures.items():
        table.add_row(name, str(value), str(budgets.get(name, "")))
    console.print(table)
    for fault in memory.faults:
        console.print(fault)


def main(
    load: Annotated[
        float, typer.Option(min=0, help="Seconds under load with the heap of a stock board.")
    ] = 600,
) -> None:
    """Measure and print tables; the raw figures go to benchmarks/results/memory.json."""
    try:
        memory = asyncio.run(_measure(load))
    except (micropython32.Unavailable, NodeFailed) as error:
        raise SystemExit(str(error)) from error
    _print(memory)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(asdict(memory), indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)

# SPDX-License-Identifier: MIT
"""Configurations as people write them, and what a node that runs one takes of a 32-bit heap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.deployed import Deployment
from benchmarks.memory_figures import Overhead, announces, in_use, least
from benchmarks.memory_node import MemoryNode
from benchmarks.probed import KILO, Start
from yard.places import ROOT

STOCK_HEAP = 146 * KILO  # of an ESP32 with Wi-Fi up
OLDEST_HEAP = 110_000  # the same with the oldest firmware that is supported

_FILES = Path(__file__).resolve().with_name("memory_files")
_EXAMPLES = ROOT / "tests_host" / "examples"
_PEAK = 40 * KILO  # more than any configuration takes for a moment beyond what stays
_STEP = KILO
_TRACED = 400 * KILO  # with room for what tells the imports; more makes each collection slower


@dataclass(frozen=True)
class Configuration:
    """What a person puts on a board.

    Attributes:
        name: for people.
        file: its components.json.
        settings: its config.py, besides network and broker; None for the defaults.
        heap: in which it must start and announce.
    """

    name: str
    file: Path
    settings: Path | None
    heap: int

    def start(self, deployment: Deployment, heap: int | None = None, *options: str) -> Start:
        """Return how to start a node with it."""
        start = deployment.start(0, 0, heap, *options)
        settings = self.settings.read_text() if self.settings else ""
        return replace(start, components=self.file.read_text(), settings=settings)


CONFIGURATIONS = (
    Configuration("components.json.example", ROOT / "components.json.example", None, OLDEST_HEAP),
    Configuration("bus and sensor", _EXAMPLES / "single-file.json", None, OLDEST_HEAP),
    Configuration("RAM", _EXAMPLES / "ram.json", None, OLDEST_HEAP),
    Configuration("every sensor", _FILES / "every_sensor.json", None, STOCK_HEAP),
    Configuration("every device", _FILES / "every_device.json", None, STOCK_HEAP),
    Configuration(
        "wall node", _FILES / "wall_node.json", _FILES / "wall_node_config.py", STOCK_HEAP
    ),
)


@dataclass(frozen=True)
class Seen:
    """What a node with a configuration takes.

    Attributes:
        name: of the configuration.
        announced: bytes in use after it has announced itself, and its sensors have measured.
        smallest: the smallest heap in which it does so, in steps of 1 KB.
        mpy: bytes of the files of all modules that it imports.
        kept: modules of the firmware that are in memory then.
        dropped: those that it has imported besides.
    """

    name: str
    announced: int
    smallest: int
    mpy: int
    kept: list[str]
    dropped: list[str]


async def imported(
    deployment: Deployment, configuration: Configuration
) -> tuple[set[str], set[str]]:
    """Return the modules of the firmware that are in memory, and all that were imported."""
    async with MemoryNode(configuration.start(deployment, _TRACED, "trace")) as node:
        await node.online()
        kept = await node.process.modules()
        trace = node.process.trace.imports
    ours = deployment.sizes.keys()
    return kept & ours, {name for entry in trace for name in entry.modules} & ours


def mpy_size(deployment: Deployment, modules: Iterable[str]) -> int:
    """Return the bytes of the files of some modules."""
    return sum(deployment.sizes[name] for name in modules)


async def measure(
    deployment: Deployment, configuration: Configuration, overhead: Overhead
) -> Seen:
    """Measure what a configuration takes.

    Raises:
        NodeFailed: it does not run at all.
    """
    async with MemoryNode(configuration.start(deployment)) as node:
        await node.online()
        announced = await in_use(node)
    kept, whole = await imported(deployment, configuration)

    async def fits(heap: int) -> bool:
        return await announces(configuration.start(deployment, overhead.heap_size(heap)))

    low = announced // KILO * KILO
    smallest = await least(fits, low, low + _PEAK, _STEP)
    mpy = mpy_size(deployment, whole)
    return Seen(configuration.name, announced, smallest, mpy, sorted(kept), sorted(whole - kept))


async def measure_configurations(deployment: Deployment) -> list[Seen]:
    """Measure every configuration.

    Raises:
        NodeFailed: one does not run at all.
    """
    overhead = await Overhead.of(deployment)
    return [await measure(deployment, one, overhead) for one in CONFIGURATIONS]

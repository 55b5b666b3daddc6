# SPDX-License-Identifier: MIT
"""`make bench-memory`: prints what a node takes of a 32-bit heap, and where the bytes are."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import micropython32
from benchmarks.deployed import copy_source, deployed, rom_image
from benchmarks.memory_configurations import CONFIGURATIONS, Seen, measure_configurations
from benchmarks.memory_figures import (
    Memory,
    measure_board_heap,
    measure_budgeted,
    measure_idle,
    measure_least,
    measure_use,
)
from benchmarks.probed import KILO, NodeFailed

HERE = Path(__file__).resolve().parent
BUDGETS = HERE / "budgets.json"
BOARD_HEAP = 105 * KILO  # what a stock ESP32 surely has
ONE_NODE = "all that one node imports, .mpy"  # the most of all configurations
RESULTS = HERE / "results" / "memory.json"


async def _measure(load_s: float) -> tuple[Memory, list[Seen]]:
    with deployed() as deployment:
        memory = await measure_budgeted(deployment)
        await measure_idle(deployment, memory)
        await measure_least(deployment, memory)
        seen = await measure_configurations(deployment)
        try:
            await measure_board_heap(deployment, memory, BOARD_HEAP, load_s)
        except NodeFailed as error:
            reason = str(error).splitlines()[-1]
            size = BOARD_HEAP // KILO
            memory.faults.append(f"128 entities do not run in a heap of {size} KB: {reason}")
        source = deployment.firmware.with_name("source")
        copy_source(source)
        await measure_use(replace(deployment, firmware=source), memory, ", from source")
        rom = deployment.firmware.with_name("rom.img")
        rom.write_bytes(rom_image(deployment.firmware))
        await measure_use(replace(deployment, firmware=rom), memory, ", code in a ROM file system")
    return memory, seen


def _print(memory: Memory, seen: list[Seen]) -> None:
    console = Console()
    table = Table("module", "heap, bytes", ".mpy, bytes", title="What a node imports")
    for module in sorted(memory.modules, key=lambda module: -module.heap):
        name = module.name if module.kept else f"{module.name} (dropped after use)"
        table.add_row(name, str(module.heap), str(module.mpy))
    console.print(table)
    table = Table("figure", "bytes", "budget")
    budgets = json.loads(BUDGETS.read_text())
    memory.figures[ONE_NODE] = max(row.mpy for row in seen)
    for name, value in memory.figures.items():
        table.add_row(name, str(value), str(budgets.get(name, "")))
    console.print(table)
    console.print(_configurations(memory, seen))
    for fault in memory.faults:
        console.print(fault)


def _configurations(memory: Memory, seen: list[Seen]) -> Table:
    """Return a table of what configurations take, with the modules that a chip does not need."""
    table = Table(title="Configurations, bytes")
    for title in ("configuration", "announced", "smallest heap", "must do in", ".mpy imported"):
        table.add_column(title, justify="left" if title == "configuration" else "right")
    table.add_column("modules, beyond those of a chip with inputs and outputs")
    usual = {module.name for module in memory.modules}
    for row, configuration in zip(seen, CONFIGURATIONS, strict=True):
        further = ", ".join(name for name in row.kept if name not in usual)
        numbers = (row.announced, row.smallest, configuration.heap, row.mpy)
        table.add_row(row.name, *map(str, numbers), f"{len(row.kept)}: {further}")
    return table


def main(
    load: Annotated[
        float, typer.Option(min=0, help="Seconds under load with the heap of a stock board.")
    ] = 600,
) -> None:
    """Measure and print tables; the raw figures go to benchmarks/results/memory.json."""
    try:
        memory, seen = asyncio.run(_measure(load))
    except (micropython32.Unavailable, NodeFailed) as error:
        raise SystemExit(str(error)) from error
    _print(memory, seen)
    RESULTS.parent.mkdir(exist_ok=True)
    results = asdict(memory) | {"configurations": [asdict(row) for row in seen]}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)

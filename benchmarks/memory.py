# SPDX-License-Identifier: MIT
"""`make bench-memory`: prints what a node takes of a 32-bit heap, and where the bytes are."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import memory_report, micropython32
from benchmarks.deployed import copy_source, deployed, rom_image
from benchmarks.memory_configurations import Seen, measure_configurations
from benchmarks.memory_figures import (
    Memory,
    measure_board_heap,
    measure_budgeted,
    measure_idle,
    measure_least,
    measure_use,
)
from benchmarks.memory_report import ONE_NODE
from benchmarks.probed import KILO, NodeFailed

HERE = Path(__file__).resolve().parent
BOARD_HEAP = 105 * KILO  # what a stock ESP32 surely has
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


def main(
    load: Annotated[
        float, typer.Option(min=0, help="Seconds under load with the heap of a stock board.")
    ] = 600,
) -> None:
    """Measure; the tables go to docs/performance.md, the raw figures to benchmarks/results/.

    Exit status 1: a budget is exceeded, or 128 entities do not run.
    """
    try:
        memory, seen = asyncio.run(_measure(load))
    except (micropython32.Unavailable, NodeFailed) as error:
        raise SystemExit(str(error)) from error
    memory.figures[ONE_NODE] = max(row.mpy for row in seen)
    memory_report.show(memory, seen)
    memory_report.write(memory, seen)
    RESULTS.parent.mkdir(exist_ok=True)
    results = asdict(memory) | {"configurations": [asdict(row) for row in seen]}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    if memory.faults or memory_report.exceeded(memory):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)

# SPDX-License-Identifier: MIT
"""Writes the tables of memory of docs/performance.md, and shows them with every module."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import page
from benchmarks.memory_configurations import CONFIGURATIONS, Seen
from benchmarks.memory_figures import Memory

BUDGETS = Path(__file__).resolve().with_name("budgets.json")
ONE_NODE = "all that one node imports, .mpy"  # the most of all configurations


def show(memory: Memory, seen: list[Seen]) -> None:
    """Show every figure on the terminal."""
    console = Console()
    table = Table("module", "heap, bytes", ".mpy, bytes", title="What a node imports")
    for row in _modules(memory):
        table.add_row(*row)
    console.print(table)
    table = Table("figure", "bytes", "budget", title="Figures")
    for row in _figures(memory):
        table.add_row(*row)
    console.print(table)
    table = Table(*_CONFIGURATION, title="Configurations, bytes")
    for cells in _configurations(seen):
        table.add_row(*cells)
    console.print(table)
    for fault in memory.faults:
        console.print(fault)


def write(memory: Memory, seen: list[Seen]) -> None:
    """Put the tables on the page."""
    blocks = [
        f"{datetime.now(UTC):%Y-%m-%d}. Bytes.",
        page.table(("figure", "bytes", "budget"), _figures(memory)),
        "### Configurations\n\n" + page.table(_CONFIGURATION, _configurations(seen)),
        "### Modules\n\n" + page.table(("module", "heap, bytes", ".mpy, bytes"), _modules(memory)),
        *memory.faults,
    ]
    page.put("memory", "make bench-memory", blocks)


def exceeded(memory: Memory) -> list[str]:
    """Return the names of the figures that are above their budgets."""
    budgets: dict[str, int] = json.loads(BUDGETS.read_text())
    return [name for name in budgets if memory.figures.get(name, 0) > budgets[name]]


def _figures(memory: Memory) -> list[tuple[str, str, str]]:
    budgets = json.loads(BUDGETS.read_text())
    over = exceeded(memory)
    rows = []
    for name, value in memory.figures.items():
        budget = f"{budgets[name]:,}" if name in budgets else ""
        rows.append((name, f"{value:,}", f"{budget}: not held" if name in over else budget))
    return rows


def _modules(memory: Memory) -> list[tuple[str, str, str]]:
    rows = sorted(memory.modules, key=lambda module: (not module.kept, -module.heap))
    return [
        # Below 0: more was collected meanwhile than it took.
        (m.name if m.kept else f"{m.name} (dropped)", f"{max(0, m.heap):,}", f"{m.mpy:,}")
        for m in rows
    ]


_CONFIGURATION = (
    "configuration",
    "in use, announced",
    "smallest heap",
    "must run in",
    ".mpy imported",
    "modules kept and dropped",
)


def _configurations(seen: list[Seen]) -> list[tuple[str, ...]]:
    return [
        (
            row.name,
            f"{row.announced:,}",
            f"{row.smallest:,}",
            f"{configuration.heap:,}",
            f"{row.mpy:,}",
            f"{len(row.kept)} and {len(row.dropped)}",
        )
        for row, configuration in zip(seen, CONFIGURATIONS, strict=True)
    ]

# SPDX-License-Identifier: MIT
"""Writes the tables of docs/performance.md and its plot, and shows the short version."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import in_use, node, page, quiet, speed
from benchmarks.broker import AS_INSTALLED, NODELAY
from benchmarks.environment import python_with
from benchmarks.figures import Figure, name_of, number
from benchmarks.goals import QOS, Verdict, judge
from benchmarks.peers import echo, mqttio
from benchmarks.process import Broken
from yard.places import ROOT

ONLINE = "start to online, s"
DISCOVERY = "discovery of 128 entities, first to last message, ms"

PLOT = ROOT / "docs" / "images" / "performance.svg"

_HERE = Path(__file__).parent
_PLOTTER = _HERE / "plot.py"
_PLOT_REQUIREMENTS = _HERE / "plot.txt"

_TARGETS = (node.NAME, mqttio.NAME, echo.NAME)
_BOTH = [speed.last_latch(128), *(speed.last_state(size) for size in speed.BURSTS)]
_TIMES = [speed.TO_LATCH, speed.TO_STATE, speed.TO_STATE_P90, speed.TO_STATE_P99, *_BOTH]
_COSTS = [speed.TRANSACTIONS, speed.BYTES, speed.BUS_US, *(speed.writes(s) for s in speed.BURSTS)]
_LIMITS = [speed.RATE, speed.OVERLOAD, speed.RECOVERY]
_QUIET = [
    ONLINE,
    DISCOVERY,
    quiet.CPU,
    quiet.CPU_INT,
    quiet.CPU_INPUTS,
    quiet.IDLE_TRANSACTIONS,
    quiet.IDLE_BUS_US,
    quiet.INT_TRANSACTIONS,
    quiet.POLL_TRANSACTIONS,
    quiet.POLL_BYTES,
    quiet.SERVICE_BYTES,
    quiet.WRITE_BYTES,
    quiet.HEAP,
    in_use.HEAP_32,
]
_PLOTTED = {
    "one command": speed.TO_STATE,
    "burst of 16": speed.last_state(16),
    "burst of 128": speed.last_state(128),
    "burst of 512": speed.last_state(512),
}

Figures = dict[str, Figure]


def write(about: dict[str, Any], figures: Figures, note: Callable[[str], None]) -> None:
    """Put tables between the markers of the page and draw the plot."""
    blocks = [
        _circumstances(about),
        "### Targets\n\n" + _verdicts(judge(figures)),
        "### Speed\n\nTimes in ms, QoS 0, mosquitto with `set_tcp_nodelay true`.\n\n"
        + _table(figures, _TIMES, (QOS[0], NODELAY)),
        "### Limits\n\n" + _table(figures, _LIMITS, ()),
        "### Cost on the bus\n\n" + _table(figures, _COSTS, (QOS[0], NODELAY)),
        "### At rest\n\n" + _table(figures, _QUIET, ()),
        "### Cost per command from 1 to 8 chips\n\n" + _chips(figures),
        "### What the node's client does\n\n" + _client(figures),
        "### QoS and the broker's setting\n\n" + _settings(figures),
    ]
    page.put("speed", "make bench", blocks)
    try:
        _plot(figures)
    except Broken as reason:
        note(f"no plot: {reason}")


def show(figures: Figures, console: Console) -> None:
    """Show what the targets say."""
    table = Table("target", "limit", "measured", "")
    for verdict in judge(figures):
        table.add_row(*_row(verdict))
    console.print(table)
    console.print(f"tables: {page.PAGE.relative_to(ROOT)}", highlight=False)


def _circumstances(about: dict[str, Any]) -> str:
    text = (
        f"{about['date']}, {about['runs']} runs, {about['cores']} cores ({about['machine']}, "
        f"{about['system']}), {about['priority']} priority, load {about['load_before']} before. "
        "Medians of the runs, with the lowest and the highest in brackets."
    )
    if "mqtt_as_sha256" in about:
        text += (
            f" `mqtt_as/__init__.py` is the one with SHA-256 `{about['mqtt_as_sha256'][:16]}...`."
        )
    return text


def _row(verdict: Verdict) -> tuple[str, str, str, str]:
    goal = verdict.goal
    limit = f"{'at least' if goal.at_least else 'at most'} {number(goal.limit)}"
    if verdict.value is None:
        return goal.text, limit, "", "not measured"
    return goal.text, limit, number(verdict.value), "met" if verdict.met else "NOT MET"


def _verdicts(verdicts: list[Verdict]) -> str:
    return page.table(["target", "limit", "measured", ""], [_row(verdict) for verdict in verdicts])


def _table(figures: Figures, names: list[str], where: tuple[str, ...]) -> str:
    """Return a table with a column per target, and the ratio of the node to each peer."""
    peers = [t for t in _TARGETS[1:] if any(name_of(t, name, *where) in figures for name in names)]
    head = ["", node.NAME, *peers, *(f"node / {peer}" for peer in peers)]
    rows = []
    for name in names:
        cells = [figures.get(name_of(target, name, *where)) for target in (node.NAME, *peers)]
        texts = [cell.text() if cell else "" for cell in cells]
        ratios = [_ratio(cells[0], cell) for cell in cells[1:]]
        rows.append([name, *texts, *ratios])
    return page.table(head, rows)


def _ratio(figure: Figure | None, peer: Figure | None) -> str:
    if figure is None or peer is None or not peer.median:
        return ""
    return number(figure.median / peer.median)


def _chips(figures: Figures) -> str:
    head = ["chips on the bus", *(str(chips) for chips in quiet.CHIP_COUNTS)]
    cells = [figures[name_of(node.NAME, quiet.at_chips(chips))] for chips in quiet.CHIP_COUNTS]
    first, last = quiet.CHIP_COUNTS[0], quiet.CHIP_COUNTS[-1]
    slope_us = (cells[-1].median - cells[0].median) / (last - first) * 1000
    row = ["command to state, median, ms", *(cell.text() for cell in cells)]
    return page.table(head, [row]) + f"\n\nSlope: {number(slope_us)} µs per chip."


def _client(figures: Figures) -> str:
    occasions = (quiet.SINGLE, quiet.BURST, quiet.IDLE)
    rows = []
    for counter in quiet.COUNTERS:
        names = [name_of(node.NAME, quiet.counted(what, counter)) for what in occasions]
        rows.append([counter, *(figures[name].text() for name in names)])
    return page.table(["", *occasions], rows)


def _settings(figures: Figures) -> str:
    """Return the times of every target for every quality of service and broker setting."""
    head = ["", "ms", *(f"{qos}, {s}" for s in (AS_INSTALLED, NODELAY) for qos in QOS)]
    rows = []
    for target in _TARGETS:
        for what in (speed.TO_STATE, speed.TO_STATE_P99, *_BOTH[1:]):
            names = [
                name_of(target, what, qos, setting)
                for setting in (AS_INSTALLED, NODELAY)
                for qos in QOS
            ]
            if all(name in figures for name in names):
                rows.append([target, what, *(number(figures[name].median) for name in names)])
    return page.table(head, rows)


def _plot(figures: Figures) -> None:
    """Draw in an environment of its own; the project itself needs no plotting."""
    series = {}
    for target in _TARGETS:
        names = [name_of(target, what, QOS[0], NODELAY) for what in _PLOTTED.values()]
        if all(name in figures for name in names):
            series[target] = [figures[name].median for name in names]
    plot = {"labels": list(_PLOTTED), "series": series}
    PLOT.parent.mkdir(exist_ok=True)
    command = [str(python_with(_PLOT_REQUIREMENTS)), str(_PLOTTER), str(PLOT)]
    done = subprocess.run(
        command, input=json.dumps(plot), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Broken(done.stderr.strip().splitlines()[-1])

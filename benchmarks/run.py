# SPDX-License-Identifier: MIT
"""`make bench`: the node and its peers side by side: one broker, one load generator, one board.

Every figure is the median of several runs with the lowest and the highest. Times are of this
machine on this day; compare only what was measured in one run.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

if not __package__:  # python benchmarks/run.py
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import in_use, node, priority, quiet, report, speed
from benchmarks.broker import NODELAY, SETTINGS, Broker
from benchmarks.commands import Commands
from benchmarks.environment import python_with
from benchmarks.figures import Sample, name_of, plain, summarise
from benchmarks.goals import QOS, judge
from benchmarks.peers import echo, mqttio
from benchmarks.process import Broken
from benchmarks.target import Target
from yard.fault import Fault

RESULTS = Path(__file__).parent / "results" / "speed.json"

_CHIPS = 8
_ECHO_IDLE_S = 5.0
_FIRST_STEP = 2.0
_LATER_STEP = 1.25  # a run before has told about where the rate is

_GUESSES = {node.NAME: 8000.0, mqttio.NAME: 800.0, echo.NAME: 2000.0}  # commands/s


Note = Callable[[str], None]
Start = Callable[[int], Awaitable[Target]]  # given the port of the broker


def _starts(original: str | None, note: Note) -> dict[str, Start]:
    """Return how to start what can run here; what is left out is told."""
    starts: dict[str, Start] = {
        node.NAME: lambda port: node.start_outputs(port, node.NAME, _CHIPS)
    }
    try:
        python_with(mqttio.REQUIREMENTS)
        starts[mqttio.NAME] = lambda port: mqttio.start_outputs(port, _CHIPS)
    except Broken as reason:
        note(f"{mqttio.NAME} is left out: {reason}")
    try:
        folder = echo.original(original)
        starts[echo.NAME] = lambda port: echo.start_echo(port, folder)
    except Broken as reason:
        note(f"{echo.NAME} is left out: {reason}")
    return starts


class Bench:
    """Carries out runs.

    Args:
        starts: how the targets are started, by name.
        note: gets a line about what is going on.
    """

    def __init__(self, starts: dict[str, Start], note: Note) -> None:
        self._starts = starts
        self._note = note
        self._rates: dict[str, float] = {}

    async def run(self, number: int) -> Sample:
        """Measure everything once; who comes first changes from run to run."""
        names = list(self._starts)
        turn = number % len(names)
        sample: Sample = {}
        for setting in SETTINGS:
            with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder:
                broker = Broker(Path(folder), setting)
                try:
                    for name in names[turn:] + names[:turn]:
                        self._note(f"run {number + 1}: {name}, {setting}")
                        sample |= await self._measure(name, broker.port, setting)
                    if setting == NODELAY:
                        self._note(f"run {number + 1}: idle")
                        sample |= await quiet.measure(broker.port, names)
                        sample |= await self._heap()
                finally:
                    broker.stop()
        return sample

    async def _measure(self, name: str, port: int, setting: str) -> Sample:
        target = await self._starts[name](port)
        try:
            sample: Sample = {}
            for qos, quality in enumerate(QOS):
                commands = await Commands.connect(target, qos)
                where = (quality, setting)
                sample |= await speed.round_trips(commands, where)
                sample |= await speed.bursts(commands, where)
                if where == (QOS[0], NODELAY):
                    normal_ms = sample[name_of(name, speed.TO_STATE, *where)]
                    sample |= await self._rate(commands, normal_ms)
                commands.close()
            if setting == NODELAY:
                sample |= _startup(target)
                if name == echo.NAME:
                    cpu = await quiet.idle_cpu(target, _ECHO_IDLE_S)
                    sample[name_of(name, quiet.CPU)] = cpu
        finally:
            target.stop()
        return sample

    async def _heap(self) -> Sample:
        try:
            return await in_use.measure()
        except Broken as reason:
            self._note(f"heap on 32 bits is left out: {reason}")
            return {}

    async def _rate(self, commands: Commands, normal_ms: float) -> Sample:
        name = commands.target.name
        guess = self._rates.get(name)
        if guess is None:
            rate = await speed.highest_rate(commands, _GUESSES[name], _FIRST_STEP)
        else:
            rate = await speed.highest_rate(commands, guess, _LATER_STEP)
        if not rate:
            return {name_of(name, speed.RATE): 0.0}
        self._rates[name] = rate
        sample = await speed.overload(commands, rate, normal_ms)
        return {name_of(name, speed.RATE): rate, **sample}


def _startup(target: Target) -> Sample:
    startup = target.startup
    sample = {name_of(target.name, report.ONLINE): startup.online_s}
    if startup.discovery_s is not None:
        sample[name_of(target.name, report.DISCOVERY)] = startup.discovery_s * 1000
    return sample


def _circumstances(starts: dict[str, Start], original: str | None, runs: int) -> dict[str, Any]:
    """Return what was measured where."""
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "runs": runs,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "targets": list(starts),
    }
    if echo.NAME in starts:
        about["mqtt_as_sha256"] = echo.fingerprint(echo.original(original))
    return about


def _measure_all(starts: dict[str, Start], runs: int, note: Note) -> list[Sample]:
    bench = Bench(starts, note)
    samples = []
    for number in range(runs):
        started = time.monotonic()
        samples.append(asyncio.run(bench.run(number)))
        note(f"run {number + 1} of {runs} took {time.monotonic() - started:.0f} s")
    return samples


def main(
    runs: Annotated[int, typer.Option(min=1, help="How often everything is measured.")] = 5,
) -> None:
    """Measure the node and its peers; write docs/performance.md, its plot and the raw results.

    Exit status 1: a target is not met, or a target of the load does not run.
    """
    console = Console(stderr=True)

    def note(text: str) -> None:
        console.print(text, style="dim", highlight=False, markup=False)

    # Taken away, because a node would run on the original too: that is a peer of its own here.
    original = os.environ.pop(echo.PATH_VARIABLE, None)
    starts = _starts(original, note)
    about = _circumstances(starts, original, runs)
    about["priority"] = priority.take()
    try:
        samples = _measure_all(starts, runs, note)
    except (Broken, Fault) as fault:
        console.print(f"bench: {fault}", markup=False, highlight=False)
        raise typer.Exit(1) from fault
    figures = summarise(samples)
    RESULTS.parent.mkdir(exist_ok=True)
    result = {
        "about": about,
        "figures": {name: plain(asdict(figure)) for name, figure in figures.items()},
        "runs": [plain(sample) for sample in samples],
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    report.write(about, figures, note)
    report.show(figures, Console())
    if any(verdict.value is not None and not verdict.met for verdict in judge(figures)):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)

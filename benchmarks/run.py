# SPDX-License-Identifier: MIT
"""`make bench`: latency, bursts, rate and bus cost of a node under `yard sim`.

Every figure is the median of several runs with the lowest and the highest. Times are of this
machine on this day; compare only what was measured in one run.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, percentile
from benchmarks.load import Load, publish_packet
from benchmarks.target import SimulatedNode

RESULTS = Path(__file__).parent / "results" / "node.json"
ROUND_TRIPS = 300
BURSTS = (16, 128, 512)
RATES = (250, 500, 1000, 1500, 2000, 3000, 4000, 5000, 6000, 8000)
RATE_SECONDS = 2.0
P99_LIMIT_MS = 100.0
CONFIRMED = 0.99

Sample = dict[str, tuple[str, float]]  # figure name -> (unit, value)


class Run:
    """One run over all measurements, on one connection."""

    def __init__(self, node: SimulatedNode) -> None:
        self.node = node
        self.sent: dict[bytes, deque[int]] = {}
        self.latencies: list[float] = []
        self.last = 0
        self._levels = [False] * len(node.pins)
        self._changed = asyncio.Event()
        self._load: Load

    async def measure(self) -> Sample:
        """Return the figures of this run."""
        self._load = await Load.connect(self.node.port, self._on_state, self.node.states, 0)
        await self._settle()
        for index in range(len(self.node.pins)):  # every level is known afterwards
            self._load.write(publish_packet(self.node.topic(index, "set"), b"OFF"))
            if index % 32 == 31:
                await asyncio.sleep(0.1)
        await self._settle()
        sample: Sample = {}
        await self._round_trips(sample)
        for size in BURSTS:
            await self._burst(sample, size)
        await self._rate(sample)
        self._load.close()
        return sample

    def _on_state(self, topic: bytes, payload: bytes, now: int) -> None:
        waiting = self.sent.get(topic)
        if waiting:
            self.latencies.append((now - waiting.popleft()) / 1e6)
            self.last = now
            self._changed.set()

    def _command(self, index: int, now: int) -> bytes:
        """Return the packet that flips output `index` and expect its state."""
        self._levels[index] = not self._levels[index]
        self.sent.setdefault(self.node.topic(index, "state"), deque()).append(now)
        return publish_packet(
            self.node.topic(index, "set"), b"ON" if self._levels[index] else b"OFF"
        )

    async def _confirmed(self, count: int, seconds: float) -> bool:
        """Wait until `count` states came, or for `seconds`."""
        deadline = time.monotonic() + seconds
        while len(self.latencies) < count and time.monotonic() < deadline:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                break
        return len(self.latencies) >= count

    def _begin(self) -> None:
        self.sent.clear()
        self.latencies.clear()

    async def _settle(self) -> None:
        await asyncio.sleep(0.5)

    async def _round_trips(self, sample: Sample) -> None:
        self._begin()
        before, sent = self.node.bus(), []
        for i in range(ROUND_TRIPS):
            now = time.monotonic_ns()
            sent.append(now)
            self._load.write(self._command(0, now))
            if not await self._confirmed(i + 1, 5):
                raise RuntimeError("a command was not answered within 5 s")
        cost = self.node.bus()
        latched = [ns for ns, _, _ in self.node.latches()[-ROUND_TRIPS:]]
        if len(latched) < ROUND_TRIPS:
            raise RuntimeError("the board saw fewer latch changes than commands")
        to_latch = [(b - a) / 1e6 for a, b in zip(sent, latched, strict=True)]
        for name, values in (("latch", to_latch), ("state", self.latencies)):
            sample[f"command to {name}, p50"] = ("ms", percentile(values, 50))
            sample[f"command to {name}, p99"] = ("ms", percentile(values, 99))
        for key, unit in (("transactions", ""), ("bus_us", "µs")):
            per_command = (cost[key] - before[key]) / ROUND_TRIPS
            sample[f"{key} per single command"] = (unit, per_command)

    async def _burst(self, sample: Sample, size: int) -> None:
        await self._settle()
        self._begin()
        before = self.node.output_writes()
        now = time.monotonic_ns()
        packets = b"".join(self._command(i % len(self.node.pins), now) for i in range(size))
        self._load.write(packets)
        complete = await self._confirmed(size, 5)
        took = (self.last - now) / 1e6 if complete else float("nan")
        sample[f"burst of {size}, last state"] = ("ms", took)
        writes = self.node.output_writes() - before
        sample[f"burst of {size}, latch writes per command"] = ("", writes / size)

    async def _rate(self, sample: Sample) -> None:
        best = 0
        for rate in RATES:
            await self._settle()
            if not await self._sustains(rate):
                break
            best = rate
        sample["sustained rate"] = ("commands/s", best)

    async def _sustains(self, rate: int) -> bool:
        self._begin()
        start, count = time.monotonic(), 0
        while (elapsed := time.monotonic() - start) < RATE_SECONDS:
            due = int(elapsed * rate)
            now = time.monotonic_ns()
            pins = len(self.node.pins)
            packets = b"".join(self._command(i % pins, now) for i in range(count, due))
            if packets:
                self._load.write(packets)
            count = due
            await asyncio.sleep(0.002)
        await self._confirmed(count, 1)
        confirmed = len(self.latencies) / count
        return confirmed >= CONFIRMED and percentile(self.latencies, 99) < P99_LIMIT_MS


def measure(runs: int) -> list[Figure]:
    """Run everything `runs` times, each on a fresh node."""
    samples: list[Sample] = []
    for run in range(runs):
        started = time.monotonic()
        node = SimulatedNode(chips=8)
        start_s = time.monotonic() - started
        try:
            sample = asyncio.run(Run(node).measure())
        finally:
            node.stop()
        sample["start to online"] = ("s", start_s)
        samples.append(sample)
        typer.echo(f"run {run + 1} of {runs} done", err=True)
    return [
        Figure.of(name, unit, [sample[name][1] for sample in samples])
        for name, (unit, _) in samples[0].items()
    ]


def main(
    runs: Annotated[int, typer.Option(min=1, help="How often everything is run.")] = 5,
) -> None:
    """Measure the node and print a table; the raw figures go to benchmarks/results/node.json."""
    figures = measure(runs)
    table = Table("figure", "median", "lowest .. highest", title=f"128 outputs, {runs} runs")
    for figure in figures:
        table.add_row(*figure.row())
    Console().print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([vars(figure) for figure in figures], indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)

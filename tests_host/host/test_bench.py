# SPDX-License-Identifier: MIT
"""What the benchmark computes from what it measures."""

from __future__ import annotations

import asyncio
import json
import struct

import pytest
from benchmarks import node, page, quiet, run, speed
from benchmarks.figures import NEVER, Figure, name_of, number, percentile, plain, summarise
from benchmarks.goals import GOALS, Goal, judge
from benchmarks.load import Load, publish_packet


def test_a_percentile_is_a_measured_value() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, percent) for percent in (50, 90, 99, 100)] == [50, 90, 99, 100]
    assert percentile([7.0], 99) == 7.0


def test_a_figure_is_the_median_with_the_spread() -> None:
    figure = Figure.of([3.0, 1.0, 2.0])
    assert (figure.median, figure.low, figure.high, figure.runs) == (2.0, 1.0, 3.0, 3)
    assert figure.text() == "2 (1 to 3)"


def test_what_was_not_measured_in_every_run_is_left_out() -> None:
    assert list(summarise([{"a": 1.0, "b": 2.0}, {"a": 3.0}])) == ["a"]


def test_what_never_happened_can_be_stored_as_json() -> None:
    assert plain({"a": NEVER, "b": 1.0}) == {"a": "never", "b": 1.0}
    assert number(NEVER) == "never"


def test_a_goal_without_its_peer_is_not_met() -> None:
    assert not any(verdict.met for verdict in judge({}))
    assert len(judge({})) == len(GOALS)


@pytest.mark.parametrize(("seconds", "met"), [(1.9, True), (2.1, False), (NEVER, False)])
def test_a_goal_is_judged_by_the_median(seconds: float, met: bool) -> None:
    figures = {name_of(node.NAME, speed.RECOVERY): Figure.of([seconds])}
    verdicts = [verdict for verdict in judge(figures) if verdict.value is not None]
    assert [verdict.met for verdict in verdicts] == [met]


RESULTS = json.loads(run.RESULTS.read_text())["figures"]
MEASURED = {
    name: Figure(**{key: NEVER if it == "never" else it for key, it in figure.items()})
    for name, figure in RESULTS.items()
}


def test_the_page_shows_the_verdicts_of_the_stored_results() -> None:
    shown = page.PAGE.read_text(encoding="utf-8")
    for verdict in judge(MEASURED):
        assert verdict.value is not None, verdict.goal.text
        cells = (verdict.goal.text, number(verdict.value), "met" if verdict.met else "NOT MET")
        (row,) = [line for line in shown.splitlines() if line.startswith(f"| {cells[0]} | at ")]
        assert [cell.strip() for cell in row.split("|")[3:5]] == list(cells[1:])


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.text)
def test_a_node_that_is_ten_thousand_times_worse_misses_its_target(goal: Goal) -> None:
    worse = 1e-4 if goal.at_least else 1e4
    own = {name for name in MEASURED if name.startswith(f"{node.NAME} |")}
    if "to median" in goal.text:
        own = {name for name in own if speed.TO_STATE_P99 in name}
    elif "8 chips to 1" in goal.text:
        own = {name for name in own if quiet.at_chips(8) in name}
    figures = MEASURED | {name: Figure.of([MEASURED[name].median * worse]) for name in own}
    (verdict,) = [verdict for verdict in judge(figures) if verdict.goal is goal]
    assert not verdict.met


class _Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_the_load_generator_takes_packets_however_they_are_cut(size: int) -> None:
    received: list[tuple[bytes, bytes]] = []

    async def feed() -> bytes:
        load = Load(lambda topic, payload, _: received.append((topic, payload)), 1)
        transport = _Transport()
        load._transport = transport
        stream = publish_packet(b"a/state", b"ON") + publish_packet(b"b/state", b"x" * 300, 258)
        for start in range(0, len(stream), size):
            load.data_received(stream[start : start + size])
        return transport.written

    assert asyncio.run(feed()) == b"\x40\x02" + struct.pack("!H", 258)
    assert received == [(b"a/state", b"ON"), (b"b/state", b"x" * 300)]

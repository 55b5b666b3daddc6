# SPDX-License-Identifier: MIT
"""What the node must reach, as ratios to the peers of the same run, and whether it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import node, quiet, speed
from benchmarks.broker import NODELAY
from benchmarks.figures import Figure, name_of
from benchmarks.peers import echo, mqttio

Medians = Callable[..., float]  # (target, what, *where); KeyError when it was not measured

QOS = ("QoS 0", "QoS 1")
_MAIN = (QOS[0], NODELAY)


@dataclass(frozen=True)
class Goal:
    """A figure with a limit.

    Attributes:
        text: what it is.
        limit: that it must keep.
        at_least: the limit is the lowest value, not the highest.
        value: computes it.
    """

    text: str
    limit: float
    value: Callable[[Medians], float]
    at_least: bool = False


@dataclass(frozen=True)
class Verdict:
    """A goal and what was measured; None: a peer is missing."""

    goal: Goal
    value: float | None

    @property
    def met(self) -> bool:
        """Whether the limit is kept."""
        if self.value is None:
            return False
        return (
            self.value >= self.goal.limit if self.goal.at_least else self.value <= self.goal.limit
        )


def judge(figures: dict[str, Figure]) -> list[Verdict]:
    """Return every goal with what the medians say."""

    def median(target: str, what: str, *where: str) -> float:
        return figures[name_of(target, what, *where)].median

    verdicts = []
    for goal in GOALS:
        try:
            value: float | None = goal.value(median)
        except KeyError:
            value = None
        verdicts.append(Verdict(goal, value))
    return verdicts


def _to(peer: str, what: str, *where: str) -> Callable[[Medians], float]:
    """Return the ratio of the node to a peer."""
    return lambda median: median(node.NAME, what, *where) / median(peer, what, *where)


def _node(what: str, *where: str) -> Callable[[Medians], float]:
    return lambda median: median(node.NAME, what, *where)


def _tail(qos: str) -> Callable[[Medians], float]:
    """Return p99 to median of the node itself."""
    return lambda median: (
        median(node.NAME, speed.TO_STATE_P99, qos, NODELAY)
        / median(node.NAME, speed.TO_STATE, qos, NODELAY)
    )


def _slope(median: Medians) -> float:
    first, last = quiet.CHIP_COUNTS[0], quiet.CHIP_COUNTS[-1]
    ends = [median(node.NAME, quiet.at_chips(chips)) for chips in (first, last)]
    return ends[1] / ends[0]


_OF_MQTTIO = f"of {mqttio.NAME}'s"
_OF_ECHO = f"of the {echo.NAME} node's"

GOALS = (
    Goal(f"command to state, {_OF_MQTTIO}", 0.5, _to(mqttio.NAME, speed.TO_STATE, *_MAIN)),
    Goal(f"command to state, {_OF_ECHO}", 0.2, _to(echo.NAME, speed.TO_STATE, *_MAIN)),
    Goal("command to state, p99 to median at QoS 0", 2.5, _tail(QOS[0])),
    Goal("command to state, p99 to median at QoS 1", 2.5, _tail(QOS[1])),
    Goal(
        f"burst of 16 on one chip, last state, {_OF_MQTTIO}",
        0.2,
        _to(mqttio.NAME, speed.last_state(16), *_MAIN),
    ),
    Goal(
        f"burst of 128 over 8 chips, last latch, {_OF_MQTTIO}",
        0.08,
        _to(mqttio.NAME, speed.last_latch(128), *_MAIN),
    ),
    Goal(
        f"burst of 128 over 8 chips, last state, {_OF_MQTTIO}",
        0.15,
        _to(mqttio.NAME, speed.last_state(128), *_MAIN),
    ),
    Goal(
        f"burst of 512 over 128 pins, last state, {_OF_MQTTIO}",
        0.2,
        _to(mqttio.NAME, speed.last_state(512), *_MAIN),
    ),
    Goal(f"highest rate, {_OF_MQTTIO}", 3.5, _to(mqttio.NAME, speed.RATE), at_least=True),
    Goal(f"highest rate, {_OF_ECHO}", 15, _to(echo.NAME, speed.RATE), at_least=True),
    Goal("normal again after a load of 1.5 times that rate, s", 2.0, _node(speed.RECOVERY)),
    Goal("CPU when idle, %", 0.3, _node(quiet.CPU)),
    Goal("CPU when idle with an INT line, %", 0.3, _node(quiet.CPU_INT)),
    Goal("bus transactions when idle, per second and chip", 0.3, _node(quiet.IDLE_TRANSACTIONS)),
    Goal(quiet.INT_TRANSACTIONS, 0.3, _node(quiet.INT_TRANSACTIONS)),
    Goal("command to state, 8 chips to 1 chip", 1.1, _slope),
    Goal("latch writes per command, burst of 128", 0.15, _node(speed.writes(128), *_MAIN)),
    Goal("latch writes per command, burst of 512", 0.15, _node(speed.writes(512), *_MAIN)),
    Goal("wakes for one command", 2, _node(quiet.counted(quiet.SINGLE, quiet.WAKES))),
    Goal("reads for one command", 1, _node(quiet.counted(quiet.SINGLE, quiet.READS))),
    Goal("writes for one command", 1, _node(quiet.counted(quiet.SINGLE, quiet.WRITES))),
    Goal("reads for a burst of 128", 8, _node(quiet.counted(quiet.BURST, quiet.READS))),
    Goal("writes for a burst of 128", 8, _node(quiet.counted(quiet.BURST, quiet.WRITES))),
    Goal("wakes per second when idle", 2, _node(quiet.counted(quiet.IDLE, quiet.WAKES))),
    Goal(
        "bytes to write outputs of one port, of the least possible (3)",
        1.1,
        lambda median: median(node.NAME, quiet.WRITE_BYTES) / 3,
    ),
    Goal(
        "bytes to read inputs, of the least possible (5)",
        1.1,
        lambda median: median(node.NAME, quiet.POLL_BYTES) / 5,
    ),
    Goal(
        "bytes to service an interrupt, of the least possible (9)",
        1.1,
        lambda median: median(node.NAME, quiet.SERVICE_BYTES) / 9,
    ),
)

# SPDX-License-Identifier: MIT
"""What is measured, medians over runs, and their spread."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

# One run: figure name -> value. A name is "<target> | <what>[ | <QoS>[ | <broker>]]".
Sample = dict[str, float]

NEVER = math.inf  # for a time: it did not happen


def name_of(target: str, what: str, *where: str) -> str:
    """Return the name of a figure."""
    return " | ".join((target, what, *where))


def percentile(values: list[float], percent: float) -> float:
    """Return the value below which `percent` of the sorted values lie (nearest rank)."""
    ordered = sorted(values)
    rank = max(0, min(len(ordered) - 1, math.ceil(percent / 100 * len(ordered)) - 1))
    return ordered[rank]


@dataclass(frozen=True)
class Figure:
    """A measured figure: median of several runs, with the lowest and the highest."""

    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: list[float]) -> Figure:
        """Summarise one value per run."""
        return cls(statistics.median(values), min(values), max(values), len(values))

    def text(self) -> str:
        """Return the median and the spread for people."""
        if self.low == self.high:
            return number(self.median)
        return f"{number(self.median)} ({number(self.low)} to {number(self.high)})"


def number(value: float) -> str:
    """Return a value with three significant digits."""
    if math.isinf(value):
        return "never"
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{digits}f}"


def summarise(samples: list[Sample]) -> dict[str, Figure]:
    """Return a figure for every name that all runs have."""
    common = [name for name in samples[0] if all(name in sample for sample in samples)]
    return {name: Figure.of([sample[name] for sample in samples]) for name in common}


def plain(values: dict[str, float]) -> dict[str, float | str]:
    """Return values as JSON can have them: what never happened is the text "never"."""
    return {name: "never" if value == NEVER else value for name, value in values.items()}

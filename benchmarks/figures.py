# SPDX-License-Identifier: MIT
"""Medians and their spread."""

from __future__ import annotations

import statistics
from dataclasses import dataclass


def percentile(values: list[float], percent: float) -> float:
    """Return the value below which `percent` of the sorted values lie (nearest rank)."""
    ordered = sorted(values)
    rank = max(0, min(len(ordered) - 1, round(percent / 100 * len(ordered) + 0.5) - 1))
    return ordered[rank]


@dataclass(frozen=True)
class Figure:
    """A measured figure: median of several runs, with the lowest and the highest."""

    name: str
    unit: str
    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, name: str, unit: str, values: list[float]) -> Figure:
        """Summarise one value per run."""
        return cls(name, unit, statistics.median(values), min(values), max(values), len(values))

    def row(self) -> tuple[str, str, str]:
        """Return name, median and spread as texts."""
        digits = 0 if self.median >= 100 else 2
        return (
            self.name,
            f"{self.median:.{digits}f} {self.unit}",
            f"{self.low:.{digits}f} .. {self.high:.{digits}f}",
        )

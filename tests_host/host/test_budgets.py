# SPDX-License-Identifier: MIT
"""The firmware stays inside an ESP32 without PSRAM: budgets, measured on a 32-bit MicroPython.

The limits are in benchmarks/budgets.json; `make bench-memory` tells where the bytes are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from benchmarks import micropython32
from benchmarks.memory import (
    BUDGETS,
    Deployment,
    Memory,
    announces,
    deployed,
    measure_board_heap,
    measure_budgeted,
)

LIMITS: dict[str, int] = json.loads(BUDGETS.read_text())
SEARCHED = ("smallest heap for 128 entities", "largest block asked for")
LOAD_S = 5

# Budgets that the firmware exceeds, and by how much; an entry goes when the budget is held.
EXCEEDED: dict[str, str] = {}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    try:
        with deployed() as deployment:
            yield deployment
    except micropython32.Unavailable as unavailable:
        pytest.skip(str(unavailable))


@pytest.fixture(scope="module")
def memory(deployment: Deployment) -> Memory:
    return asyncio.run(measure_budgeted(deployment))


def budget(name: str) -> object:
    marks = []
    if name in EXCEEDED:
        marks.append(pytest.mark.xfail(reason=EXCEEDED[name], strict=False))
    return pytest.param(name, marks=marks, id=name)


@pytest.mark.parametrize("name", [budget(name) for name in LIMITS if name not in SEARCHED])
def test_budget_is_held(name: str, memory: Memory) -> None:
    modules = "".join(f"\n{m.heap:7} B heap, {m.mpy:6} B .mpy  {m.name}" for m in memory.modules)
    assert memory.figures[name] <= LIMITS[name], modules


def test_128_entities_stay_responsive_in_the_heap_of_a_stock_board(deployment: Deployment) -> None:
    asyncio.run(measure_board_heap(deployment, Memory(), LOAD_S))


def test_no_single_allocation_is_larger_than_its_budget(deployment: Deployment) -> None:
    holes = f"holes={LIMITS['largest block asked for']}"

    assert asyncio.run(announces(deployment.start(8, 0, None, holes)))

# SPDX-License-Identifier: MIT
"""The firmware stays inside an ESP32 without PSRAM: budgets, measured on a 32-bit MicroPython.

The limits are in benchmarks/budgets.json; `make bench-memory` tells where the bytes are.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator

import pytest
from benchmarks import micropython32
from benchmarks.deployed import Deployment, deployed
from benchmarks.memory import BUDGETS
from benchmarks.memory_figures import Memory, announces, measure_board_heap, measure_budgeted
from benchmarks.probed import NodeFailed

LIMITS: dict[str, int] = json.loads(BUDGETS.read_text())
LARGEST_BLOCK = "largest block asked for"
SMALLEST_HEAP = "smallest heap for 128 entities"
LOAD_S = 5

# Budgets that the firmware exceeds, and what it may take until it holds them. Lower a figure when
# the firmware has become smaller; an entry goes when the budget is held.
EXCEEDED = {
    "all of firmware/, .mpy": 226_000,  # components are still being added
    "16 entities, announced": 61_400,
    SMALLEST_HEAP: 119_800,
}

pytestmark = pytest.mark.timeout(300)


def exceeded(name: str) -> pytest.MarkDecorator:
    """Expect that a budget is not held; that it is all of a sudden fails, so that it stays so."""
    return pytest.mark.xfail(
        name in EXCEEDED,
        reason=f"up to {EXCEEDED.get(name)} of {LIMITS[name]}",
        raises=(AssertionError, NodeFailed),
        strict=True,
    )


def budgets() -> list[object]:
    names = [name for name in LIMITS if name not in (LARGEST_BLOCK, SMALLEST_HEAP)]
    return [pytest.param(name, marks=exceeded(name), id=name) for name in names]


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    try:
        micropython32.find()
    except micropython32.Unavailable as unavailable:
        pytest.skip(str(unavailable))
    with deployed() as deployment:
        yield deployment


@pytest.fixture(scope="module")
def memory(deployment: Deployment) -> Memory:
    return asyncio.run(measure_budgeted(deployment))


def by_module(memory: Memory) -> str:
    return "".join(f"\n{m.heap:7} B heap, {m.mpy:6} B .mpy  {m.name}" for m in memory.modules)


@pytest.mark.parametrize("name", budgets())
def test_budget_is_held(name: str, memory: Memory) -> None:
    assert memory.figures[name] <= LIMITS[name], by_module(memory)


def test_what_is_not_configured_is_not_imported(memory: Memory) -> None:
    # Chips with switches and binary sensors.
    configured = r"components\.(machine\.(i2c|claims)|devices\.(mcp23017|pin_|inputs)|entities)"
    other = r"components\.entities\.(?!row_keys|output|switch|binary_sensor|chatter)"
    features = ("interlock", "interrupt_line", "native_port", "presses", "pulses", "pin_access")
    imported = [module.name for module in memory.modules]
    components = [name for name in imported if name.startswith("components.")]
    assert [name for name in components if not re.match(configured, name)] == []
    assert [name for name in components if re.match(other, name)] == []
    assert [name for name in features if name in imported] == []


@pytest.mark.parametrize("name", [name for name in EXCEEDED if name != SMALLEST_HEAP])
def test_what_exceeds_its_budget_does_not_grow(name: str, memory: Memory) -> None:
    assert memory.figures[name] <= EXCEEDED[name], by_module(memory)


@exceeded(SMALLEST_HEAP)
def test_128_entities_run_under_load_in_the_heap_of_a_stock_board(deployment: Deployment) -> None:
    asyncio.run(measure_board_heap(deployment, Memory(), LIMITS[SMALLEST_HEAP], LOAD_S))


def test_128_entities_run_under_load_in_little_more_than_that(deployment: Deployment) -> None:
    asyncio.run(measure_board_heap(deployment, Memory(), EXCEEDED[SMALLEST_HEAP], LOAD_S))


def test_no_single_allocation_is_larger_than_its_budget(deployment: Deployment) -> None:
    holes = f"holes={LIMITS[LARGEST_BLOCK]}"

    assert asyncio.run(announces(deployment.start(8, 0, None, holes)))

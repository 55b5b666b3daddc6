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
from benchmarks.memory_figures import Memory, announces, measure_board_heap, measure_budgeted
from benchmarks.memory_report import BUDGETS, ONE_NODE

LIMITS: dict[str, int] = json.loads(BUDGETS.read_text())
LARGEST_BLOCK = "largest block asked for"
SMALLEST_HEAP = "smallest heap for 128 entities"
# Those that need a test of their own.
ELSEWHERE = (LARGEST_BLOCK, SMALLEST_HEAP, ONE_NODE)
LOAD_S = 5

pytestmark = pytest.mark.timeout(300)


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


@pytest.mark.parametrize("name", [name for name in LIMITS if name not in ELSEWHERE])
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


def test_128_entities_run_under_load_in_the_heap_of_a_stock_board(deployment: Deployment) -> None:
    asyncio.run(measure_board_heap(deployment, Memory(), LIMITS[SMALLEST_HEAP], LOAD_S))


def test_no_single_allocation_is_larger_than_its_budget(deployment: Deployment) -> None:
    holes = f"holes={LIMITS[LARGEST_BLOCK]}"

    assert asyncio.run(announces(deployment.start(8, 0, None, holes)))

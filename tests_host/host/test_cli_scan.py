# SPDX-License-Identifier: MIT
"""`yard scan` against real mosquitto and a scripted node."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest

from desk import YARD, yard_after
from mosquitto import Mosquitto
from scripted_node import ScriptedNode

# Waits for a node and a broker that a computer which stalls cannot keep waiting for too long.
PATIENT = yard_after("import yard.rpc; yard.rpc._ANSWER_S = 30; yard.rpc._RETAINED_S = 4")

Scan = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def node(broker: Mosquitto) -> Iterator[ScriptedNode]:
    running = ScriptedNode(broker.port)
    yield running
    running.close()


@pytest.fixture
def scan(broker: Mosquitto) -> Scan:
    def run(*arguments: str, program: list[str] = PATIENT) -> subprocess.CompletedProcess[str]:
        command = [*program, "scan", "--port", str(broker.port), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)

    return run


def test_the_bus_is_shown_as_i2cdetect_does_with_the_names_of_the_chips(
    node: ScriptedNode, scan: Scan
) -> None:
    node.found = ("0x20", "0x3c")
    done = scan()
    assert done.returncode == 0
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines == [
        "i2c",
        "      0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f",
        "00:                          -- -- -- -- -- -- -- --",
        "10:  -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- --",
        "20:  20 -- -- -- -- -- -- -- -- -- -- -- -- -- -- --",
        "30:  -- -- -- -- -- -- -- -- -- -- -- -- 3c -- -- --",
        "40:  -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- --",
        "50:  -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- --",
        "60:  -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- --",
        "70:  -- -- -- -- -- -- -- --",
        "0x20  chip20",
        "0x3c  no component",
    ]


def test_a_chip_of_a_component_that_does_not_answer_is_status_1(
    node: ScriptedNode, scan: Scan
) -> None:
    node.found = ("0x21",)
    done = scan("desk")
    assert done.returncode == 1
    assert "0x20  chip20 does not answer" in done.stdout


@pytest.mark.parametrize("fault", ["", "the bus is stuck"])
def test_a_bus_on_which_nothing_answers_is_status_1(
    node: ScriptedNode, scan: Scan, fault: str
) -> None:
    node.found = ()
    node.bus_fault = fault
    node.chips = {"gpio": (None, [])}
    done = scan("desk")
    assert done.returncode == 1
    assert done.stdout.startswith(f"i2c  {fault}")


def test_json_lines_for_scripts(node: ScriptedNode, scan: Scan) -> None:
    node.found = ("0x21",)
    rows = [json.loads(line) for line in scan("desk", "--json").stdout.splitlines()]
    assert rows == [
        {"bus": "i2c", "address": "0x21", "components": [], "answers": True},
        {"bus": None, "address": "0x20", "components": ["chip20"], "answers": False},
    ]


def test_a_node_that_does_not_answer_is_one_line_and_status_1(
    node: ScriptedNode, scan: Scan
) -> None:
    node.answers = False
    done = scan("desk", program=YARD)
    assert done.returncode == 1
    assert done.stderr.startswith("yard: no answer on home/desk/rpc/response within 3 s")
    assert done.stderr.count("\n") == 1

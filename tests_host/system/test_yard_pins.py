# SPDX-License-Identifier: MIT
"""`yard pins` and `yard scan` with the real firmware and the simulated board."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from desk import Desk, StartSim, wait_until, yard_after
from terminal import Terminal

# A computer that stalls may need longer than these limits.
PATIENT = yard_after("import yard.rpc; yard.rpc._ANSWER_S = 30; yard.rpc._RETAINED_S = 4")


def yard(desk: Desk, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*PATIENT, *arguments, "--port", str(desk.mqtt_port)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def rows(desk: Desk, *arguments: str) -> list[dict[str, Any]]:
    """Return what `yard pins --json` prints."""
    done = yard(desk, "pins", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def opened() -> Iterator[Callable[[Desk], Terminal]]:
    """Function that opens `yard pins` of a desk on a terminal."""
    terminals: list[Terminal] = []

    def start(desk: Desk) -> Terminal:
        terminals.append(Terminal([*PATIENT, "pins", "--port", str(desk.mqtt_port)]))
        terminals[-1].wait_for("connected to")
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


def test_every_pin_of_every_chip_is_in_the_table(sim: StartSim) -> None:
    desk = sim()
    table = rows(desk)
    assert [(row["chip"], row["board"], row["pin"]) for row in table] == [
        (f"chip{address:02x}", f"0x{address:02x}", pin)
        for address in (0x20, 0x21)
        for pin in range(16)
    ]
    light = table[0]
    assert (light["key"], light["name"], light["function"]) == (
        "chip20/out0",
        "Light 1",
        "light",
    )
    assert (light["direction"], light["state"], light["online"]) == ("out", "OFF", True)
    assert [row["direction"] for row in table].count("in") == 6
    assert len(rows(desk, "--chip", "chip21")) == 16


def test_a_key_switches_the_latch_and_the_table_shows_it(
    sim: StartSim, opened: Callable[[Desk], Terminal]
) -> None:
    desk = sim()
    terminal = opened(desk)
    terminal.wait_for("Light 3")
    terminal.type("jj\r")
    wait_until(lambda: desk.board.latch(0x20) == 1 << 2)
    wait_until(lambda: "ON" in terminal.wait_for("Light 3").split())
    terminal.type(" ")
    wait_until(lambda: desk.board.latch(0x20) == 0)
    wait_until(lambda: "OFF" in terminal.wait_for("Light 3").split())
    terminal.type("q")
    assert terminal.wait_end() == 0


def test_a_press_and_a_chip_without_power_are_shown(
    sim: StartSim, opened: Callable[[Desk], Terminal]
) -> None:
    desk = sim()
    terminal = opened(desk)
    terminal.type("l")
    before = terminal.wait_for("chip21  GPA0").split()
    desk.board.drive(0x21, 0, 0)
    wait_until(lambda: terminal.wait_for("chip21  GPA0").split()[:7] != before[:7])
    desk.board.power(0x20, False)
    wait_until(lambda: "offline" in terminal.wait_for("chip20  GPB7"))


def test_scan_shows_the_chips_and_misses_one_without_power(sim: StartSim) -> None:
    desk = sim()
    done = yard(desk, "scan")
    assert done.returncode == 0, done.stderr
    assert "20:  20 21 --" in done.stdout
    assert "0x21  chip21" in done.stdout
    desk.board.power(0x21, False)
    done = yard(desk, "scan")
    assert done.returncode == 1
    assert "0x21  chip21 does not answer" in done.stdout

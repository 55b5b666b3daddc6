# SPDX-License-Identifier: MIT
"""Chips with 8 pins on the simulated board; what they do is tested with the firmware."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from yard.board.rows import chip_row, line_row
from yard.model.board import Board
from yard.model.hc595 import HC595
from yard.model.mcp23008 import MCP23008
from yard.model.native import IN, OUT, PULL_NONE, PULL_UP
from yard.model.pcf8574 import PCF8574
from yard.sim import expanders


def member(package: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {"package": f".devices.{package}", "component": name, "constructor_args": arguments}


def board_of(**members: Any) -> Board:
    board = Board([0x20])
    expanders.attach(board, json.dumps(members).encode())
    return board


def test_a_configuration_brings_its_chips() -> None:
    board = board_of(
        a=member("mcp23008", "MCP23008", address="0x21"),
        b=member("pcf8574", "PCF8574", address=0x38),
    )
    assert board.bus.scan() == [0x20, 0x21, 0x38]


def test_chips_share_an_int_line() -> None:
    board = board_of(
        a=member("pcf8574", "PCF8574", address=0x21, int_pin=4),
        b=member("pcf8574", "PCF8574", address=0x22, int_pin=4),
    )
    board.pin_mode(4, IN, PULL_UP)
    chips = [board.chips[address] for address in (0x21, 0x22)]
    assert board.pin_read(4) == 1
    for chip in chips:
        chip.drive(0, 0)
    assert board.pin_read(4) == 0
    board.bus.transfer(0x21, None, bytearray(1))
    assert board.pin_read(4) == 0
    board.bus.transfer(0x22, None, bytearray(1))
    assert board.pin_read(4) == 1


@pytest.mark.parametrize(
    "broken",
    [
        member("mcp23008", "MCP23008"),
        member("mcp23008", "MCP23008", address=0x20),
        member("mcp23008", "MCP23008", address="twenty"),
        member("pcf8574", "PCF8574", address=0x21, int_pin="4"),
        member("hc595", "HC595", ser=1, srclk=2),
        {"package": ".devices.hc595"},
        "text",
    ],
)
def test_what_a_configuration_says_wrongly_is_left_out(broken: object) -> None:
    board = board_of(a=broken, b=member("pcf8574", "PCF8574", address=0x39))
    assert 0x39 in board.bus.scan()


@pytest.mark.parametrize("chip", [MCP23008(), PCF8574()])
@pytest.mark.parametrize("pin", [-1, 8])
def test_pins_that_a_chip_does_not_have_are_refused(chip: MCP23008 | PCF8574, pin: int) -> None:
    with pytest.raises(ValueError, match="pin must be 0 to 7"):
        chip.drive(pin, 0)


def test_all_chips_are_told_as_they_are() -> None:
    board = board_of(
        a=member("mcp23008", "MCP23008", address=0x21, int_pin=4),
        b=member("pcf8574", "PCF8574", address=0x38),
    )
    board.bus.transfer(0x38, b"\xfe")
    rows = {address: chip_row(board, address) for address in board.chips}
    models = {address: row["model"] for address, row in rows.items()}
    assert models == {0x20: "MCP23017", 0x21: "MCP23008", 0x38: "PCF8574"}
    assert rows[0x21]["registers"]["IODIR"] == 0xFF
    assert (rows[0x38]["registers"], rows[0x38]["levels"]) == ({"P": 0xFE}, 0xFE)
    assert rows[0x38]["transactions"] == 1
    assert line_row(board, 4)["outputs"] == [["0x21", "INT"]]


# -- facts of the data sheets ---------------------------------------------------------------


def test_mcp23008_after_power_on() -> None:
    registers = MCP23008().registers()
    assert registers.pop("IODIR") == 0xFF
    assert set(registers.values()) == {0}


def test_mcp23008_captures_the_first_change_until_it_is_read() -> None:
    chip = MCP23008()
    chip.transfer(bytes((0x05, 0x04)), None)
    chip.transfer(bytes((0x02, 0x03)), None)
    assert chip.int_outputs() == (None,)
    chip.drive(0, 1)
    chip.drive(1, 1)
    assert chip.int_outputs() == (0,)
    got = bytearray(3)
    chip.transfer(b"\x07", got)  # INTF, INTCAP, GPIO
    assert list(got) == [1, 1, 3]
    assert chip.int_outputs() == (None,)


def test_mcp23008_without_seqop_increments_and_wraps_and_with_it_stays() -> None:
    chip = MCP23008()
    got = bytearray(12)
    chip.transfer(b"\x00", got)
    assert got[0] == got[11] == 0xFF
    chip.transfer(bytes((0x05, 0x20)), None)
    chip.transfer(bytes((0x0A, 1, 2, 3)), None)
    assert chip.registers()["OLAT"] == 3
    assert chip.registers()["IODIR"] == 0xFF


def test_pcf8574_is_high_after_power_on_and_quasi_bidirectional() -> None:
    chip = PCF8574()
    assert chip.levels() == 0xFF
    chip.transfer(b"\xf0", None)
    chip.drive(7, 0)  # wins against the current source
    chip.drive(0, 1)  # loses against the transistor
    assert chip.levels() == 0x70
    chip.power(False)
    chip.power(True)
    assert chip.levels() == 0x7F


def test_pcf8574_interrupt_ends_with_a_read_a_write_or_when_the_input_is_back() -> None:
    chip = PCF8574()
    ends: list[Callable[[], None]] = [
        lambda: chip.transfer(None, bytearray(1)),
        lambda: chip.transfer(b"\xff", None),
        lambda: chip.drive(3, None),
    ]
    for end in ends:
        chip.drive(3, None)
        chip.transfer(None, bytearray(1))
        assert chip.int_outputs() == (None,)
        chip.drive(3, 0)
        assert chip.int_outputs() == (0,)
        end()
        assert chip.int_outputs() == (None,)


def test_hc595_shifts_on_srclk_takes_over_on_rclk_and_is_silent_while_oe_is_high() -> None:
    board = Board([])
    data, clock, latch, enable = 23, 18, 27, 19
    for gpio in (data, clock, latch, enable):
        board.pin_mode(gpio, OUT, PULL_NONE)
    chain = HC595(board, data, clock, latch, enable, registers=2)
    board.pin_write(enable, 1)
    before = chain.outputs
    for i in range(16):
        board.pin_write(data, 1 if i == 0 else 0)
        board.pin_write(clock, 1)
        board.pin_write(clock, 0)
    assert (chain.outputs, chain.levels()) == (before, None)
    board.pin_write(latch, 1)
    assert chain.outputs == 0x8000  # what was sent first is QH of the last register
    board.pin_write(enable, 0)
    assert chain.levels() == 0x8000

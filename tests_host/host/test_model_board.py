# SPDX-License-Identifier: MIT
"""The board model: interrupt lines, native pins, listeners."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yard.model.board import Board
from yard.model.native import IN, OPEN_DRAIN, OUT, PULL_DOWN, PULL_NONE, PULL_UP

GPINTENA, IOCON, GPIOA = 0x04, 0x0A, 0x12
ODR, INTPOL = 0x04, 0x02
LINE = 4


def shared_line() -> Board:
    """Two chips with open-drain outputs on one line, interrupt on change on port A."""
    board = Board((0x20, 0x21), wiring={LINE: [(0x20, "INTA"), (0x21, "INTA")]})
    for address in board.chips:
        board.bus.transfer(address, bytes((IOCON, ODR)))
        board.bus.transfer(address, bytes((GPINTENA, 0xFF)))
    return board


def read_gpio(board: Board, address: int) -> None:
    board.bus.transfer(address, bytes((GPIOA,)), bytearray(2))


def test_shared_line_is_low_while_one_chip_pulls_it() -> None:
    board = shared_line()
    assert board.pin_read(LINE) == 1
    board.chips[0x20].drive(0, 1)
    board.chips[0x21].drive(0, 1)
    read_gpio(board, 0x20)
    assert board.pin_read(LINE) == 0
    read_gpio(board, 0x21)
    assert board.pin_read(LINE) == 1


def test_line_goes_up_when_the_chip_that_pulled_it_loses_power() -> None:
    board = shared_line()
    board.chips[0x20].drive(0, 1)
    board.chips[0x20].power(False)
    assert board.pin_read(LINE) == 1


def test_active_high_output_keeps_the_line_low_until_it_fires() -> None:
    board = Board((0x20,), wiring={LINE: [(0x20, "INTB")]})
    board.bus.transfer(0x20, bytes((IOCON, INTPOL)))
    board.bus.transfer(0x20, bytes((GPINTENA + 1, 0xFF)))
    assert board.pin_read(LINE) == 0
    board.chips[0x20].drive(8, 1)
    assert board.pin_read(LINE) == 1


@given(st.lists(st.tuples(st.sampled_from(["drive", "read"]), st.integers(0, 1), st.booleans())))
def test_line_is_the_wired_and_of_its_outputs(steps) -> None:
    board = shared_line()
    told = board.pin_read(LINE)

    def listen(gpio: int, level: int) -> None:
        nonlocal told
        assert (gpio, level) == (LINE, 1 - told)  # only changes are told
        told = level

    board.pin_listeners.append(listen)
    for kind, chip, level in steps:
        if kind == "drive":
            board.chips[0x20 + chip].drive(3, int(level))
        else:
            read_gpio(board, 0x20 + chip)
        pulled = any(board.chips[address].int_outputs()[0] == 0 for address in board.chips)
        assert board.pin_read(LINE) == told == (0 if pulled else 1)


def test_chip_listener_hears_levels_of_the_pins() -> None:
    board = Board((0x20, 0x21))
    heard = []
    board.chip_listeners.append(lambda address, levels: heard.append((address, levels)))
    board.chips[0x21].drive(9, 1)
    board.bus.transfer(0x20, b"\x00\xfe")
    board.bus.transfer(0x20, b"\x14\x01")
    board.bus.transfer(0x20, b"\x0a\x02")  # an interrupt output moves, no pin does
    board.chips[0x20].power(False)
    assert heard == [(0x21, 0x0200), (0x20, 0x0001), (0x20, 0x0000)]


@pytest.mark.parametrize(
    "pull, drive, expected",
    [
        (PULL_NONE, None, 0),
        (PULL_UP, None, 1),
        (PULL_DOWN, None, 0),
        (PULL_UP, 0, 0),
        (PULL_DOWN, 1, 1),
    ],
)
def test_native_input_follows_the_outside_then_its_pull(pull, drive, expected) -> None:
    board = Board(())
    board.drive_pin(5, drive)
    assert board.pin_mode(5, IN, pull) == expected
    assert board.pin_read(5) == expected


def test_native_output_shows_what_the_node_writes() -> None:
    board = Board(())
    board.drive_pin(5, 0)
    board.pin_write(5, 1)
    assert board.pin_read(5) == 0
    board.pin_mode(5, OUT, PULL_NONE)
    assert board.pin_read(5) == 1


def test_open_drain_pin_pulls_low_or_lets_the_outside_decide() -> None:
    board = Board(())
    board.pin_mode(5, OPEN_DRAIN, PULL_UP)
    assert board.pin_read(5) == 0
    board.pin_write(5, 1)
    assert board.pin_read(5) == 1
    board.drive_pin(5, 0)
    assert board.pin_read(5) == 0


def test_new_mode_ends_pwm() -> None:
    board = Board(())
    board.pin(5).pwm = (1000, 32768)
    board.pin_mode(5, OUT, PULL_NONE)
    assert board.pin(5).pwm is None


def test_reset_of_the_node_releases_its_pins_and_keeps_the_outside() -> None:
    board = Board(())
    heard = []
    board.pin_mode(5, OUT, PULL_NONE)
    board.pin_write(5, 1)
    board.drive_pin(6, 1)
    board.pin_listeners.append(lambda gpio, level: heard.append((gpio, level)))
    board.release_pins()
    assert heard == [(5, 0)]
    assert board.pin_read(6) == 1
    assert board.pin_mode(5, OUT, PULL_NONE) == 0


def test_wifi_listener_hears_changes_only() -> None:
    board = Board(())
    heard: list[bool] = []
    board.wifi_listeners.append(heard.append)
    board.set_wifi(True)
    board.set_wifi(False)
    board.set_wifi(False)
    assert heard == [False]
    assert not board.wifi


@pytest.mark.parametrize("address", [0x1F, 0x28])
def test_address_that_no_mcp23017_has_is_refused(address: int) -> None:
    with pytest.raises(ValueError, match=f"0x{address:02x}"):
        Board((address,))


@pytest.mark.parametrize("output", [(0x21, "INTA"), (0x20, "INTC")])
def test_wire_to_an_output_that_is_not_there_is_refused(output: tuple[int, str]) -> None:
    with pytest.raises(ValueError, match=output[1]):
        Board((0x20,), wiring={4: [output]})


def test_values_out_of_range_are_refused() -> None:
    board = Board(())
    for call in (
        lambda: board.pin_read(49),
        lambda: board.pin_read(-1),
        lambda: board.drive_pin(4, 2),
        lambda: board.pin_mode(4, 3, 0),
        lambda: board.pin_mode(4, 0, 3),
    ):
        with pytest.raises(ValueError):
            call()
    assert 49 not in board.pins

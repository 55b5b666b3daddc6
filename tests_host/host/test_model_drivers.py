# SPDX-License-Identifier: MIT
"""The chip model under two public drivers that know nothing of it.

`adafruit_mcp230xx` (over adafruit_bus_device, 16-bit registers, GPIO for output) and `mcp23017`
from PyPI (SMBus byte transfers, OLAT for output). Each is driven for itself, then one checks what
the other has done.
"""

from __future__ import annotations

import digitalio
import mcp23017 as pypi
import pytest
from adafruit_mcp230xx.mcp23008 import MCP23008 as AdafruitMCP23008
from adafruit_mcp230xx.mcp23017 import MCP23017 as AdafruitMCP23017
from hypothesis import given
from hypothesis import strategies as st

from yard.model.board import Board
from yard.model.bus import Bus
from yard.model.mcp23008 import MCP23008

ADDRESS = 0x21


class BusioI2C:
    """`busio.I2C` as far as adafruit_bus_device uses it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._locked = False

    def try_lock(self) -> bool:
        if self._locked:
            return False
        self._locked = True
        return True

    def unlock(self) -> None:
        assert self._locked
        self._locked = False

    def writeto(self, address, buffer, *, start=0, end=None) -> None:
        assert self._locked
        self._bus.transfer(address, memoryview(buffer)[start:end])

    def readfrom_into(self, address, buffer, *, start=0, end=None) -> None:
        assert self._locked
        self._bus.transfer(address, None, memoryview(buffer)[start:end])

    def writeto_then_readfrom(
        self,
        address,
        out_buffer,
        in_buffer,
        *,
        out_start=0,
        out_end=None,
        in_start=0,
        in_end=None,
    ) -> None:
        assert self._locked
        self._bus.transfer(
            address,
            memoryview(out_buffer)[out_start:out_end],
            memoryview(in_buffer)[in_start:in_end],
        )


class SMBus:
    """`smbus.SMBus` as far as the driver from PyPI uses it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def write_byte_data(self, address: int, register: int, value: int) -> None:
        self._bus.transfer(address, bytes((register, value)))

    def read_byte_data(self, address: int, register: int) -> int:
        received = bytearray(1)
        self._bus.transfer(address, bytes((register,)), received)
        return received[0]

    def read_byte(self, address: int) -> int:
        received = bytearray(1)
        self._bus.transfer(address, None, received)
        return received[0]


@pytest.fixture
def board() -> Board:
    return Board((ADDRESS,))


@pytest.fixture
def adafruit(board: Board) -> AdafruitMCP23017:
    return AdafruitMCP23017(BusioI2C(board.bus), ADDRESS)


@pytest.fixture
def other(board: Board) -> pypi.MCP23017:
    return pypi.MCP23017(ADDRESS, SMBus(board.bus))


# adafruit_mcp230xx


def test_adafruit_finds_the_chip_and_no_other(board: Board) -> None:
    AdafruitMCP23017(BusioI2C(board.bus), ADDRESS)
    with pytest.raises(ValueError, match="No I2C device"):
        AdafruitMCP23017(BusioI2C(board.bus), 0x20)


@pytest.mark.parametrize("pin", range(16))
def test_adafruit_switches_an_output(board: Board, adafruit: AdafruitMCP23017, pin: int) -> None:
    output = adafruit.get_pin(pin)
    output.switch_to_output(value=True)
    assert board.chips[ADDRESS].levels() == 1 << pin
    assert output.value is True
    assert output.direction == digitalio.Direction.OUTPUT
    output.value = False
    assert board.chips[ADDRESS].levels() == 0
    assert output.value is False


@pytest.mark.parametrize("pin", range(16))
def test_adafruit_reads_an_input(board: Board, adafruit: AdafruitMCP23017, pin: int) -> None:
    chip = board.chips[ADDRESS]
    key = adafruit.get_pin(pin)
    key.switch_to_input(pull=digitalio.Pull.UP)
    assert key.value is True
    assert key.pull == digitalio.Pull.UP
    chip.drive(pin, 0)
    assert key.value is False
    key.invert_polarity = True
    assert key.value is True
    chip.drive(pin, 1)
    assert key.value is False
    key.pull = None
    chip.drive(pin, None)
    assert key.value is True  # floats at 0, inverted


def test_adafruit_gets_back_what_it_wrote(adafruit: AdafruitMCP23017) -> None:
    names = ("iodir", "gppu", "ipol", "default_value", "interrupt_configuration")
    for number, name in enumerate((*names, "interrupt_enable")):
        value = 0x1234 << number & 0xFFFF
        setattr(adafruit, name, value)
        assert getattr(adafruit, name) == value, name


def test_adafruit_handles_an_interrupt_on_change(board: Board, adafruit: AdafruitMCP23017) -> None:
    chip = board.chips[ADDRESS]
    adafruit.io_control = 0x44  # both outputs mirrored, open drain
    adafruit.gppu = 0xFFFF
    adafruit.clear_ints()
    adafruit.interrupt_configuration = 0x0000
    adafruit.interrupt_enable = 0xFFFF
    assert chip.int_outputs() == (None, None)
    chip.drive(10, 0)
    assert chip.int_outputs() == (0, 0)
    assert adafruit.int_flag == [10]
    assert adafruit.int_flagb == [10]
    assert adafruit.int_flaga == []
    assert chip.int_outputs() == (0, 0)
    chip.drive(10, 1)
    port_b = [int(pin != 10) for pin in range(8, 16)]
    assert adafruit.int_cap == [0] * 8 + port_b  # port A had no interrupt to capture
    assert adafruit.int_flag == []
    assert chip.int_outputs() == (None, None)


def test_adafruit_handles_an_interrupt_on_level(board: Board, adafruit: AdafruitMCP23017) -> None:
    chip = board.chips[ADDRESS]
    adafruit.default_value = 0x0001
    adafruit.interrupt_configuration = 0x0001
    chip.drive(0, 1)
    adafruit.interrupt_enable = 0x0001
    assert adafruit.int_flag == []
    chip.drive(0, 0)
    assert adafruit.int_flag == [0]
    adafruit.clear_inta()
    assert adafruit.int_flag == [0]
    chip.drive(0, 1)
    adafruit.clear_inta()
    assert adafruit.int_flag == []


# mcp23017 from PyPI


@pytest.mark.parametrize("pin", pypi.ALL_GPIO)
def test_pypi_driver_switches_an_output(board: Board, other: pypi.MCP23017, pin: int) -> None:
    other.pin_mode(pin, pypi.OUTPUT)
    other.digital_write(pin, pypi.HIGH)
    assert board.chips[ADDRESS].levels() == 1 << pin
    assert other.digital_read(pin) == pypi.HIGH
    other.digital_write(pin, pypi.LOW)
    assert board.chips[ADDRESS].levels() == 0
    assert other.digital_read(pin) == pypi.LOW


def test_pypi_driver_reads_inputs(board: Board, other: pypi.MCP23017) -> None:
    other.set_all_input()
    board.chips[ADDRESS].drive(3, 1)
    board.chips[ADDRESS].drive(15, 1)
    assert other.digital_read_all() == [0x08, 0x80]
    other.write(pypi.GPPUA, 0xFF)
    other.write(pypi.IPOLA, 0x0F)
    assert other.digital_read_all() == [0xF0, 0x80]


def test_pypi_driver_handles_an_interrupt(board: Board, other: pypi.MCP23017) -> None:
    chip = board.chips[ADDRESS]
    other.set_interrupt_mirror(True)
    other.set_interrupt(pypi.GPA2, True)
    assert chip.int_outputs() == (1, 1)
    chip.drive(2, 1)
    assert chip.int_outputs() == (0, 0)
    flags_a, flags_b = other.read_interrupt_flags()
    assert flags_a == list("00100000")  # pin 0 first
    assert flags_b == list("00000000")
    assert chip.int_outputs() == (0, 0)
    captured_a, _ = other.read_interrupt_captures()
    assert captured_a == list("00100000")
    assert chip.int_outputs() == (1, 1)


def test_pypi_driver_scans_the_bus(board: Board, other: pypi.MCP23017) -> None:
    assert other.i2c.scan() == [ADDRESS]


# One driver checks the other


@given(
    iodir=st.integers(0, 0xFFFF),
    latch=st.integers(0, 0xFFFF),
    pull_up=st.integers(0, 0xFFFF),
    inverted=st.integers(0, 0xFFFF),
    outside=st.lists(st.sampled_from([0, 1, None]), min_size=16, max_size=16),
)
def test_both_drivers_see_one_chip(iodir, latch, pull_up, inverted, outside) -> None:
    board = Board((ADDRESS,))
    adafruit = AdafruitMCP23017(BusioI2C(board.bus), ADDRESS)
    other = pypi.MCP23017(ADDRESS, SMBus(board.bus))
    for pin, level in enumerate(outside):
        board.chips[ADDRESS].drive(pin, level)
    adafruit.gpio = latch
    adafruit.iodir = iodir
    adafruit.gppu = pull_up
    adafruit.ipol = inverted
    assert [other.read(pypi.OLATA), other.read(pypi.OLATB)] == [latch & 0xFF, latch >> 8]
    assert [other.read(pypi.IODIRA), other.read(pypi.IODIRB)] == [iodir & 0xFF, iodir >> 8]
    port_a, port_b = other.digital_read_all()
    assert adafruit.gpio == port_a | port_b << 8
    for pin in range(16):
        level = outside[pin]
        if not iodir >> pin & 1:
            level = latch >> pin & 1
        elif level is None:
            level = pull_up >> pin & 1
        expected = pypi.HIGH if level != inverted >> pin & 1 else pypi.LOW
        assert other.digital_read(pin) == expected


# adafruit_mcp230xx with an MCP23008


@pytest.mark.parametrize("pin", range(8))
def test_adafruit_uses_every_pin_of_an_mcp23008(pin: int) -> None:
    bus, model = Bus(), MCP23008()
    bus.attach(ADDRESS, model)
    driver = AdafruitMCP23008(BusioI2C(bus), ADDRESS)
    output = driver.get_pin(pin)
    output.switch_to_output(value=True)
    assert model.levels() == 1 << pin
    output.value = False
    assert model.levels() == 0
    key = driver.get_pin(7 - pin)
    key.switch_to_input(pull=digitalio.Pull.UP)
    assert key.value is True
    model.drive(7 - pin, 0)
    assert key.value is False
    driver.interrupt_enable = 0xFF
    driver.io_control = 0x04
    driver.clear_ints()
    assert model.int_outputs() == (None,)
    model.drive(7 - pin, 1)
    assert model.int_outputs() == (0,)
    assert driver.int_flag == [7 - pin]
    driver.clear_ints()
    assert model.int_outputs() == (None,)

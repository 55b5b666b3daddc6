# SPDX-License-Identifier: MIT
"""tools/yard/port: machine.I2C and SoftI2C behave as on the ESP32, errors and time included."""

import errno
from time import ticks_diff, ticks_us

import board_link
from board_link import attach
from machine import I2C, Pin, SoftI2C

from harness import allocated, raises
from yard.model.board import Board

IODIRA, GPPUA, OLATA = 0x00, 0x0C, 0x14


def bus(frequency=400_000):
    """A board with chips at 0x20 and 0x21, and the bus they are on."""
    board = attach(Board([0x20, 0x21]))
    return board, I2C(0, scl=Pin(22), sda=Pin(21), freq=frequency)


def elapsed_us(fn, *args):
    started = ticks_us()
    try:
        fn(*args)
    except OSError:
        pass
    return ticks_diff(ticks_us(), started)


def test_scan_lists_what_acknowledges():
    board, i2c = bus()
    assert i2c.scan() == [0x20, 0x21]
    board.chips[0x20].power(False)
    assert i2c.scan() == [0x21]


def test_registers_are_written_and_read():
    board, i2c = bus()
    i2c.writeto_mem(0x20, IODIRA, b"\xf0\x0f")
    assert board.chips[0x20].registers()["IODIRB"] == 0x0F
    assert i2c.readfrom_mem(0x20, IODIRA, 2) == b"\xf0\x0f"
    into = bytearray(2)
    i2c.readfrom_mem_into(0x20, IODIRA, into)
    assert into == b"\xf0\x0f"
    i2c.readfrom_mem_into(0x20, IODIRA, memoryview(into)[1:])
    assert into == b"\xf0\xf0"


def test_a_register_read_is_one_transaction():
    board, i2c = bus()
    i2c.readfrom_mem(0x20, IODIRA, 2)
    i2c.writeto_mem(0x20, IODIRA, b"\xff\xff")
    assert board.bus.traffic.transactions == 2


def test_plain_transfers_share_the_address_pointer():
    board, i2c = bus()
    assert i2c.writeto(0x20, bytes((GPPUA, 0x55, 0xAA))) == 3
    assert i2c.writeto(0x20, bytes((GPPUA,)), False) == 1
    assert i2c.readfrom(0x20, 2) == b"\x55\xaa"
    assert i2c.writevto(0x20, (bytes((OLATA,)), b"\x12", bytearray(b"\x34"))) == 3
    assert board.chips[0x20].registers()["OLATB"] == 0x34
    i2c.writeto(0x20, bytes((GPPUA,)))
    into = bytearray(1)
    i2c.readfrom_into(0x20, into)
    assert into == b"\x55"


def test_nobody_at_the_address_is_enodev():
    board, i2c = bus()
    for call, args in (
        (i2c.readfrom_mem, (0x22, IODIRA, 1)),
        (i2c.writeto_mem, (0x22, IODIRA, b"\0")),
        (i2c.writeto, (0x22, b"")),
        (i2c.readfrom, (0x22, 1)),
    ):
        assert raises(OSError, call, *args).errno == errno.ENODEV
    board.bus.nack.add(0x20)
    assert raises(OSError, i2c.readfrom_mem, 0x20, IODIRA, 1).errno == errno.ENODEV


def test_the_second_peripheral_has_no_devices():
    bus()
    assert I2C(1).scan() == []


def test_a_stuck_bus_is_etimedout_after_the_timeout():
    board = attach(Board([0x20]))
    i2c = I2C(0, scl=Pin(22), sda=Pin(21), timeout=20_000)
    board.bus.stuck_sda = True
    assert raises(OSError, i2c.readfrom_mem, 0x20, IODIRA, 1).errno == errno.ETIMEDOUT
    assert 20_000 <= elapsed_us(i2c.readfrom_mem, 0x20, IODIRA, 1) < 60_000


def test_a_transfer_lasts_as_long_as_on_the_bus():
    for frequency in (10_000, 100_000):
        board, i2c = bus(frequency)
        took = elapsed_us(i2c.writeto_mem, 0x20, OLATA, b"\x55\xaa")
        clocks = 4 * 9 + 2  # address, register and two bytes; start and stop
        assert board.bus.traffic.bus_us == clocks * 1_000_000 // frequency
        assert took >= board.bus.traffic.bus_us


def test_an_address_that_is_refused_takes_its_time_too():
    _, i2c = bus(10_000)
    assert elapsed_us(i2c.writeto_mem, 0x22, OLATA, b"\0\0") >= 1000  # nine clocks


def test_a_peripheral_exists_once_and_takes_new_settings():
    board, i2c = bus()
    assert I2C(0, freq=50_000) is i2c
    assert repr(i2c) == "I2C(0, scl=22, sda=21, freq=50000)"
    assert board.bus.frequency == 50_000


def test_what_the_esp32_refuses_is_refused():
    bus()
    assert str(raises(ValueError, I2C, 2)) == "I2C(2) doesn't exist"
    raises(TypeError, I2C)
    raises(TypeError, lambda: I2C(0, speed=1))
    raises(TypeError, I2C, 0, 22, 21)
    raises(ValueError, lambda: I2C(0, scl=Pin(22), sda=24))
    raises(TypeError, SoftI2C, 22)
    i2c = I2C(0)
    raises(TypeError, i2c.readfrom_mem, 0x20, 0, 1, 8)
    for operation in (i2c.start, i2c.stop):
        assert str(raises(OSError, operation)) == "I2C operation not supported"


def test_software_i2c_reaches_the_same_chips():
    board = attach(Board([0x20]))
    i2c = SoftI2C(Pin(22), Pin(21), freq=100_000)
    assert i2c.scan() == [0x20]
    assert board.bus.frequency == 100_000


def test_a_pin_that_becomes_a_gpio_is_lost_for_the_bus_until_it_is_created_again():
    _, i2c = bus()
    Pin(22, Pin.OPEN_DRAIN, value=1)
    assert raises(OSError, i2c.readfrom_mem, 0x20, IODIRA, 1).errno == errno.ETIMEDOUT
    i2c = I2C(0, scl=Pin(22), sda=Pin(21))
    assert i2c.scan() == [0x20, 0x21]


def test_nine_clocks_by_hand_free_a_stuck_bus():
    board, _ = bus()
    board.bus.stuck_sda = board.bus.clearable = True
    scl = Pin(22, Pin.OPEN_DRAIN, value=1)
    sda = Pin(21, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
    for _ in range(9):
        assert sda.value() == 0
        scl.off()
        scl.on()
    assert sda.value() == 1
    assert I2C(0).scan() == [0x20, 0x21]


class SilentLink:
    """A link that allocates nothing, so that what the port allocates itself can be seen."""

    bus_us = 0

    def bus_settings(self, bus, frequency, scl, sda):
        pass

    def transfer(self, bus, address, memaddr, memaddr_size, data, read_into, stop):
        return 0


def test_the_port_itself_allocates_nothing_per_transfer():
    bus()
    i2c = I2C(0)
    i2c._link = SilentLink()
    buffer = bytearray(2)

    def use():
        i2c.readfrom_mem_into(0x20, OLATA, buffer)
        i2c.writeto_mem(0x20, OLATA, buffer)
        i2c.readfrom_into(0x20, buffer)
        i2c.writeto(0x20, buffer)

    assert allocated(use) == 0


def test_without_a_board_it_is_said_what_to_do():
    board_link._link = None
    assert "board_link.attach" in str(raises(RuntimeError, board_link.link))

# SPDX-License-Identifier: MIT
"""The bus model: errors, faults, time and counters."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yard.model.bus import Bus, Traffic
from yard.model.mcp23017 import MCP23017

ADDRESS = 0x20


class Recorder:
    """A device that keeps the very objects that it was given."""

    def __init__(self) -> None:
        self.written: object = None
        self.read_into: bytearray | None = None

    def transfer(self, write: bytes | None, read_into: bytearray | None) -> None:
        self.written = write
        self.read_into = read_into
        if read_into is not None:
            read_into[:] = bytes(range(1, len(read_into) + 1))


@pytest.fixture
def bus() -> Bus:
    bus = Bus(frequency=100_000)
    bus.attach(ADDRESS, MCP23017())
    return bus


def counted(traffic: Traffic) -> tuple[int, int, int]:
    return traffic.transactions, traffic.bytes, traffic.bus_us


def errno_of(bus: Bus, address: int = ADDRESS) -> int | None:
    try:
        bus.transfer(address, b"")
    except OSError as error:
        return error.errno
    return None


def test_write_of_a_register_pair_is_four_bytes(bus: Bus) -> None:
    bus.transfer(ADDRESS, b"\x14\x01\x02")
    assert counted(bus.traffic) == (1, 4, (4 * 9 + 2) * 10)


def test_read_of_a_register_pair_is_five_bytes_with_a_repeated_start(bus: Bus) -> None:
    bus.transfer(ADDRESS, b"\x12", bytearray(2))
    assert counted(bus.traffic) == (1, 5, (5 * 9 + 3) * 10)


def test_read_alone_has_one_start(bus: Bus) -> None:
    bus.transfer(ADDRESS, None, bytearray(2))
    assert counted(bus.traffic) == (1, 3, (3 * 9 + 2) * 10)


def test_probe_costs_the_address_byte(bus: Bus) -> None:
    bus.transfer(ADDRESS, b"")
    assert counted(bus.traffic) == (1, 1, 110)


def test_address_without_acknowledge_costs_the_same(bus: Bus) -> None:
    assert errno_of(bus, 0x21) == errno.ENODEV
    assert counted(bus.traffic) == (1, 1, 110)


def test_transfer_without_stop_is_continued_by_a_repeated_start(bus: Bus) -> None:
    bus.transfer(ADDRESS, b"\x12", stop=False)
    bus.transfer(ADDRESS, None, bytearray(2))
    assert counted(bus.traffic) == (1, 5, (5 * 9 + 3) * 10)
    bus.transfer(ADDRESS, b"")
    assert bus.traffic.transactions == 2


@pytest.mark.parametrize(
    "frequency, expected_us", [(100_000, 480), (400_000, 120), (1_700_000, 28)]
)
def test_time_follows_the_frequency(bus: Bus, frequency: int, expected_us: int) -> None:
    bus.frequency = frequency
    bus.transfer(ADDRESS, b"\x12", bytearray(2))
    assert bus.traffic.bus_us == expected_us


def test_each_device_has_its_own_counters(bus: Bus) -> None:
    bus.attach(0x21, MCP23017())
    bus.transfer(ADDRESS, b"\x14\x01\x02")
    bus.transfer(0x21, b"\x14\x01")
    assert counted(bus.traffic_of[ADDRESS]) == (1, 4, 380)
    assert counted(bus.traffic_of[0x21]) == (1, 3, 290)
    assert counted(bus.traffic) == (2, 7, 670)


def test_device_without_power_does_not_acknowledge() -> None:
    bus, chip = Bus(), MCP23017()
    bus.attach(ADDRESS, chip)
    chip.power(False)
    assert errno_of(bus) == errno.ENODEV
    chip.power(True)
    assert errno_of(bus) is None


def test_nack_fault_lasts_until_it_is_taken_back(bus: Bus) -> None:
    bus.nack = {ADDRESS}
    assert [errno_of(bus) for _ in range(3)] == [errno.ENODEV] * 3
    bus.nack = set()
    assert errno_of(bus) is None


def test_scripted_fault_ends_by_itself_and_spares_the_others(bus: Bus) -> None:
    bus.attach(0x21, MCP23017())
    bus.fail_next(ADDRESS, 2)
    assert errno_of(bus, 0x21) is None
    assert [errno_of(bus) for _ in range(3)] == [errno.ENODEV, errno.ENODEV, None]


def test_transfer_that_is_not_acknowledged_reaches_no_device(bus: Bus) -> None:
    bus.fail_next(ADDRESS, 1)
    with pytest.raises(OSError):
        bus.transfer(ADDRESS, b"\x14\xff")
    received = bytearray(1)
    bus.transfer(ADDRESS, b"\x14", received)
    assert received == b"\x00"


def test_stuck_bus_times_out_and_moves_nothing(bus: Bus) -> None:
    bus.stuck_sda = True
    assert errno_of(bus) == errno.ETIMEDOUT
    assert counted(bus.traffic) == (0, 0, 0)


@pytest.mark.parametrize("clearable, expected", [(True, None), (False, errno.ETIMEDOUT)])
def test_nine_clocks_free_only_a_bus_that_can_be_freed(
    bus: Bus, clearable: bool, expected: int | None
) -> None:
    bus.stuck_sda, bus.clearable = True, clearable
    bus.clock_free()
    assert errno_of(bus) == expected


def test_recovery_ends_an_open_transaction(bus: Bus) -> None:
    bus.transfer(ADDRESS, b"\x12", stop=False)
    bus.clock_free()
    bus.transfer(ADDRESS, b"\x12")
    assert bus.traffic.transactions == 2


def test_scan_finds_what_acknowledges(bus: Bus) -> None:
    bus.attach(0x27, MCP23017())
    bus.attach(0x48, Recorder())
    bus.nack = {0x27}
    assert bus.scan() == [0x20, 0x48]


def test_scan_of_a_stuck_bus_finds_nothing(bus: Bus) -> None:
    bus.stuck_sda = True
    assert bus.scan() == []


@pytest.mark.parametrize("address", [0x00, 0x07, 0x78, 0x20])
def test_address_that_is_reserved_or_taken_is_refused(bus: Bus, address: int) -> None:
    with pytest.raises(ValueError, match=f"0x{address:02x}"):
        bus.attach(address, MCP23017())


def test_transfer_of_nothing_is_refused(bus: Bus) -> None:
    with pytest.raises(ValueError):
        bus.transfer(ADDRESS, None, None)
    with pytest.raises(ValueError):
        bus.transfer(ADDRESS, None, bytearray())


def test_device_never_sees_the_buffers_of_the_caller() -> None:
    bus, device = Bus(), Recorder()
    bus.attach(ADDRESS, device)
    write, read_into = bytearray(b"\x01\x02"), bytearray(2)
    bus.transfer(ADDRESS, write, read_into)
    write[0] = 9
    assert device.written == b"\x01\x02"
    assert read_into == b"\x01\x02"
    assert device.read_into is not None
    device.read_into[0] = 9
    assert read_into == b"\x01\x02"


@given(
    st.lists(st.tuples(st.none() | st.binary(max_size=20), st.integers(0, 20), st.booleans())),
    st.integers(10_000, 1_700_000),
)
def test_counters_are_the_sum_of_bytes_and_of_stops(transfers, frequency: int) -> None:
    bus = Bus(frequency)
    bus.attach(ADDRESS, Recorder())
    expected_bytes = clocks = stops = done = 0
    last_stop = True
    for write, length, stop in transfers:
        if write is None and not length:
            continue
        bus.transfer(ADDRESS, write, bytearray(length), stop)
        parts = ([] if write is None else [len(write)]) + ([length] if length else [])
        moved = sum(1 + size for size in parts)
        expected_bytes += moved
        clocks += 9 * moved + len(parts) + stop
        stops += stop
        done += 1
        last_stop = stop
    assert bus.traffic.bytes == expected_bytes
    assert bus.traffic.transactions == stops + (not last_stop)
    assert abs(bus.traffic.bus_us - clocks * 1e6 / frequency) <= done / 2 + 1e-6

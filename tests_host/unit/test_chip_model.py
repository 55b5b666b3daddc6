# SPDX-License-Identifier: MIT
"""The chip model against the facts of the data sheet (DS20001952), registers by address.

Run by MicroPython here and by CPython through tests_host/host/test_model_mcp23017.py.
"""

import errno

from yard.model.board import Board
from yard.model.bus import Bus
from yard.model.mcp23017 import MCP23017

# Addresses with BANK = 0; port B is one higher.
IODIR, IPOL, GPINTEN, DEFVAL, INTCON, IOCON = 0x00, 0x02, 0x04, 0x06, 0x08, 0x0A
GPPU, INTF, INTCAP, GPIO, OLAT = 0x0C, 0x0E, 0x10, 0x12, 0x14
BANK, MIRROR, SEQOP, ODR, INTPOL = 0x80, 0x40, 0x20, 0x04, 0x02


def write(chip, register, *values):
    chip.transfer(bytes((register,) + values), None)


def read(chip, register, count=1):
    buffer = bytearray(count)
    chip.transfer(bytes((register,)), buffer)
    return buffer[0] if count == 1 else bytes(buffer)


def read_on(chip, count=1):
    buffer = bytearray(count)
    chip.transfer(None, buffer)
    return buffer[0] if count == 1 else bytes(buffer)


def armed_chip(pins=0xFF):
    """A chip with interrupt on change on pins of port A, all at 0."""
    chip = MCP23017()
    write(chip, GPINTEN, pins)
    return chip


def errno_of(fn, *args):
    try:
        fn(*args)
    except OSError as e:
        return e.errno
    return None


def fails_with_value_error(fn, *args):
    try:
        fn(*args)
    except ValueError:
        return True
    return False


# Power-on


def test_power_on_values():
    assert read(MCP23017(), 0, 22) == b"\xff\xff" + bytes(20)


def test_pointer_is_zero_at_power_on():
    assert read_on(MCP23017(), 3) == b"\xff\xff\x00"


def test_interrupt_outputs_are_inactive_high_at_power_on():
    assert MCP23017().int_outputs() == (1, 1)


# Address pointer


def test_pointer_is_kept_across_transfers():
    chip = MCP23017()
    write(chip, OLAT, 0x12, 0x34)
    chip.transfer(bytes((OLAT,)), None)
    assert read_on(chip) == 0x12
    assert read_on(chip) == 0x34


def test_empty_write_leaves_the_pointer():
    chip = MCP23017()
    chip.transfer(bytes((GPPU,)), None)
    chip.transfer(b"", None)
    write(chip, OLAT)
    chip.transfer(b"", None)
    chip.transfer(bytes((OLAT, 7)), None)
    assert read(chip, OLAT) == 7


def test_write_goes_on_to_the_next_register():
    chip = MCP23017()
    write(chip, IODIR, 1, 2, 3, 4)
    assert read(chip, IODIR, 4) == b"\x01\x02\x03\x04"


def test_pointer_wraps_from_the_last_register_to_the_first():
    chip = MCP23017()
    write(chip, OLAT + 1, 0xAB, 0x0F)
    assert read(chip, OLAT + 1, 2) == b"\xab\x0f"


def test_pointer_wraps_from_the_last_register_to_the_first_in_bank_1():
    chip = MCP23017()
    write(chip, IOCON, BANK)
    write(chip, 0x1A, 0xAB, 0x0F)
    assert read(chip, 0x1A, 2) == b"\xab\x0f"


def test_byte_mode_alternates_within_the_pair_from_either_register():
    chip = MCP23017()
    write(chip, IOCON, SEQOP)
    write(chip, OLAT, 1, 2, 3)
    assert read(chip, OLAT, 4) == b"\x03\x02\x03\x02"
    assert read(chip, OLAT + 1, 3) == b"\x02\x03\x02"


def test_byte_mode_stays_on_the_register_in_bank_1():
    chip = MCP23017()
    write(chip, IOCON, BANK | SEQOP)
    write(chip, 0x0A, 1, 2, 3)
    assert read(chip, 0x0A, 3) == b"\x03\x03\x03"
    assert read(chip, 0x1A) == 0


def test_unknown_register_is_acknowledged_reads_zero_and_ignores_writes():
    chip = MCP23017()
    before = chip.registers()
    for register in (0x16, 0x1F, 0x80, 0xFF):
        write(chip, register, 0x55)
        assert read(chip, register) == 0
    assert chip.registers() == before


def test_gap_between_the_ports_in_bank_1_is_unknown():
    chip = MCP23017()
    write(chip, IOCON, BANK)
    before = chip.registers()
    for register in range(0x0B, 0x10):
        write(chip, register, 0x55)
        assert read(chip, register) == 0
    assert chip.registers() == before


# BANK


def test_every_register_is_found_in_the_bank_1_map():
    names = "IODIR IPOL GPINTEN DEFVAL INTCON IOCON GPPU INTF INTCAP GPIO OLAT".split()
    chip = MCP23017()
    for register in (IODIR, IPOL, DEFVAL, INTCON, GPPU, OLAT):
        write(chip, register, register + 1, register + 2)
    write(chip, IOCON, BANK)
    registers = chip.registers()
    for offset, name in enumerate(names):
        for port, letter in enumerate("AB"):
            expected = registers["IOCON" if name == "IOCON" else name + letter]
            assert read(chip, 0x10 * port + offset) == expected, name + letter


def test_iocon_is_one_register_at_two_addresses():
    chip = MCP23017()
    write(chip, IOCON + 1, MIRROR)
    assert read(chip, IOCON) == read(chip, IOCON + 1) == MIRROR
    write(chip, IOCON, BANK | ODR)
    assert read(chip, 0x05) == read(chip, 0x15) == BANK | ODR


def test_iocon_bit_0_is_not_implemented():
    chip = MCP23017()
    write(chip, IOCON, 0x7F)
    assert read(chip, IOCON) == 0x7E


def test_zero_at_address_5_leaves_bank_1():
    chip = MCP23017()
    write(chip, IOCON, BANK | SEQOP)
    write(chip, 0x05, 0)
    assert chip.registers()["IOCON"] == 0


def test_zero_at_address_5_is_harmless_in_bank_0():
    chip = MCP23017()
    write(chip, IOCON, ODR)
    write(chip, 0x05, 0)
    assert chip.registers()["IOCON"] == ODR
    assert chip.registers()["GPINTENB"] == 0


def test_iocon_address_of_bank_0_hits_the_latch_in_bank_1():
    chip = MCP23017()
    write(chip, IOCON, BANK)
    write(chip, 0x0A, 0x04)
    assert chip.registers()["OLATA"] == 0x04
    assert chip.registers()["IOCON"] == BANK


# Pins


def test_pin_follows_the_latch_only_where_it_is_an_output():
    chip = MCP23017()
    write(chip, OLAT, 0xFF, 0xFF)
    assert chip.levels() == 0
    write(chip, IODIR, 0xF0, 0x7F)
    assert chip.levels() == 0x800F


def test_writing_gpio_writes_the_latch():
    chip = MCP23017()
    write(chip, GPIO, 0x5A, 0xA5)
    assert read(chip, OLAT, 2) == b"\x5a\xa5"


def test_olat_reads_the_latch_and_gpio_the_pin():
    chip = MCP23017()
    chip.drive(0, 1)
    write(chip, OLAT, 0xF0)
    assert read(chip, OLAT) == 0xF0
    assert read(chip, GPIO) == 0x01


def test_ipol_inverts_what_gpio_reads_for_inputs_and_outputs_alike():
    chip = MCP23017()
    chip.drive(0, 1)
    write(chip, IODIR, 0x0F)
    write(chip, OLAT, 0x10)
    write(chip, IPOL, 0xFF)
    assert read(chip, GPIO) == 0xEE
    assert read(chip, OLAT) == 0x10
    assert chip.levels() == 0x0011


def test_floating_input_reads_high_with_pull_up_and_noise_without():
    chip = MCP23017()
    write(chip, GPPU, 0x0F)
    assert read(chip, GPIO) == 0x0F
    chip.noise = lambda: 0x00AA
    assert read(chip, GPIO) == 0xAF


def test_level_from_outside_wins_against_the_pull_up_until_it_is_let_go():
    chip = MCP23017()
    write(chip, GPPU, 0xFF)
    chip.drive(3, 0)
    assert read(chip, GPIO) == 0xF7
    chip.drive(3, None)
    assert read(chip, GPIO) == 0xFF


def test_output_wins_against_a_level_from_outside():
    chip = MCP23017()
    chip.drive(15, 1)
    write(chip, IODIR + 1, 0x7F)
    assert read(chip, GPIO + 1) == 0
    write(chip, IODIR + 1, 0xFF)
    assert read(chip, GPIO + 1) == 0x80


def test_pins_and_levels_that_cannot_be_are_refused():
    chip = MCP23017()
    assert fails_with_value_error(chip.drive, 16, 1)
    assert fails_with_value_error(chip.drive, -1, 1)
    assert fails_with_value_error(chip.drive, 0, 2)


# Interrupts


def test_change_sets_flag_and_capture_and_asserts_the_output():
    chip = armed_chip()
    chip.drive(1, 1)
    assert chip.registers()["INTFA"] == 0x02
    assert chip.registers()["INTCAPA"] == 0x02
    assert chip.int_outputs() == (0, 1)


def test_both_edges_interrupt():
    chip = armed_chip()
    chip.drive(1, 1)
    read(chip, GPIO)
    assert chip.int_outputs() == (1, 1)
    chip.drive(1, 0)
    assert read(chip, INTF) == 0x02
    assert read(chip, INTCAP) == 0x00


def test_port_b_has_its_own_flag_capture_and_output():
    chip = MCP23017()
    write(chip, GPINTEN + 1, 0x80)
    chip.drive(15, 1)
    assert read(chip, INTF, 4) == b"\x00\x80\x00\x80"


def test_flag_and_capture_are_held_until_the_interrupt_is_cleared():
    chip = armed_chip()
    chip.drive(0, 1)
    chip.drive(1, 1)
    chip.drive(0, 0)
    assert chip.registers()["INTFA"] == 0x01
    assert read(chip, INTCAP) == 0x01


def test_change_while_an_interrupt_is_pending_shows_in_gpio_only():
    chip = armed_chip()
    chip.drive(0, 1)
    chip.drive(1, 1)
    assert read(chip, INTCAP) == 0x01
    assert chip.int_outputs() == (1, 1)
    assert read(chip, GPIO) == 0x03


def test_short_press_is_captured_and_does_not_fire_twice():
    chip = armed_chip()
    chip.drive(0, 1)
    chip.drive(0, 0)
    assert chip.int_outputs() == (0, 1)
    assert read(chip, INTCAP) == 0x01
    assert read(chip, INTF) == 0x00
    assert chip.int_outputs() == (1, 1)


def test_flags_capture_and_levels_are_read_in_one_transfer():
    chip = armed_chip()
    chip.drive(0, 1)
    chip.drive(0, 0)
    assert read(chip, INTF, 6) == b"\x01\x00\x01\x00\x00\x00"


def test_gpio_and_intcap_of_the_port_clear_and_nothing_else_does():
    for register in range(22):
        chip = armed_chip()
        chip.drive(0, 1)
        read(chip, register)
        cleared = chip.int_outputs() == (1, 1)
        assert cleared == (register in (GPIO, INTCAP)), register


def test_writing_gpio_or_intcap_does_not_clear():
    chip = armed_chip()
    chip.drive(0, 1)
    write(chip, GPIO, 0)
    write(chip, INTCAP, 0)
    assert chip.int_outputs() == (0, 1)
    assert chip.registers()["INTCAPA"] == 0x01


def test_intf_and_intcap_are_read_only():
    chip = MCP23017()
    write(chip, INTF, 0xFF, 0xFF, 0xFF, 0xFF)
    assert read(chip, INTF, 4) == bytes(4)


def test_pin_that_is_not_enabled_does_not_interrupt():
    chip = armed_chip(0xFE)
    chip.drive(0, 1)
    assert read(chip, INTF) == 0
    assert chip.int_outputs() == (1, 1)


def test_output_pin_does_not_interrupt():
    chip = armed_chip()
    write(chip, IODIR, 0x00)
    write(chip, OLAT, 0xFF)
    assert chip.int_outputs() == (1, 1)


def test_capture_holds_pin_levels_whatever_ipol_says():
    chip = armed_chip()
    write(chip, IPOL, 0xFF)
    chip.drive(0, 1)
    assert read(chip, INTCAP) == 0x01


def test_pull_up_that_lifts_a_floating_pin_interrupts():
    chip = armed_chip()
    write(chip, GPPU, 0x10)
    assert read(chip, INTF) == 0x10


def test_enabling_with_a_stale_comparison_fires_at_once():
    chip = MCP23017()
    chip.drive(0, 1)
    write(chip, GPINTEN, 0x01)
    assert chip.int_outputs() == (0, 1)


def test_reading_gpio_before_enabling_makes_the_comparison_fresh():
    chip = MCP23017()
    chip.drive(0, 1)
    read(chip, GPIO)
    write(chip, GPINTEN, 0x01)
    assert chip.int_outputs() == (1, 1)


def test_reading_one_port_leaves_the_comparison_of_the_other():
    chip = MCP23017()
    chip.drive(8, 1)
    read(chip, GPIO)
    write(chip, GPINTEN, 0x01, 0x01)
    assert chip.int_outputs() == (1, 0)


def test_disabling_does_not_end_a_pending_interrupt():
    chip = armed_chip()
    chip.drive(0, 1)
    write(chip, GPINTEN, 0)
    assert chip.int_outputs() == (0, 1)
    read(chip, GPIO)
    assert chip.int_outputs() == (1, 1)


def test_compare_mode_fires_while_the_pin_differs_from_defval():
    chip = MCP23017()
    write(chip, DEFVAL, 0x01)
    write(chip, INTCON, 0x01)
    chip.drive(0, 1)
    write(chip, GPINTEN, 0x01)
    assert chip.int_outputs() == (1, 1)
    chip.drive(0, 0)
    assert chip.int_outputs() == (0, 1)
    assert chip.registers()["INTFA"] == 0x01
    assert chip.registers()["INTCAPA"] == 0x00


def test_compare_mode_stays_asserted_after_a_clear_and_captures_anew():
    chip = armed_chip(0x01)
    seen = []
    chip.on_change = lambda chip: seen.append(chip.int_outputs()[0])
    write(chip, INTCON, 0x01)
    chip.drive(0, 1)
    chip.drive(4, 1)
    assert read(chip, INTCAP) == 0x01
    assert chip.int_outputs() == (0, 1)
    assert read(chip, INTCAP) == 0x11
    chip.drive(0, 0)
    assert chip.int_outputs() == (0, 1)
    read(chip, GPIO)
    assert chip.int_outputs() == (1, 1)
    assert seen == [0, 0, 0, 1]  # never released in between


def test_mirror_puts_either_port_on_both_outputs():
    for pin in (0, 8):
        chip = MCP23017()
        write(chip, GPINTEN, 0xFF, 0xFF)
        chip.drive(pin, 1)
        assert chip.int_outputs() == ((0, 1) if pin == 0 else (1, 0))
        write(chip, IOCON, MIRROR)
        assert chip.int_outputs() == (0, 0)


def test_mirrored_output_is_released_when_both_ports_are_cleared():
    chip = MCP23017()
    write(chip, IOCON, MIRROR)
    write(chip, GPINTEN, 0xFF, 0xFF)
    chip.drive(0, 1)
    chip.drive(8, 1)
    read(chip, GPIO)
    assert chip.int_outputs() == (0, 0)
    read(chip, GPIO + 1)
    assert chip.int_outputs() == (1, 1)


def test_intpol_makes_the_outputs_active_high():
    chip = armed_chip()
    write(chip, IOCON, INTPOL)
    assert chip.int_outputs() == (0, 0)
    chip.drive(0, 1)
    assert chip.int_outputs() == (1, 0)


def test_open_drain_pulls_low_or_releases_and_ignores_intpol():
    for iocon in (ODR, ODR | INTPOL):
        chip = armed_chip()
        write(chip, IOCON, iocon)
        assert chip.int_outputs() == (None, None)
        chip.drive(0, 1)
        assert chip.int_outputs() == (0, None)


# Supply


def test_power_loss_loses_every_register_and_lets_the_outputs_go():
    chip = MCP23017()
    write(chip, OLAT, 0xFF, 0xFF)
    write(chip, IODIR, 0, 0)
    chip.power(False)
    assert chip.levels() == 0
    assert chip.int_outputs() == (None, None)
    assert errno_of(read, chip, 0) == errno.ENODEV
    chip.power(True)
    assert read(chip, 0, 22) == b"\xff\xff" + bytes(20)


def test_levels_from_outside_survive_power_loss_and_are_no_change_after_it():
    chip = MCP23017()
    chip.drive(2, 1)
    chip.power(False)
    chip.power(True)
    write(chip, GPINTEN, 0xFF)
    assert read(chip, INTF) == 0
    assert read(chip, GPIO) == 0x04


def test_switching_on_what_is_on_is_no_reset():
    chip = MCP23017()
    write(chip, OLAT, 0x55)
    chip.power(True)
    assert read(chip, OLAT) == 0x55


# What tests can watch


def test_bytes_written_are_counted_per_register():
    chip = MCP23017()
    write(chip, OLAT, 1, 2)
    write(chip, OLAT, 1)
    write(chip, IOCON, 0, 0)
    written = {name: count for name, count in chip.writes.items() if count}
    assert written == {"OLATA": 2, "OLATB": 1, "IOCON": 2}


def test_only_writes_that_change_the_latch_are_reported():
    chip = MCP23017()
    changes = []
    chip.on_latch_change = lambda chip, old, new: changes.append((old, new))
    write(chip, OLAT, 0x01, 0x00)
    write(chip, GPIO + 1, 0x80)
    write(chip, OLAT, 0x01, 0x80)
    chip.power(False)
    assert changes == [(0x0000, 0x0001), (0x0001, 0x8001)]
    assert chip.latch_changes == 2


def test_listener_hears_every_change_outside_and_nothing_else():
    chip = armed_chip()
    seen = []
    chip.on_change = lambda chip: seen.append((chip.levels(), chip.int_outputs()))
    write(chip, OLAT, 0x80)
    chip.drive(0, 1)
    chip.drive(0, 1)
    read(chip, GPIO)
    write(chip, IODIR, 0x7F)
    assert seen == [(0x01, (0, 1)), (0x01, (1, 1)), (0x81, (1, 1))]


# The bus and the board around it


def test_bus_tells_absence_from_trouble():
    bus = Bus()
    assert errno_of(bus.transfer, 0x20, b"") == errno.ENODEV
    bus.stuck_sda = True
    assert errno_of(bus.transfer, 0x20, b"") == errno.ETIMEDOUT


def test_bus_carries_a_transfer_with_a_repeated_start():
    bus = Bus()
    bus.attach(0x20, MCP23017())
    buffer = bytearray(2)
    bus.transfer(0x20, b"\x00", memoryview(buffer))
    assert buffer == b"\xff\xff"
    assert bus.traffic.bus_us == 480


def test_board_carries_an_interrupt_to_a_native_pin():
    board = Board((0x20, 0x21), wiring={4: [(0x20, "INTA"), (0x21, "INTA")]})
    seen = []
    board.pin_listeners.append(lambda gpio, level: seen.append((gpio, level)))
    board.bus.transfer(0x21, bytes((GPINTEN, 0x01)))
    board.chips[0x21].drive(0, 1)
    board.bus.transfer(0x21, bytes((GPIO,)), bytearray(1))
    assert seen == [(4, 0), (4, 1)]

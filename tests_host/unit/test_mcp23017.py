# SPDX-License-Identifier: MIT
"""lib/mcp23017.py: its registers and transfers on the model chip."""

import errno
import random

from mcp23017 import MCP23017

from harness import allocated, raises
from i2c_desk import Clock, ModelI2C
from yard.model import mcp23017 as model
from yard.model.bus import Bus

OUR_IOCON = 0x44  # MIRROR, ODR


class Bench:
    """One model chip, the driver, and every write in order as (register, data)."""

    def __init__(self):
        self.chip = model.MCP23017()
        self.bus = Bus()
        self.bus.attach(0x20, self.chip)
        self.i2c = ModelI2C(self.bus, Clock())
        self.writes = []
        self.driver = MCP23017(self, 0x20)

    def writeto_mem(self, address, register, data):
        self.writes.append((register, bytes(data)))
        self.i2c.writeto_mem(address, register, data)

    def readfrom_mem_into(self, address, register, buffer):
        self.i2c.readfrom_mem_into(address, register, buffer)

    def raw(self, *data):
        """Write to the chip as some other program would."""
        self.bus.transfer(0x20, bytes(data))

    def set_up(self, inputs=0, pull_ups=0, latch=0, interrupts=0):
        self.driver.configure(inputs, pull_ups, interrupts)
        for _ in self.driver.setup(latch):
            pass

    def pair(self, name):
        registers = self.chip.registers()
        return registers[name + "A"] | registers[name + "B"] << 8


def some_registers(count):
    """Return random addresses of the BANK = 0 map, IOCON left out."""
    found = [random.randrange(0x16) for _ in range(count)]
    return [register for register in found if register not in (0x0A, 0x0B)]


def test_setup_brings_a_fresh_chip_to_what_is_wanted():
    bench = Bench()
    bench.set_up(inputs=0x00F0, pull_ups=0x0030, latch=0x8103)
    assert bench.pair("IODIR") == 0x00F0
    assert bench.pair("GPPU") == 0x0030
    assert bench.pair("OLAT") == 0x8103
    assert bench.chip.registers()["IOCON"] == OUR_IOCON
    assert bench.driver.latch == 0x8103


def test_the_latch_is_written_before_the_directions():
    bench = Bench()
    bench.set_up(latch=0xFFFF)
    order = [register for register, _ in bench.writes]
    assert order.index(0x14) < order.index(0x0C) < order.index(0x00)
    assert order[-1] == 0x00
    # IOCON first: what follows depends on BANK and SEQOP.
    assert order[:2] == [0x05, 0x0A]


def test_interrupts_are_enabled_last_and_none_is_pending_then():
    bench = Bench()
    bench.raw(0x04, 0xFF, 0xFF)
    for pin in range(16):
        bench.chip.drive(pin, pin & 1)  # each against what the chip has seen last
    lows = []
    bench.chip.on_change = lambda chip: lows.append(0 in chip.int_outputs())
    bench.set_up(inputs=0x7F7F, interrupts=0x7F0F)
    assert bench.writes[-1] == (0x04, b"\x0f\x7f")
    assert lows[-1] is False
    assert bench.chip.int_outputs() == (None, None)
    bench.chip.drive(3, 0)
    assert bench.chip.int_outputs() == (0, 0)


def test_a_chip_with_interrupts_is_recognised_as_configured():
    bench = Bench()
    bench.set_up(inputs=0x00FF, interrupts=0x000F)
    again = MCP23017(bench.i2c, 0x20)
    again.configure(0x00FF, 0, 0x000F)
    again.read()
    assert again.seen_configured()
    again.configure(0x00FF, 0, 0x00FF)
    assert not again.seen_configured()


def test_a_press_that_is_over_is_read_with_what_there_is_now_in_one_transfer():
    bench = Bench()
    bench.set_up(inputs=0xFFFF, interrupts=0x0108)
    bench.chip.drive(3, 1)
    bench.chip.drive(8, 1)
    bench.chip.drive(3, 0)
    traffic = bench.bus.traffic
    before = traffic.transactions, traffic.bytes
    assert bench.driver.read_gpio() == 0x0100
    assert (traffic.transactions, traffic.bytes) == (before[0] + 1, before[1] + 9)
    assert bench.driver.seen_intf() == 0x0108
    assert bench.driver.seen_intcap() == 0x0108
    assert bench.chip.int_outputs() == (None, None)
    bench.driver.read_gpio()
    assert bench.driver.seen_intf() == 0


def test_no_output_is_ever_at_another_level_than_wanted_during_setup():
    random.seed(5)
    for _ in range(20):
        compare_levels_during_setup(random.getrandbits(16))


def compare_levels_during_setup(latch):
    bench = Bench()
    bench.chip.noise = lambda: latch  # what is wired to the pins keeps them as they shall be
    seen = []
    bench.chip.on_change = lambda chip: seen.append(chip.levels())
    bench.set_up(latch=latch)
    assert [level for level in seen if level != latch] == []
    assert bench.chip.levels() == latch


def test_setup_works_whatever_another_program_left_behind():
    random.seed(6)
    for _ in range(200):
        bench = Bench()
        for register in some_registers(12):
            bench.raw(register, random.getrandbits(8))
        # In any order with the rest: BANK and SEQOP, which change what an address means.
        bench.raw(0x0A, random.getrandbits(8))
        inputs, pull_ups, latch, interrupts = (random.getrandbits(16) for _ in range(4))
        bench.set_up(inputs, pull_ups, latch, interrupts)
        assert (bench.pair("IODIR"), bench.pair("GPPU")) == (inputs, pull_ups)
        assert (bench.pair("OLAT"), bench.pair("GPINTEN")) == (latch, interrupts)
        assert bench.chip.registers()["IOCON"] == OUR_IOCON
        assert bench.chip.int_outputs() == (None, None)
        for name in ("IPOL", "DEFVAL", "INTCON"):
            assert bench.pair(name) == 0


def test_each_step_of_setup_is_one_transfer():
    bench = Bench()
    before = bench.bus.traffic.transactions
    for _ in bench.driver.setup(0x1234):
        before += 1
        assert bench.bus.traffic.transactions == before
    assert bench.bus.traffic.transactions == before + 1


def test_setup_fails_on_a_chip_that_does_not_keep_what_is_written():
    bench = Bench()
    steps = bench.driver.setup(0x00FF)
    for _ in range(6):
        next(steps)
    bench.raw(0x0C, 0xFF)
    assert raises(OSError, next, steps).errno == errno.EIO


def test_a_configured_chip_is_recognised_in_one_transfer():
    bench = Bench()
    bench.set_up(inputs=0x8080, pull_ups=0x0080, latch=0x0102)
    again = MCP23017(bench.i2c, 0x20)
    again.configure(0x8080, 0x0080)
    before = bench.bus.traffic.transactions
    again.read()
    assert bench.bus.traffic.transactions == before + 1
    assert again.seen_ours()
    assert again.seen_configured()
    assert again.seen_latch() == 0x0102
    assert again.seen_inputs() == 0x8080


def test_a_chip_that_lost_power_is_recognised():
    bench = Bench()
    bench.set_up()
    bench.chip.power(False)
    bench.chip.power(True)
    bench.driver.read()
    assert not bench.driver.seen_ours()
    assert not bench.driver.seen_configured()


def test_no_chip_of_another_program_is_taken_for_a_configured_one():
    random.seed(7)
    for _ in range(100):
        bench = Bench()
        bench.raw(0x0A, random.getrandbits(8) & 0xBB)
        for register in some_registers(4):
            bench.raw(register, 0)
        bench.driver.configure(0, 0)
        bench.driver.read()
        assert not bench.driver.seen_configured()


def test_every_configuration_register_that_differs_is_noticed():
    for register in range(0x0E):
        if register in (0x0A, 0x0B):
            continue  # IOCON also changes the map
        bench = Bench()
        bench.set_up(inputs=0x0F0F, pull_ups=0x0101)
        bench.driver.read()
        assert bench.driver.seen_configured()
        name = (
            "IODIRA IODIRB IPOLA IPOLB GPINTENA GPINTENB DEFVALA DEFVALB INTCONA INTCONB".split()
        )
        name += ["", "", "GPPUA", "GPPUB"]
        bench.raw(register, bench.chip.registers()[name[register]] ^ 0x10)
        bench.driver.read()
        assert not bench.driver.seen_configured()


def test_both_ports_are_read_and_written_in_one_transfer():
    bench = Bench()
    bench.set_up(inputs=0xFF00)
    for pin in range(8, 16):
        bench.chip.drive(pin, pin & 1)
    before = bench.bus.traffic.transactions
    bench.driver.write_latch(0x00C3)
    assert bench.driver.read_gpio() == 0xAAC3
    assert bench.bus.traffic.transactions == before + 2
    assert bench.writes[-1] == (0x14, b"\xc3\x00")


def test_a_change_of_one_port_is_written_to_that_port_alone():
    bench = Bench()
    bench.set_up()
    for latch, written in (
        (0x0000, (0x14, b"\x00\x00")),  # what the chip has is not known by a write yet
        (0x00C3, (0x14, b"\xc3")),
        (0x81C3, (0x15, b"\x81")),
        (0x0142, (0x14, b"\x42\x01")),
        (0x0142, (0x14, b"\x42\x01")),
        (0x0141, (0x14, b"\x41")),
    ):
        bench.driver.write_latch(latch)
        assert bench.writes[-1] == written, latch
        registers = bench.chip.registers()
        assert registers["OLATA"] | registers["OLATB"] << 8 == latch


def test_after_a_write_without_acknowledge_both_ports_are_written():
    bench = Bench()
    bench.set_up()
    bench.driver.write_latch(0x0001)
    for lost in (0x0003, 0x0101):
        bench.bus.fail_next(0x20, 1)
        raises(OSError, bench.driver.write_latch, lost)
    bench.driver.write_latch(0x0101)
    assert bench.writes[-1] == (0x14, b"\x01\x01")
    bench.driver.write_latch(0x0100)
    assert bench.writes[-1] == (0x14, b"\x00")


def test_a_failed_write_leaves_the_known_latch_as_it_was():
    bench = Bench()
    bench.set_up(latch=0x0001)
    bench.bus.fail_next(0x20, 1)
    assert raises(OSError, bench.driver.write_latch, 0x0002).errno == errno.ENODEV
    assert bench.driver.latch == 0x0001


def test_reading_writing_and_comparing_allocate_nothing():
    class StillI2C:
        def writeto_mem(self, address, register, data):
            pass

        def readfrom_mem_into(self, address, register, buffer):
            buffer[0] ^= 1

    driver = MCP23017(StillI2C(), 0x20)

    def use():
        for i in range(20):
            driver.write_latch(i)
            driver.read_gpio()
            driver.read()
            driver.seen_configured()
            driver.seen_ours()
            driver.seen_latch()
            driver.seen_intf()
            driver.seen_intcap()

    assert allocated(use) == 0

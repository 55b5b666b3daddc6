# SPDX-License-Identifier: MIT
"""components/devices/mcp23008.py on the simulated board."""

import schema
from mcp23008 import MCP23008 as Registers

from components.devices import mcp23008_args
from components.devices.mcp23008 import MCP23008
from components.entities.table import Table
from entity_desk import Desk as EntityDesk
from harness import allocated, raises, run_until
from yard.model import mcp23008 as model

INT = 4


class Desk(EntityDesk):
    """With one MCP23008 at 0x21, whose INT is wired to GPIO 4. Attribute `model`."""

    def __init__(self):
        super().__init__(chips=())
        self.model = model.MCP23008()
        self.board.add_chip(0x21, self.model)
        self.board.wire(INT, 0x21, "INT")

    async def start(self, rows, name="chip", **args):
        if "i2c" not in self.components:
            await self.bus()
        args.update(i2c=self.components["i2c"], address=0x21, pins=rows)
        spec = {"type": "dict", "keys": mcp23008_args.ARGS["MCP23008"]}
        assert schema.check(args, spec, "") == []
        chip = MCP23008(**schema.apply(args, spec))
        self.components[name] = await self.node.start(name, chip)
        await run_until(lambda: self.node.available.get(name))
        return chip

    async def bus(self):
        from components.machine.i2c import I2C

        self.components["i2c"] = await self.node.start("i2c", I2C(22, 21, freq=400000))

    def olat(self):
        return self.model.registers()["OLAT"]


def row(pin, kind="switch", **more):
    return dict({"pin": pin, "type": kind}, **more)


async def test_a_fresh_chip_is_set_up_as_the_table_says():
    with Desk() as desk:
        await desk.start([row(0), row("GP7", invert=True), row(3, "binary_sensor", pull_up=False)])
        registers = desk.model.registers()
        assert registers["IODIR"] == 0b01111110
        assert registers["GPPU"] == 0b01110110  # what the table does not name is pulled up
        assert registers["OLAT"] == 0b10000000  # off is high on the inverted one
        assert registers["IOCON"] == 0x04
        assert desk.faults() == []
        assert desk.components["chip"].device["mdl"] == "MCP23008"


async def test_a_switch_carries_out_commands():
    with Desk() as desk:
        await desk.start([row(7, id="pump")])
        for word, level in ((b"ON", 0x80), (b"OFF", 0), (b"TOGGLE", 0x80)):
            desk.send(b"chip/pump", word)
            await run_until(lambda level=level: desk.olat() == level)
        await run_until(lambda: desk.node.states[b"chip/pump"][-1] == b"ON")


async def test_a_node_that_restarts_moves_no_output():
    with Desk() as desk:
        await desk.start([row(2), row(5)])
        desk.send(b"chip/pin5", b"ON")
        await run_until(lambda: desk.olat() == 0x20)
        changes = desk.model.latch_changes
        desk.stop()
        desk.restart()
        await desk.start([row(2), row(5)])
        assert desk.model.latch_changes == changes
        assert desk.shown(b"chip/pin5") == b"ON"
        assert desk.shown(b"chip/pin2") == b"OFF"


async def test_a_chip_that_lost_power_is_restored_by_policy():
    with Desk() as desk:
        chip = await desk.start([row(0), row(1, restore="off"), row(2, restore="on")])
        for pin in (b"0", b"1"):
            desk.send(b"chip/pin" + pin, b"ON")
        await run_until(lambda: desk.olat() == 0b111)
        desk.model.power(False)
        desk.model.power(True)
        chip.chip._check_at = chip.chip.due = 0
        chip.chip.bus.wake()
        await run_until(lambda: desk.model.registers()["IODIR"] == 0xF8)
        assert desk.olat() == 0b101


async def test_a_chip_with_any_registers_is_set_up_without_a_glitch():
    for iocon in (0x00, 0x20, 0x3E):
        with Desk() as desk:
            desk.model.transfer(bytes((0x05, iocon)), None)
            desk.model.transfer(bytes((0x00, 0xF0)), None)
            desk.model.transfer(bytes((0x0A, 0x05)), None)
            await desk.start([row(pin, restore="on") for pin in range(4)])
            assert desk.olat() == 0x0F
            assert desk.model.registers()["IOCON"] == 0x04


async def test_inputs_are_polled_and_debounced_all_eight_of_them():
    with Desk() as desk:
        await desk.start([row(pin, "binary_sensor", debounce=0) for pin in range(8)], poll_ms=2)
        for pin in range(8):
            key = b"chip/pin%d" % pin
            await run_until(lambda key=key: desk.node.states[key][-1] == b"ON")
            desk.model.drive(pin, 0)
            await run_until(lambda key=key: desk.node.states[key][-1] == b"OFF")


async def test_with_an_int_line_a_press_is_seen_by_its_interrupt():
    with Desk() as desk:
        rows = [row(6, "binary_sensor", invert=True, debounce=0)]
        chip = await desk.start(rows, int_pin=INT, safety_poll=60)
        states = desk.node.states[b"chip/pin6"]
        desk.model.drive(6, 0)
        await run_until(lambda: states[-1] == b"ON")
        desk.model.drive(6, None)
        await run_until(lambda: states[-1] == b"OFF")
        assert chip.statistics()["interrupts"] >= 2
        assert chip.statistics()["missed_interrupts"] == 0


async def test_a_wrong_pin_costs_its_row():
    with Desk() as desk:
        await desk.start([row(8), row("GPA0"), row(True), row(-1), row(4), row("GP4")])
        hint = " is not a pin of a chip with 8 (0..7 or GP0..GP7)"
        assert desk.faults() == [
            "pins[0].pin: 8" + hint,
            "pins[1].pin: GPA0" + hint,
            "pins[2].pin: True" + hint,
            "pins[3].pin: -1" + hint,
            "pins[5].pin: GP4 is used by pins[4] already",
        ]
        assert desk.keys("chip") == [b"chip/pin4"]


async def test_other_components_use_its_pins_by_reference():
    with Desk() as desk:
        chip = await desk.start([row(1, "output"), row(2)])
        table = Table([{"pin": chip.pin(1), "type": "switch", "id": "far"}])
        desk.components["table"] = await desk.node.start("table", table)
        desk.send(b"table/far", b"ON")
        await run_until(lambda: desk.olat() == 2)
        for number in (0, 8, 15, -1):
            assert "does not have it" in str(raises(ValueError, chip.pin, number))


def test_reading_writing_and_comparing_allocate_nothing():
    class StillI2C:
        def writeto_mem(self, address, register, data):
            pass

        def readfrom_mem_into(self, address, register, buffer):
            buffer[0] ^= 1

    driver = Registers(StillI2C(), 0x20)

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

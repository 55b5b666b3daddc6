# SPDX-License-Identifier: MIT
"""components/devices/pcf8574.py on the simulated board."""

import random

import schema
from pcf8574 import PCF8574 as Register

from components.devices import pcf8574_args
from components.devices.pcf8574 import PCF8574
from components.machine.i2c import I2C
from entity_desk import Desk as EntityDesk
from harness import allocated, raises, run_until
from yard.model import pcf8574 as model

INT = 4


class Desk(EntityDesk):
    """With one PCF8574A at 0x38, whose INT is wired to GPIO 4. Attribute `model`."""

    def __init__(self):
        super().__init__(chips=())
        self.model = model.PCF8574()
        self.board.add_chip(0x38, self.model)
        self.board.wire(INT, 0x38, "INT")

    async def start(self, rows, **args):
        if "i2c" not in self.components:
            self.components["i2c"] = await self.node.start("i2c", I2C(22, 21, freq=400000))
        args.update(i2c=self.components["i2c"], address=0x38, pins=rows)
        spec = {"type": "dict", "keys": pcf8574_args.ARGS["PCF8574"]}
        assert schema.check(args, spec, "") == []
        chip = PCF8574(**schema.apply(args, spec))
        self.components["chip"] = await self.node.start("chip", chip)
        await run_until(lambda: self.node.available.get("chip"))
        return chip


def row(pin, kind="switch", **more):
    return dict({"pin": pin, "type": kind}, **more)


def relay(pin, **more):
    return row(pin, invert=True, **more)


async def test_relays_that_are_on_at_a_low_level_do_not_click_when_chip_and_node_start():
    with Desk() as desk:
        await desk.start([relay(0), relay("P7")])
        assert set(desk.model.writes) == {0xFF}
        assert desk.shown(b"chip/pin0") == b"OFF"
        assert desk.faults() == []


async def test_commands_change_their_pin_only_and_inputs_stay_high():
    with Desk() as desk:
        await desk.start([relay(0), row(1), row(6, "binary_sensor")])
        desk.send(b"chip/pin0", b"ON")
        await run_until(lambda: desk.model.latch == 0xFC)  # 1 is off and low
        desk.send(b"chip/pin1", b"ON")
        await run_until(lambda: desk.model.latch == 0xFE)
        desk.send(b"chip/pin0", b"TOGGLE")
        await run_until(lambda: desk.model.latch == 0xFF)
        assert desk.shown(b"chip/pin0") == b"OFF"
        assert desk.shown(b"chip/pin1") == b"ON"


async def test_a_node_that_restarts_moves_no_relay():
    with Desk() as desk:
        await desk.start([relay(0), relay(1)])
        desk.send(b"chip/pin1", b"ON")
        await run_until(lambda: desk.model.latch == 0xFD)
        desk.stop()
        desk.restart()
        written = len(desk.model.writes)
        await desk.start([relay(0), relay(1)])
        assert set(desk.model.writes[written:]) == {0xFD}
        assert desk.shown(b"chip/pin1") == b"ON"
        assert desk.shown(b"chip/pin0") == b"OFF"


async def test_a_chip_that_lost_power_is_restored_by_policy():
    with Desk() as desk:
        chip = await desk.start([relay(0), relay(1, restore="off"), relay(2)])
        for pin in (b"0", b"1"):
            desk.send(b"chip/pin" + pin, b"ON")
        await run_until(lambda: desk.model.latch == 0xFC)
        desk.model.power(False)
        desk.model.power(True)
        assert desk.model.latch == 0xFF
        chip.chip._check_at = chip.chip.due = 0
        chip.chip.bus.wake()
        await run_until(lambda: desk.model.latch == 0xFE)
        await run_until(lambda: desk.shown(b"chip/pin1") == b"OFF")
        assert desk.shown(b"chip/pin0") == b"ON"


async def test_a_high_output_that_is_held_low_outside_is_no_loss_of_power():
    with Desk() as desk:
        chip = await desk.start([relay(0), relay(1)])
        desk.send(b"chip/pin1", b"ON")
        await run_until(lambda: desk.model.latch == 0xFD)
        desk.model.drive(0, 0)
        written = len(desk.model.writes)
        chip.chip._check_at = chip.chip.due = 0
        chip.chip.bus.wake()
        await run_until(lambda: chip.chip.due != 0)
        assert desk.node.available["chip"] == [True]
        assert len(desk.model.writes) == written
        assert desk.shown(b"chip/pin0") == b"OFF"


async def test_a_write_that_failed_is_repeated():
    with Desk() as desk:
        await desk.start([relay(0)])
        desk.board.bus.fail_next(0x38, 1)
        desk.send(b"chip/pin0", b"ON")
        await run_until(lambda: desk.model.latch == 0xFE)
        await run_until(lambda: desk.shown(b"chip/pin0") == b"ON")
        assert desk.node.available["chip"] == [True]


async def test_inputs_are_polled_and_a_read_never_writes():
    with Desk() as desk:
        await desk.start([row(p, "binary_sensor", debounce=0) for p in range(8)], poll_ms=2)
        written = len(desk.model.writes)
        for pin in range(8):
            states = desk.node.states[b"chip/pin%d" % pin]
            desk.model.drive(pin, 0)
            await run_until(lambda states=states: states[-1] == b"OFF")
            desk.model.drive(pin, None)
            await run_until(lambda states=states: states[-1] == b"ON")
        assert len(desk.model.writes) == written


async def test_with_an_int_line_inputs_are_read_when_the_chip_asks():
    with Desk() as desk:
        rows = [row(6, "binary_sensor", invert=True, debounce=0), relay(0)]
        chip = await desk.start(rows, int_pin=INT, safety_poll=60)
        states = desk.node.states[b"chip/pin6"]
        for _ in range(3):
            desk.model.drive(6, 0)
            await run_until(lambda: states[-1] == b"ON")
            desk.model.drive(6, None)
            await run_until(lambda: states[-1] == b"OFF")
            desk.send(b"chip/pin0", b"TOGGLE")
        assert chip.statistics()["interrupts"] >= 6
        assert chip.statistics()["missed_interrupts"] == 0


async def test_what_the_chip_does_not_have_is_refused():
    with Desk() as desk:
        await desk.start([row(8), row("GP1"), row(3, "input", pull_up=True), row("P3", "input")])
        faults = desk.faults()
        assert faults[0] == "pins[0].pin: 8 is not a pin of a chip with 8 (0..7 or P0..P7)"
        assert faults[1] == "pins[1].pin: GP1 is not a pin of a chip with 8 (0..7 or P0..P7)"
        assert "pull_up" in faults[2]
        assert len(faults) == 3


def test_addresses_between_those_of_the_two_variants_are_refused():
    spec = pcf8574_args.ARGS["PCF8574"]["address"]
    for address in (0x20, 0x27, 0x38, 0x3F, "0x3a"):
        assert schema.check(address, spec, "") == [], address
    for address in (0x1F, 0x28, 0x37, 0x40):
        assert schema.check(address, spec, "") != [], address


async def test_the_directions_are_those_of_the_table():
    with Desk() as desk:
        chip = await desk.start([row(0)])
        assert "of its table" in str(raises(ValueError, chip.directions))


def test_reading_writing_and_comparing_allocate_nothing():
    class StillI2C:
        transfers = 0

        def readfrom_into(self, address, buffer):
            buffer[0] ^= 1

        def writeto_mem(self, address, register, data):
            pass

    bus = StillI2C()
    bus._i2c = bus
    driver = Register(bus, 0x20)
    driver.configure(0x0F, 0)

    def use():
        for i in range(20):
            driver.write_latch(i << 4 & 0xF0)
            driver.read_gpio()
            driver.seen_configured()
            driver.seen_ours()
            driver.seen_latch()
            driver.seen_intf()

    assert allocated(use) == 0


async def test_whatever_fails_the_outputs_become_what_was_commanded_and_inputs_stay_high():
    random.seed(8574)
    with Desk() as desk:
        rows = [relay(pin) for pin in range(5)] + [row(pin, "input") for pin in (5, 6, 7)]
        await desk.start(rows)
        on = 0
        for _ in range(60):
            pin = random.randrange(5)
            word = random.choice((b"ON", b"OFF", b"TOGGLE"))
            desk.board.bus.fail_next(0x38, random.choice((0, 0, 1)))
            desk.send(b"chip/pin%d" % pin, word)
            lit = word == b"ON" or (word == b"TOGGLE" and not on >> pin & 1)
            on = on & ~(1 << pin) | lit << pin
            if random.random() < 0.3:
                await run_until(lambda on=on: desk.model.latch == 0xFF & ~on, 3000)
        await run_until(lambda: desk.model.latch == 0xFF & ~on, 3000)
        assert [written for written in desk.model.writes if written & 0xE0 != 0xE0] == []

# SPDX-License-Identifier: MIT
"""Inputs of components/devices/mcp23017.py with an INT line at a pin of the simulated board."""

import asyncio
import time

import machine
from board_link import attach

from components.devices.mcp23017 import MCP23017
from components.machine.i2c import I2C
from fake_node import FakeNode
from harness import run_until
from yard.model.board import Board

INT_GPIO = 4


class Desk:
    """A board whose chips share an INT line, and a node; `with` stops what was started."""

    def __init__(self, chips=(0x20,), gpio=INT_GPIO):
        wiring = {gpio: [(address, "INTA") for address in chips]}
        self.board = attach(Board(chips, wiring=wiring))
        self.models = self.board.chips
        self.node = FakeNode()
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for component in reversed(self.started):
            component.stop()

    async def bus(self):
        self.i2c = await self.node.start("i2c", I2C(22, 21, freq=400000))
        self.started.append(self.i2c)

    async def chip(self, rows, address=0x20, **args):
        """Start a chip with inputs and wait until it answers."""
        if not self.started:
            await self.bus()
        name = "chip%02x" % address
        args.setdefault("int_pin", INT_GPIO)
        chip = MCP23017(self.i2c, address, rows, **args)
        await self.node.start(name, chip)
        self.started.append(chip)
        await run_until(lambda: self.node.available.get(name))
        return chip

    def states(self, key):
        return self.node.states[key]

    def transactions(self, address=0x20):
        return self.board.bus.traffic_of[address].transactions


def row(pin, **more):
    return dict({"pin": pin, "type": "binary_sensor", "debounce": 0}, **more)


# -- the line -------------------------------------------------------------------------------


async def test_a_press_is_told_without_a_poll():
    with Desk() as desk:
        chip = await desk.chip([row(3, invert=True)])
        states = desk.states(b"chip20/pin3")
        await asyncio.sleep_ms(100)
        before = desk.transactions()
        for level, state in ((0, b"ON"), (1, b"OFF")):
            desk.models[0x20].drive(3, level)
            await run_until(lambda state=state: states[-1] == state)
        await asyncio.sleep_ms(100)
        assert desk.transactions() - before == 2
        assert states == [b"OFF", b"ON", b"OFF"]
        statistics = chip.statistics()
        assert (statistics["interrupts"], statistics["missed_interrupts"]) == (2, 0)


async def test_a_press_that_is_over_at_once_is_on_then_off():
    with Desk() as desk:
        await desk.chip([row(3, invert=True)])
        desk.models[0x20].drive(3, 0)
        desk.models[0x20].drive(3, 1)
        states = desk.states(b"chip20/pin3")
        await run_until(lambda: states == [b"OFF", b"ON", b"OFF"])


async def test_chips_share_a_line():
    with Desk((0x20, 0x21, 0x22)) as desk:
        for address in desk.models:
            await desk.chip([row(3)], address)
        for model in desk.models.values():
            model.drive(3, 0)
        for address in desk.models:
            states = desk.states(b"chip%02x/pin3" % address)
            await run_until(lambda states=states: states == [b"ON", b"OFF"])


async def test_a_line_goes_on_when_one_of_its_chips_is_stopped():
    with Desk((0x20, 0x21)) as desk:
        first = await desk.chip([row(3)])
        await desk.chip([row(3)], 0x21)
        first.stop()
        desk.started.remove(first)
        desk.models[0x21].drive(3, 0)
        await run_until(lambda: desk.states(b"chip21/pin3") == [b"ON", b"OFF"])


async def test_the_pin_is_free_when_the_last_chip_of_a_line_is_stopped():
    with Desk() as desk:
        chip = await desk.chip([row(3)])
        chip.stop()
        desk.started.remove(chip)
        await run_until(desk.node.tasks["INT line %d" % INT_GPIO].done)
        other = await desk.node.start("other", I2C(INT_GPIO, 5, id=1))
        other.stop()


async def test_the_line_is_pulled_up():
    with Desk() as desk:
        await desk.chip([row(3)])
        assert desk.board.pin(INT_GPIO).pull == 1
        assert machine.Pin(INT_GPIO).value() == 1


async def test_a_line_on_a_pin_without_pull_up_needs_one_outside():
    with Desk(gpio=34) as desk:
        await desk.chip([row(3)], int_pin=34)
        assert desk.board.pin(34).pull == 0
        desk.models[0x20].drive(3, 0)
        await run_until(lambda: desk.states(b"chip20/pin3") == [b"ON", b"OFF"])
        assert desk.started[-1].statistics()["interrupts"] == 1


async def test_a_line_on_a_pin_that_is_taken_is_refused_and_the_inputs_are_polled():
    for gpio, reason in (
        (21, 'GPIO 21 is used by "i2c" already'),
        (24, "no INT line on GPIO 24: invalid pin"),
        (12, "GPIO 12: a high level during a reset keeps the node from starting"),
    ):
        with Desk() as desk:
            await desk.chip([row(3)], int_pin=gpio)
            text = "int_pin: %s; the inputs are polled" % reason
            assert desk.node.faults == [("chip20", "check", text)]
            desk.models[0x20].drive(3, 0)
            await run_until(lambda: desk.states(b"chip20/pin3") == [b"ON", b"OFF"])


async def test_a_chip_without_inputs_takes_no_line():
    with Desk() as desk:
        await desk.chip([{"pin": 0, "type": "switch"}])
        assert list(desk.node.tasks) == ["bus i2c"]
        assert not hasattr(desk.started[-1], "statistics")


# -- faults of the line ---------------------------------------------------------------------


async def test_a_line_that_stays_low_is_reported_and_its_chips_are_polled():
    with Desk() as desk:
        await desk.chip([row(3)])
        desk.board.drive_pin(INT_GPIO, 0)
        await run_until(lambda: desk.node.counters == {"int_fallbacks": 1})
        text = "it stays low; its chips are polled until it behaves"
        assert ("warn", "INT line 4", text) in desk.node.log.records
        desk.models[0x20].drive(3, 0)
        await run_until(lambda: desk.states(b"chip20/pin3") == [b"ON", b"OFF"])
        desk.board.drive_pin(INT_GPIO, None)
        again = ("info", "INT line 4", "works again")
        await run_until(lambda: again in desk.node.log.records, 2500)


async def test_a_wire_that_is_not_there_is_found_by_the_safety_poll():
    with Desk(gpio=5) as desk:
        chip = await desk.chip([row(3)], safety_poll=1)
        start = time.ticks_ms()
        desk.models[0x20].drive(3, 0)
        await run_until(lambda: desk.states(b"chip20/pin3") == [b"ON", b"OFF"], 1500)
        assert time.ticks_diff(time.ticks_ms(), start) < 1500
        assert chip.statistics()["missed_interrupts"] == 1
        assert desk.node.counters == {"int_fallbacks": 1}
        desk.models[0x20].drive(3, 1)
        await run_until(lambda: desk.states(b"chip20/pin3")[-1] == b"ON", 100)


# -- options of a pin -----------------------------------------------------------------------


async def test_on_and_off_can_have_their_own_debounce():
    with Desk() as desk:
        await desk.chip([row(3, invert=True, debounce={"on": 0, "off": 80})])
        states = desk.states(b"chip20/pin3")
        desk.models[0x20].drive(3, 0)
        await run_until(lambda: states[-1] == b"ON", 50)
        start = time.ticks_ms()
        desk.models[0x20].drive(3, 1)
        await run_until(lambda: states[-1] == b"OFF")
        assert 75 <= time.ticks_diff(time.ticks_ms(), start)


async def test_a_binary_sensor_tells_the_changes_of_its_choice():
    with Desk() as desk:
        rows = [row(pin, invert=True, edge=edge) for pin, edge in enumerate(("both", "on", "off"))]
        await desk.chip(rows)
        both = desk.states(b"chip20/pin0")
        for level in (0, 1, 0, 1):
            count = len(both)
            for pin in range(3):
                desk.models[0x20].drive(pin, level)
            await run_until(lambda count=count: len(both) > count)
        assert both == [b"OFF"] + 2 * [b"ON", b"OFF"]
        assert desk.states(b"chip20/pin1") == 2 * [b"ON"]
        assert desk.states(b"chip20/pin2") == 3 * [b"OFF"]
        assert desk.node.entities[b"chip20/pin0"].options is None
        assert desk.node.entities[b"chip20/pin1"].options == {"frc_upd": True}


async def test_chatter_is_a_problem_of_the_chip_until_it_is_quiet():
    with Desk() as desk:
        chip = await desk.chip([row(3, chatter=5), row(4), row(5, chatter=0)])
        problem = desk.node.entities[b"chip20/chatter"]
        assert problem.config["dev_cla"] == "problem"
        assert problem.state() == b"OFF"
        states = desk.states(b"chip20/chatter")
        for i in range(12):
            for pin in (3, 4, 5):
                desk.models[0x20].drive(pin, i & 1)
            await asyncio.sleep_ms(25)
        assert states == [b"ON"]
        text = "pin 3 changes too often: muted until it is quiet"
        warnings = [record for record in desk.node.log.records if record[1] == "chip20"]
        assert [record for record in warnings if record[0] == "warn"] == [("warn", "chip20", text)]
        assert chip.statistics()["chatter"] == 1
        await run_until(lambda: states == [b"ON", b"OFF"], 6000)
        assert ("info", "chip20", "pin 3 is quiet again") in desk.node.log.records


async def test_a_chip_of_outputs_has_no_chatter():
    with Desk() as desk:
        await desk.chip([{"pin": 0, "type": "switch"}])
        assert list(desk.node.entities) == [b"chip20/pin0"]


async def faults_of(*rows):
    with Desk() as desk:
        await desk.chip(list(rows))
        return [fault for _, _, fault in desk.node.faults]


async def test_options_that_cannot_be_are_told():
    faults = await faults_of(
        row(0, debounce=65536),
        row(1, debounce={"on": 5}),
        row(2, debounce={"on": 5, "off": -1}),
        row(3, debounce="20"),
        row(4, chatter=51),
        row(5, edge="rising"),
        {"pin": 6, "type": "input", "edge": "on"},
    )
    assert faults == [
        "pins[0].debounce: 65536 is above the highest value 65535",
        "pins[1].debounce.off: required, but missing",
        "pins[2].debounce.off: -1 is below the lowest value 0",
        "pins[3].debounce: expected a whole number, not text",
        "pins[4].chatter: 51 is above the highest value 50",
        'pins[5].edge: unknown value "rising"; known are both, off, on',
        "pins[6].edge: only a binary_sensor has this",
    ]

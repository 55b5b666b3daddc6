# SPDX-License-Identifier: MIT
"""components/devices/hc595.py and lib/shift_port.py on the simulated board."""

import random

import pin_access
import schema
from command_buffer import TOGGLE
from shift_port import ShiftPort, ShiftRegister

from components.devices import hc595_args
from components.devices.hc595 import HC595
from components.entities.table import Table
from entity_desk import Desk as EntityDesk
from harness import allocated, raises, run_until
from node.component import ConfigError
from yard.model import hc595 as model

DATA, CLOCK, LATCH, ENABLE = 23, 18, 27, 19


class Desk(EntityDesk):
    """With a chain. Attribute `model`."""

    def __init__(self, registers=1, enable=ENABLE, stored=None):
        super().__init__(chips=(), stored=stored)
        self._registers = registers
        self._enable = enable
        self.model = model.HC595(self.board, DATA, CLOCK, LATCH, enable, registers)

    async def chain(self, rows, **args):
        args.update(ser=DATA, srclk=CLOCK, rclk=LATCH, pins=rows, chips=self._registers)
        if self._enable is not None:
            args["oe"] = self._enable
        spec = {"type": "dict", "keys": hc595_args.ARGS["HC595"]}
        assert schema.check(args, spec, "") == []
        chain = HC595(**schema.apply(args, spec))
        self.components["chain"] = await self.node.start("chain", chain)
        return chain


def row(pin, kind="switch", **more):
    return dict({"pin": pin, "type": kind}, **more)


async def test_outputs_are_not_driven_before_they_have_their_levels():
    with Desk(registers=2) as desk:
        assert desk.model.levels() is None
        await desk.chain([row(0), row(3, invert=True), row(9, restore="on")])
        assert desk.model.history == [0x0208]
        assert desk.faults() == []


async def test_without_a_wire_to_oe_the_first_transfer_sets_them():
    with Desk(enable=None) as desk:
        await desk.chain([row(0)])
        assert desk.model.outputs == 0


async def test_every_output_of_the_longest_chain_has_its_place():
    with Desk(registers=8) as desk:
        await desk.chain([row(pin) for pin in range(64)])
        for pin in range(64):
            desk.send(b"chain/pin%d" % pin, b"ON")
            assert desk.model.levels() == 1 << pin
            assert desk.shown(b"chain/pin%d" % pin) == b"ON"
            desk.send(b"chain/pin%d" % pin, b"OFF")
        assert desk.model.levels() == 0


async def test_any_commands_leave_what_was_commanded():
    random.seed(5)
    with Desk(registers=3) as desk:
        await desk.chain([row(pin, invert=pin % 3 == 0) for pin in range(24)])
        inverted = sum([1 << pin for pin in range(0, 24, 3)])
        level = 0
        for _ in range(200):
            pin = random.randrange(24)
            word = random.choice((b"ON", b"OFF", b"TOGGLE"))
            desk.send(b"chain/pin%d" % pin, word)
            on = word == b"ON" or (word == b"TOGGLE" and not level >> pin & 1)
            level = level & ~(1 << pin) | on << pin
            assert desk.model.levels() == level ^ inverted


async def test_pulses_end_by_themselves():
    with Desk(registers=8) as desk:
        await desk.chain([row(60, "button", pulse=30)])
        entity = desk.node.entities[b"chain/pin60"]
        entity.command(entity.words[b"PRESS"], None, None, None)
        assert desk.model.levels() == 1 << 60
        await run_until(lambda: desk.model.levels() == 0)


async def test_last_levels_survive_a_restart_of_the_node():
    with Desk() as desk:
        await desk.chain([row(1, restore="last"), row(2)])
        for pin in (b"1", b"2"):
            desk.send(b"chain/pin" + pin, b"ON")
        stored = desk.node.stored
        desk.stop()
        desk.restart(stored)
        await desk.chain([row(1, restore="last"), row(2)])
        assert desk.model.levels() == 2


async def test_inputs_and_outputs_that_are_not_there_cost_their_row():
    with Desk(registers=2) as desk:
        rows = [row(16), row(1, "binary_sensor"), row(2, "input"), row(True), row(3), row(3)]
        await desk.chain(rows)
        faults = desk.faults()
        assert faults[0] == "pins[0].pin: 16 is not an output of the chain (0..15)"
        assert len(faults) == 5
        assert "pins[1].type" in faults[1] and "pins[2].type" in faults[2]
        assert faults[4] == "pins[5].pin: 3 is used by pins[4] already"


async def test_a_further_pin_that_is_an_input_costs_its_row():
    with Desk() as desk:
        await desk.chain([row(1, "lock", feedback=2)])
        assert "outputs only" in desk.faults()[0], desk.faults()


async def test_other_components_and_requests_use_its_pins():
    with Desk(registers=2) as desk:
        chain = await desk.chain([row(12, "output"), row(2)])
        table = Table([{"pin": chain.pin(12), "type": "switch", "id": "far"}])
        desk.components["table"] = await desk.node.start("table", table)
        desk.send(b"table/far", b"ON")
        assert desk.model.levels() == 1 << 12
        assert "does not have it" in str(raises(ValueError, chain.pin, 3))
        assert "does not have it" in str(raises(ValueError, chain.pin, 16))
        assert await pin_access.read(chain.chip) == (0, 1 << 12)
        assert pin_access.pin_of(chain, "12").chip is chain.chip


async def test_a_gpio_that_is_used_already_is_refused():
    with Desk() as desk:
        await desk.chain([])
        fault = None
        try:
            await desk.node.start("other", HC595(4, 25, LATCH, []))
        except ConfigError as e:
            fault = e
        assert fault.key == "rclk"
        # What it had is free again.
        desk.components["other"] = await desk.node.start("other", HC595(4, 25, 26, []))


def test_a_command_allocates_nothing():
    def wire(level):
        pass

    port = ShiftPort(2, 1500)

    class Target:
        class pin:
            mask = 1

        def applied(self, tag):
            pass

        def changed(self):
            pass

    target = Target()
    port.output(0, target)
    port.start(ShiftRegister(wire, wire, wire, 16).send)

    def use():
        for _ in range(10):
            port.submit(target, TOGGLE, 0, 1500, None)

    assert allocated(use) == 0

# SPDX-License-Identifier: MIT
"""components/devices/generic_switch.py on the simulated board."""

import schema

from components.devices import generic_switch_args
from components.devices.generic_switch import GenericSwitch
from entity_desk import Desk as EntityDesk
from harness import run_until
from node.component import ConfigError

KEY = b"x/switch"
ROWS = (
    {"pin": 0, "type": "output"},
    {"pin": 1, "type": "switch"},
    {"pin": 2, "type": "button", "pulse": 20},
    {"pin": 3, "type": "switch", "pulse": 60000},
    {"pin": 8, "type": "input", "debounce": 0, "invert": True},
)


class Desk(EntityDesk):
    async def start(self, on, off, **args):
        """Start a switch; on, off: (pin of the chip, what it does) of each step."""
        if "chip20" not in self.components:
            await self.chip([dict(row) for row in ROWS], poll_ms=2)
        self.pins = self.components["chip20"]
        args.update(on=self.steps(on), off=self.steps(off))
        if "state" in args:
            args["state"] = self.pins.pin(args["state"])
        spec = {"type": "dict", "keys": generic_switch_args.ARGS["GenericSwitch"]}
        assert schema.check(args, spec, "") == []
        switch = GenericSwitch(**schema.apply(args, spec))
        await self.node.start("x", switch)
        self.components["x"] = switch
        return switch

    def steps(self, steps):
        rows = []
        for number, do, *more in steps:
            row = {"output": self.pins.pin(number), "do": do}
            for keys in more:
                row.update(keys)
            rows.append(row)
        return rows


async def test_it_does_what_its_steps_say_in_their_order():
    with Desk() as desk:
        await desk.start(on=[(0, "on"), (1, "on")], off=[(1, "off"), (0, "off")])
        assert desk.shown(KEY) is None
        for word, latch, state in (
            (b"ON", 3, b"ON"),
            (b"TOGGLE", 0, b"OFF"),
            (b"TOGGLE", 3, b"ON"),
        ):
            desk.send(KEY, word)
            await run_until(lambda latch=latch: desk.latch() == latch)
            assert desk.shown(KEY) == state
        await run_until(lambda: desk.node.states[b"chip20/pin1"][-1] == b"ON")
        assert desk.node.entities[KEY].options == {"opt": True}


async def test_a_pulse_has_the_length_of_the_step_or_of_the_output():
    with Desk() as desk:
        await desk.start(on=[(3, "pulse", {"pulse": 10})], off=[(1, "pulse")])
        desk.send(KEY, b"ON")
        await run_until(lambda: [latch for _, latch in desk.latches] == [8, 0])
        desk.send(KEY, b"OFF")
        await run_until(lambda: [latch for _, latch in desk.latches] == [8, 0, 2, 0])


async def test_an_input_tells_whether_it_is_on():
    with Desk() as desk:
        switch = await desk.start(on=[(0, "pulse")], off=[(0, "pulse")], state=8)
        assert desk.shown(KEY) == b"OFF"
        switch.on()
        assert desk.node.states[KEY][-1] == b"OFF"
        desk.models[0x20].drive(8, 0)
        await run_until(lambda: desk.node.states[KEY][-1] == b"ON")
        assert desk.node.entities[KEY].options is None
        desk.components.pop("x").stop()
        assert desk.pins.chip.watches == []


async def test_an_output_that_refuses_does_not_stop_the_others():
    with Desk() as desk:
        switch = await desk.start(on=[(1, "on"), (0, "on")], off=[(0, "off")])

        def refuse(*args):
            raise ValueError("not now")

        desk.node.entities[b"chip20/pin1"].command = refuse
        switch.on()
        await run_until(lambda: desk.latch() == 1)
        assert ("warn", "x", "an output refuses: not now") in desk.node.log.records


async def test_a_wrong_step_is_named():
    with Desk() as desk:
        for on, text in (
            ([(0, "glow")], '[0].do: unknown value "glow"'),
            ([(0, "on"), (8, "on")], "[1].output: it is an input"),
            ([(0, "on", {"pulse": 5})], '[0].pulse: goes with "do": "pulse"'),
        ):
            fault = None
            try:
                await desk.start(on=on, off=[])
            except ConfigError as e:
                fault = e
            assert fault.key == "on" and str(fault).startswith(text), fault
        assert KEY not in desk.node.entities

# SPDX-License-Identifier: MIT
"""components/logic/bindings.py on the simulated board."""

import asyncio

from command_buffer import OFF, TOGGLE

from components.logic.bindings import Binding, Bindings
from components.logic.pin_output import PinOutput
from components.machine.gpio import GPIO
from harness import allocated, run_until
from node.component import Component, Entity
from test_components_mcp23017 import Desk, row


class Session:
    def __init__(self, online):
        self.online = online


class Shutter(Entity):
    """An entity with words of its own; `done` is what it was told to do."""

    platform = "cover"
    words = {b"OPEN": 5, b"STOP": 6}

    def __init__(self, object_id):
        super().__init__(object_id)
        self.done = []

    def command(self, action, value, ttl_ms, tag):
        if action == 5 and self.done:
            raise ValueError("it moves")
        self.done.append(action)


class House(Desk):
    """Two chips; one has buttons at 8 and 9, a lamp at 0, a plain relay at 1, a gate at 2."""

    def __init__(self):
        super().__init__((0x20, 0x21))

    async def start(self, *bindings):
        self.pins = await self.chip(
            [
                row(0, id="lamp"),
                row(1, "output"),
                row(2, "button", id="gate", pulse=50),
                row(8, "input", invert=True, debounce=0, long=100, double=50),
                row(9, "binary_sensor", id="door", invert=True, debounce=0),
            ],
            poll_ms=1,
        )
        for binding in bindings:
            for key in ("input", "output"):
                if isinstance(binding.get(key), int):
                    binding[key] = self.pins.pin(binding[key])
        self.bindings = await self.node.start("wall", Bindings(list(bindings)))
        self.started.append(self.bindings)

    def level(self, pin, on):
        self.models[0x20].drive(pin, 0 if on else 1)

    async def press(self, pin, ms=20, pause=20):
        for on, wait in ((True, ms), (False, pause)):
            self.level(pin, on)
            await asyncio.sleep_ms(wait)


def bind(do="toggle", output=0, **more):
    return dict({"input": 8, "do": do, "output": output}, **more)


async def faults(*bindings):
    with House() as house:
        await house.start(*bindings)
        assert all(name == "wall" and phase == "check" for name, phase, _ in house.node.faults)
        return [text for _, _, text in house.node.faults]


async def test_a_press_toggles_an_output_without_broker_and_its_entity_shows_it():
    with House() as house:
        await house.start(bind())
        await house.press(8)
        await run_until(lambda: house.latch() == 1)
        assert house.node.states[b"chip20/lamp"][-1] == b"ON"
        await house.press(8)
        await run_until(lambda: house.latch() == 0)
        assert house.node.states[b"chip20/lamp"][-1] == b"OFF"


async def test_the_edge_itself_needs_nothing_that_tells_presses_apart():
    with House() as house:
        # The one that is there is that of pin 8, which has times of its own.
        await house.start(bind(input=9), bind("on", 1, input=9, when="press"))
        before = len(house.node.presses.pins)
        await house.press(9)
        await run_until(lambda: house.latch() == 3)
        assert before == len(house.node.presses.pins) == 1


async def test_each_kind_of_press_has_its_own_action():
    with House() as house:
        await house.start(
            bind("on", 0, when="single"),
            bind("off", 0, when="double"),
            bind("on", 1, when="long"),
            bind("off", 1, when="long_release"),
        )
        await house.press(8)
        await run_until(lambda: house.latch() == 1)
        house.level(8, True)
        await run_until(lambda: house.latch() == 3)
        house.level(8, False)
        await run_until(lambda: house.latch() == 1)
        await house.press(8)
        await house.press(8)
        await run_until(lambda: house.latch() == 0)


async def test_three_presses_are_a_triple_and_neither_a_single_nor_a_double():
    with House() as house:
        await house.start(
            bind("on", 0, when="single"),
            bind("on", 0, when="double"),
            bind("on", 1, when="triple"),
        )
        for _ in range(3):
            await house.press(8)
        await run_until(house.latch)
        await asyncio.sleep_ms(100)
        assert house.latch() == 2


async def test_an_output_follows_both_edges_of_an_input():
    with House() as house:
        await house.start(bind("follow", 1))
        house.level(8, True)
        await run_until(lambda: house.latch() == 2)
        house.level(8, False)
        await run_until(lambda: house.latch() == 0)


async def test_what_an_input_is_at_the_start_is_no_edge_to_follow():
    with House() as house:
        house.level(8, True)
        await house.start(bind("follow", 1))
        await asyncio.sleep_ms(50)
        assert house.latch() == 0


async def test_a_pulse_has_the_length_of_the_row_or_of_the_output():
    for pulse, shortest in ((150, 150), (None, 50)):
        with House() as house:
            more = {"pulse": pulse} if pulse else {}
            await house.start(bind("pulse", 2, **more))
            await house.press(8, 10, 0)
            await run_until(lambda house=house: house.latch() == 4)
            await asyncio.sleep_ms(shortest - 20)
            assert house.latch() == 4
            await run_until(lambda house=house: house.latch() == 0)


async def test_stop_ends_a_pulse():
    with House() as house:
        await house.start(bind("pulse", 1, pulse=5000), bind("stop", 1, when="release"))
        house.level(8, True)
        await run_until(lambda: house.latch() == 2)
        house.level(8, False)
        await run_until(lambda: house.latch() == 0)


async def test_a_binding_may_act_only_while_the_link_is_down():
    with House() as house:
        house.node.session = Session(True)
        await house.start(bind("on", 0, **{"if": "offline"}), bind("on", 1, when="release"))
        await house.press(8)
        await run_until(lambda: house.latch() & 2)
        assert house.latch() == 2
        house.node.session.online = False
        await house.press(8)
        await run_until(lambda: house.latch() == 3)


async def test_an_input_with_an_entity_acts_on_several_outputs():
    with House() as house:
        await house.start(bind("on", 0, input=9), bind("on", 1, input=9))
        await house.press(9)
        await run_until(lambda: house.latch() == 3)
        assert house.node.states[b"chip20/door"][-2:] == [b"ON", b"OFF"]


async def test_an_entity_is_bound_by_its_words():
    with House() as house:
        shutter = Shutter("shutter")
        await house.start(bind("open", shutter), bind("stop", shutter, when="release"))
        assert house.node.faults == []
        await house.press(8)
        await run_until(lambda: len(shutter.done) == 2)
        assert shutter.done == [5, 6]


async def test_a_component_with_one_entity_stands_for_it():
    with House() as house:
        component = await house.node.start("cover", Component())
        shutter = Shutter("shutter")
        house.node.add_entity(component, shutter)
        await house.start(bind("open", component))
        await house.press(8)
        await run_until(lambda: shutter.done)


async def test_a_cover_is_opened_and_stopped_but_its_relays_are_not_bound():
    with House() as house:
        await house.start()
        rows = [
            row(3, "cover", id="shutter", close_pin=4, travel_up=9, travel_down=9),
            row(8, "input", invert=True, debounce=0),
        ]
        chip = await house.chip(rows, "chip21", 0x21, poll_ms=1)
        cover = house.node.entities[b"chip21/shutter"]
        button = chip.pin(8)
        bindings = [
            bind("open", cover, input=button),
            bind("stop", cover, input=button, when="release"),
            bind("off", chip.pin(4), input=button),
        ]
        house.started.append(await house.node.start("wall", Bindings(bindings)))
        (fault,) = house.node.faults
        assert fault[2].startswith("rows[2].output: it is part of something")
        house.models[0x21].drive(8, 0)
        await run_until(lambda: house.latch(0x21) == 1 << 3)
        house.models[0x21].drive(8, 1)
        await run_until(lambda: house.latch(0x21) == 0)


async def test_pins_of_the_chip_of_the_node_are_bound_as_well():
    with House() as house:
        await house.start()
        rows = [row(18, "input", invert=True, debounce=0, long=60), row(23, id="pump")]
        esp = await house.node.start("esp", GPIO(rows))
        house.started.append(esp)
        bindings = [
            bind("toggle", esp.pin(23), input=esp.pin(18), when="long"),
            bind("on", house.pins.pin(0), input=esp.pin(18)),
        ]
        house.started.append(await house.node.start("wall", Bindings(bindings)))
        assert house.node.faults == []
        house.board.drive_pin(18, 0)
        await run_until(lambda: house.latch() == 1)
        await run_until(lambda: house.board.pin_read(23) == 1)
        assert house.node.states[b"esp/pump"][-1] == b"ON"


async def test_an_output_that_refuses_is_reported():
    with House() as house:
        shutter = Shutter("shutter")
        await house.start(bind("open", shutter))
        await house.press(8)
        await house.press(8)
        await run_until(
            lambda: ("warn", "wall", "an output refuses: it moves") in house.node.log.records
        )


async def test_bindings_end_with_their_component():
    with House() as house:
        await house.start(bind(), bind("follow", 1))
        house.bindings.stop()
        await house.press(8)
        await asyncio.sleep_ms(30)
        assert house.latch() == 0
        assert list(house.pins.pin(8).chip.watches) == []


async def test_a_binding_allocates_nothing():
    with House() as house:
        await house.start()
        binding = Binding(house.bindings, PinOutput(house.pins.pin(1)), TOGGLE, OFF, None, True)
        house.node.session = Session(False)
        assert allocated(lambda: binding.pressed("press")) == 0


# -- faults ---------------------------------------------------------------------------------


async def test_a_row_with_a_fault_leaves_the_others_alone():
    with House() as house:
        await house.start(bind("tickle"), bind("on", 1))
        assert len(house.node.faults) == 1
        await house.press(8)
        await run_until(lambda: house.latch() == 2)


async def test_each_fault_is_said_in_one_line():
    rows = (
        (bind("tickle"), 'rows[0].do: unknown value "tickle"; known are follow, off, on, pulse, '),
        (bind("togle"), 'rows[0].do: unknown value "togle"; did you mean "toggle"?'),
        (bind("toggle", 2), 'rows[0].do: unknown value "toggle"; known are press, pulse'),
        (bind(when="triple_long"), 'rows[0].when: unknown value "triple_long"'),
        (bind("follow", when="press"), 'rows[0].when: "follow" acts on every edge'),
        (bind("follow", 2), "rows[0].do: "),
        (bind(output=9), "rows[0].output: it is an input"),
        (bind(output=8), "rows[0].output: it is the input itself"),
        (bind(input=0, output=1), "rows[0].input: it is an output"),
        (bind(output=object()), "rows[0].output: expected a pin such as"),
        (bind(input=object()), "rows[0].input: expected a pin such as"),
        (bind("on", pulse=100), 'rows[0].pulse: goes with "do": "pulse"'),
        (bind(**{"if": "never"}), 'rows[0].if: unknown value "never"'),
        (bind(colour="red"), 'rows[0]: unknown key "colour"'),
        ({"input": 8, "output": 0}, "rows[0].do: required, but missing"),
    )
    for binding, said in rows:
        found = await faults(binding)
        assert len(found) == 1 and found[0].startswith(said), (binding, found)


async def test_what_the_loader_could_not_find_is_not_reported_twice():
    assert await faults(bind(output="@gone.3"), bind(input="@chip20.99")) == []


async def test_a_pin_that_is_part_of_something_is_not_commanded_behind_its_back():
    class Owner:
        def __init__(self, pin):
            self.pin = pin

    with House() as house:
        await house.start()
        pin = house.pins.pin(1)
        pin.take(Owner(pin))
        await house.node.start("more", Bindings([bind(input=house.pins.pin(8), output=pin)]))
        (fault,) = house.node.faults
        assert "part of something" in fault[2]

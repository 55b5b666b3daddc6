# SPDX-License-Identifier: MIT
"""components/devices/mcp23017.py and components/entities on the simulated board."""

import asyncio
import gc
import time

import schema
from board_link import attach

from components.devices.mcp23017 import MCP23017
from components.devices.mcp23017_args import ARGS
from components.entities.switch import Switch
from components.machine.i2c import I2C
from fake_node import FakeNode
from harness import raises, run_until
from node.component import ConfigError, Entity
from yard.model.board import Board


class Desk:
    """A board, a node and its bus; `with` stops what was started.

    `chips`: addresses; attributes: `models`, the chips on the board; `started`, the components.
    """

    def __init__(self, chips=(0x20,)):
        self.board = attach(Board(chips))
        self.models = self.board.chips
        self.node = FakeNode()
        self.started = []

    async def bus(self):
        self.i2c = await self.node.start("i2c", I2C(22, 21, freq=400000))
        self.started.append(self.i2c)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for component in reversed(self.started):
            component.stop()

    async def chip(self, pins, name="chip20", address=0x20, **args):
        """Start a chip with the rows `pins` and wait until it answers."""
        if not self.started:
            await self.bus()
        chip = MCP23017(self.i2c, address, pins, **args)
        await self.node.start(name, chip)
        self.started.append(chip)
        await run_until(lambda: self.node.available.get(name))
        return chip

    def command(self, key, payload, value=None, ttl_ms=None, tag=None):
        """Do what the session does with a command."""
        entity = self.node.entities[key]
        entity.command(entity.words[payload], value, ttl_ms, tag)

    def latch(self, address=0x20):
        registers = self.models[address].registers()
        return registers["OLATA"] | registers["OLATB"] << 8


def row(pin, kind="switch", **more):
    return dict({"pin": pin, "type": kind}, **more)


async def faults_of(*rows):
    """Return the faults that a pin table causes, and the keys of the entities that run."""
    with Desk() as desk:
        await desk.chip(list(rows))
        for name, phase, _ in desk.node.faults:
            assert (name, phase) == ("chip20", "check")
        return [fault for _, _, fault in desk.node.faults], sorted(desk.node.entities)


# -- entities -------------------------------------------------------------------------------


async def test_a_switch_carries_out_commands_and_shows_its_state():
    with Desk() as desk:
        await desk.chip([row(5, name="Pump", id="pump")])
        key = b"chip20/pump"
        states = desk.node.states[key]
        assert states == [b"OFF"]
        for word in (b"ON", b"OFF", b"TOGGLE", b"TOGGLE"):
            count = len(states)
            desk.command(key, word)
            await run_until(lambda count=count: len(states) > count)
            on = states[-2] == b"OFF" if word == b"TOGGLE" else word == b"ON"
            assert states[-1] == (b"ON" if on else b"OFF")
            assert desk.latch() == on << 5


async def test_a_light_is_one_for_home_assistant_and_else_like_a_switch():
    with Desk() as desk:
        await desk.chip([row("GPB1", "light", name="Hall")])
        light = desk.node.entities[b"chip20/hall"]
        assert (light.platform, light.name) == ("light", "Hall")
        desk.command(b"chip20/hall", b"ON")
        await run_until(lambda: desk.latch() == 1 << 9)


async def test_a_button_gives_a_pulse_and_has_no_state():
    with Desk() as desk:
        await desk.chip([row(0, "button", id="gate", pulse=30)])
        edges = []
        desk.models[0x20].on_latch_change = lambda chip, old, new: edges.append(new)
        desk.command(b"chip20/gate", b"PRESS")
        await run_until(lambda: edges == [1, 0])
        assert set(desk.node.states[b"chip20/gate"]) == {None}


async def test_a_pulse_takes_its_length_from_the_command_else_from_the_pin_else_200_ms():
    with Desk() as desk:
        await desk.chip([row(0), row(1, pulse=70)])
        asked = []
        expander = desk.node.entities[b"chip20/pin0"].pin.chip
        expander.submit = lambda *args: asked.append(args[1:3])
        desk.command(b"chip20/pin0", b"PULSE")
        desk.command(b"chip20/pin1", b"PULSE")
        desk.command(b"chip20/pin1", b"PULSE", 5)
        assert [value for _, value in asked] == [200, 70, 5]


async def test_a_second_pulse_makes_the_first_longer_or_is_ignored_as_the_row_says():
    for rule, length in (("extend", 160), ("ignore", 100)):
        with Desk() as desk:
            await desk.chip([row(0, pulse_rule=rule, pulse=100)])
            desk.command(b"chip20/pin0", b"PULSE")
            await run_until(lambda desk=desk: desk.latch() == 1)
            start = time.ticks_ms()
            await asyncio.sleep_ms(60)
            desk.command(b"chip20/pin0", b"PULSE")
            await run_until(lambda desk=desk: desk.latch() == 0)
            assert abs(time.ticks_diff(time.ticks_ms(), start) - length) <= 20


async def test_a_command_may_wait_as_long_as_it_says_else_its_pin_its_chip_the_node():
    with Desk((0x20, 0x21)) as desk:
        await desk.chip([row(0), row(1, ttl=700)])
        await desk.chip([row(0)], "chip21", 0x21, ttl=900)
        asked = []
        for expander in desk.i2c.worker.devices:
            expander.submit = lambda *args: asked.append(args[3])
        desk.command(b"chip20/pin0", b"ON", None, 800)
        desk.command(b"chip20/pin1", b"ON")
        desk.command(b"chip21/pin0", b"ON")
        desk.command(b"chip20/pin0", b"ON")
        assert asked == [800, 700, 900, 1500]


async def test_an_inverted_switch_is_on_at_a_low_level():
    with Desk() as desk:
        await desk.chip([row(5, invert=True)])
        assert desk.latch() == 1 << 5
        assert desk.node.states[b"chip20/pin5"] == [b"OFF"]
        desk.command(b"chip20/pin5", b"ON")
        await run_until(lambda: desk.latch() == 0)


async def test_a_binary_sensor_follows_its_input():
    with Desk() as desk:
        pins = [row(3, "binary_sensor", id="door", invert=True, device_class="door")]
        await desk.chip(pins)
        door = desk.node.entities[b"chip20/door"]
        states = desk.node.states[b"chip20/door"]
        assert states == [b"OFF"]
        assert (door.platform, door.words) == ("binary_sensor", None)
        assert door.options == {"dev_cla": "door"}
        desk.models[0x20].drive(3, 0)
        await run_until(lambda: states == [b"OFF", b"ON"])
        desk.models[0x20].drive(3, None)
        await run_until(lambda: states == [b"OFF", b"ON", b"OFF"])


async def test_debounce_and_poll_interval_are_those_of_the_table():
    with Desk((0x20, 0x21)) as desk:
        await desk.chip([row(3, "binary_sensor", debounce=0)], poll_ms=5)
        await desk.chip([row(3, "binary_sensor", debounce=150)], "chip21", 0x21, poll_ms=200)
        traffic = [desk.board.bus.traffic_of[address] for address in (0x20, 0x21)]
        before = [each.transactions for each in traffic]
        for model in desk.models.values():
            model.drive(3, 0)
        await run_until(lambda: desk.node.states[b"chip20/pin3"][-1] == b"OFF")
        assert desk.node.states[b"chip21/pin3"][-1] == b"ON"
        await run_until(lambda: desk.node.states[b"chip21/pin3"][-1] == b"OFF")
        assert traffic[0].transactions - before[0] > 10
        assert traffic[1].transactions - before[1] <= 4


async def test_a_pull_up_can_be_switched_off():
    with Desk() as desk:
        await desk.chip([row(3, "binary_sensor", pull_up=False), row(4, "binary_sensor")])
        assert desk.models[0x20].registers()["GPPUA"] & 0b11000 == 0b10000


async def test_a_dropped_command_is_logged_and_the_true_state_published_again():
    with Desk() as desk:
        await desk.chip([row(0, id="pump")])
        desk.board.bus.nack.add(0x20)
        states = desk.node.states[b"chip20/pump"]
        desk.command(b"chip20/pump", b"ON", None, 60, "x7")
        await run_until(lambda: len(states) == 2)
        assert states == [b"OFF", b"OFF"]
        assert ("warn", "command", "chip20/pump: x7 dropped, expired") in desk.node.log.records


async def test_a_command_with_an_id_is_named_in_the_log_when_it_is_done():
    with Desk() as desk:
        await desk.chip([row(0, id="pump")])
        desk.command(b"chip20/pump", b"ON", None, None, "x7")
        done = ("info", "command", "chip20/pump: x7 done")
        await run_until(lambda: done in desk.node.log.records)


async def test_an_object_id_comes_from_the_id_else_the_name_else_the_pin():
    with Desk() as desk:
        await desk.chip(
            [
                row(0, id="a-B_1", name="One"),
                row(1, name="Küche: Licht 2 (oben)"),
                row(2, name="灯"),
                row(3),
            ]
        )
        assert desk.node.faults == []
        keys = [b"chip20/a-B_1", b"chip20/k_che_licht_2_oben", b"chip20/pin2", b"chip20/pin3"]
        assert sorted(desk.node.entities) == sorted(keys)


async def test_the_chip_is_a_device_of_its_own_in_home_assistant():
    with Desk() as desk:
        chip = await desk.chip([row(0, icon="mdi:fan")])
        assert chip.device == {"mf": "Microchip", "mdl": "MCP23017", "hw": "0x20"}
        assert desk.node.entities[b"chip20/pin0"].options == {"ic": "mdi:fan"}


# -- the chip -------------------------------------------------------------------------------


async def test_availability_tells_when_the_chip_is_lost_and_back_and_states_follow():
    with Desk() as desk:
        await desk.chip([row(0, id="pump"), row(3, "binary_sensor")])
        assert desk.node.available["chip20"] == [True]
        desk.models[0x20].power(False)
        await run_until(lambda: desk.node.available["chip20"] == [True, False])
        before = len(desk.node.states[b"chip20/pump"])
        desk.models[0x20].power(True)
        await run_until(lambda: desk.node.available["chip20"] == [True, False, True], 2500)
        assert len(desk.node.states[b"chip20/pump"]) == before + 1


async def test_a_chip_that_is_not_there_is_unavailable_and_its_states_unknown():
    with Desk(()) as desk:
        await desk.chip([row(0, id="pump")])
        assert desk.node.available["chip20"] == [False]
        assert desk.node.entities[b"chip20/pump"].state() is None


async def test_restore_is_that_of_the_table():
    with Desk() as desk:
        await desk.chip([row(0, restore="on"), row(1, restore="off"), row(2)])
        assert desk.latch() == 0b001


async def test_a_stopped_chip_leaves_its_outputs_and_the_bus_alone():
    with Desk() as desk:
        chip = await desk.chip([row(0, restore="on")])
        chip.stop()
        desk.started.remove(chip)
        assert desk.i2c.worker.devices == []
        assert desk.latch() == 1


# -- pins for other components --------------------------------------------------------------


async def test_a_pin_of_the_type_output_is_given_to_other_components():
    with Desk() as desk:
        chip = await desk.chip([row(4, "output"), row(5, "input", invert=True)])
        assert list(desk.node.entities) == [b"chip20/chatter"]
        chip.pin(4).on()
        await run_until(lambda: desk.latch() == 1 << 4)
        assert chip.pin(5).value() == 0


async def test_an_entity_shows_what_other_components_do_with_its_pin():
    with Desk() as desk:
        chip = await desk.chip([row(4, id="lamp")])
        chip.pin(4).toggle()
        await run_until(lambda: desk.node.states[b"chip20/lamp"][-1] == b"ON")
        assert desk.latch() == 1 << 4


async def test_a_pin_has_one_owner():
    with Desk() as desk:
        chip = await desk.chip([row(4), row(5, "output")])
        owner = Switch("x", "y", None, chip.pin(5))
        chip.pin(5).take(owner)
        for number in (4, 5):
            assert "used already" in str(raises(ValueError, chip.pin(number).take, owner))


async def test_every_other_pin_is_refused_with_what_would_be_right():
    with Desk() as desk:
        chip = await desk.chip([row(4)])
        for number in (-1, 3, 16):
            error = raises(ValueError, chip.pin, number)
            assert 'the table of "chip20" does not have it' in str(error)


# -- faults ---------------------------------------------------------------------------------


async def test_each_faulty_pin_gives_one_line_and_the_others_run():
    faults, keys = await faults_of(
        row(16),
        row("GPC1"),
        row("GPA8"),
        row(True),
        row(-1),
        row(0),
    )
    assert faults == [
        "pins[0].pin: 16 is not a pin of an MCP23017 (0..15 or GPA0..GPB7)",
        "pins[1].pin: GPC1 is not a pin of an MCP23017 (0..15 or GPA0..GPB7)",
        "pins[2].pin: GPA8 is not a pin of an MCP23017 (0..15 or GPA0..GPB7)",
        "pins[3].pin: True is not a pin of an MCP23017 (0..15 or GPA0..GPB7)",
        "pins[4].pin: -1 is not a pin of an MCP23017 (0..15 or GPA0..GPB7)",
    ]
    assert keys == [b"chip20/pin0"]


async def test_wrong_types_and_unknown_keys_and_types_are_told_with_their_path():
    faults, keys = await faults_of(
        row(0, "swich"),
        row(1, nmae="x"),
        row(2, name=7),
        row(3, pulse=0),
        {"type": "switch"},
        "switch",
        row(6),
    )
    assert [fault.split(":")[0] for fault in faults] == [
        "pins[0].type",
        "pins[1]",
        "pins[2].name",
        "pins[3].pulse",
        "pins[4].pin",
        "pins[5]",
    ]
    assert "switch" in faults[0] and "nmae" in faults[1]
    assert keys == [b"chip20/pin6"]


async def test_a_pin_that_is_used_twice_is_told_with_both_rows():
    faults, keys = await faults_of(row(3, id="a"), row(4, id="b"), row("GPA3", id="c"))
    assert faults == ["pins[2].pin: GPA3 is used by pins[0] already"]
    assert keys == [b"chip20/a", b"chip20/b"]


async def test_an_object_id_that_is_used_twice_is_told_and_the_pin_left_alone():
    with Desk() as desk:
        await desk.chip([row(3, name="Lamp"), row(4, name="lamp", restore="on")])
        faults = [fault for _, _, fault in desk.node.faults]
        assert faults == ["pins[1].id: chip20/lamp is used twice"]
        assert desk.latch() == 0


async def test_pins_7_and_15_are_no_inputs_unless_that_is_allowed():
    faults, keys = await faults_of(
        row(7, "binary_sensor"),
        row("GPB7", "input"),
        row("GPA7", "binary_sensor", allow_unsafe_input=True),
        row(15, "switch"),
    )
    for fault, pin in zip(faults, ("pins[0].pin: 7", "pins[1].pin: GPB7")):
        assert fault.startswith(pin + " cannot be an input: ")
        assert "since 2022" in fault and "allow_unsafe_input" in fault
    assert keys == [b"chip20/chatter", b"chip20/pin15", b"chip20/pin7"]


async def test_options_that_a_pin_of_the_type_does_not_have_are_told():
    faults, keys = await faults_of(
        row(0, debounce=20),
        row(1, "binary_sensor", restore="on"),
        row(2, "input", pulse=20),
        row(3, "output", pull_up=True),
    )
    assert faults == [
        "pins[0].debounce: only an input has this",
        "pins[1].restore: only an output has this",
        "pins[2].pulse: only an output has this",
        "pins[3].pull_up: only an input has this",
    ]
    assert keys == []


async def test_two_chips_with_one_address_are_refused_with_both_names():
    with Desk() as desk:
        await desk.chip([row(0)])
        try:
            await desk.chip([row(1)], "other")
            raise AssertionError("not refused")
        except ConfigError as e:
            assert (e.key, str(e)) == ("address", '0x20 is used by "chip20" already')
        assert b"other/pin1" not in desk.node.entities


async def test_an_i2c_that_is_no_bus_is_refused():
    assert raises(ConfigError, MCP23017, "i2c", 0x20, []).key == "i2c"


async def test_the_description_of_the_arguments_refuses_impossible_addresses():
    spec = {"type": "dict", "keys": ARGS["MCP23017"]}
    for address in (0x1F, 0x28, "0x30", "20"):
        args = {"i2c": "i2c", "address": address, "pins": []}
        (fault,) = schema.check(args, spec, "")
        assert fault.startswith("address: ")
    args = {"i2c": "i2c", "address": "0x27", "pins": []}
    assert schema.check(args, spec, "") == []


async def test_a_burst_pauses_the_source_of_commands_for_a_moment():
    with Desk() as desk:
        await desk.chip([row(pin, id="out%d" % pin) for pin in range(16)])
        for pin in [pin % 16 for pin in range(60)]:
            desk.command(b"chip20/out%d" % pin, b"TOGGLE")
        assert desk.node.pauses == [True]
        await run_until(lambda: desk.node.pauses == [True, False])


# -- memory ---------------------------------------------------------------------------------


async def test_an_output_costs_at_most_200_bytes_on_this_machine_of_64_bits():
    from pins import Pin

    with Desk() as desk:
        await desk.chip([row(0)])
        chip = desk.i2c.worker.devices[0]
        keep = [None] * 64
        gc.collect()
        before = gc.mem_alloc()
        for i in range(64):
            keep[i] = Switch("x", "y", None, Pin(chip, i & 15))
            keep[i].component = desk
        gc.collect()
        # 80 bytes on 32 bits: half of it.
        assert (gc.mem_alloc() - before) / 64 <= 200
        assert isinstance(keep[0], Entity)

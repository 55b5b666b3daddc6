# SPDX-License-Identifier: MIT
"""components/machine/gpio.py and native.py on the simulated board."""

import asyncio
import random

import schema
from board_link import attach
from pins import Pin

from components.devices.mcp23017 import MCP23017
from components.devices.mcp23017_args import PIN as CHIP_PIN
from components.machine import gpio_rules
from components.machine.gpio import GPIO
from components.machine.gpio_args import ARGS, PIN
from components.machine.i2c import I2C
from components.machine.native import NativePins
from fake_node import FakeNode, FakeSession
from harness import raises, run_until
from node.component import Component, ConfigError
from yard.model.board import Board


class Desk:
    """A board and a node; `with` stops what was started. Attribute `edges`: (GPIO, level)."""

    def __init__(self):
        self.board = attach(Board([0x20]))
        self.edges = []
        self.board.pin_listeners.append(lambda gpio, level: self.edges.append((gpio, level)))
        self.node = FakeNode()
        self.started = []

    async def start(self, name, component):
        self.started.append(component)
        try:
            return await self.node.start(name, component)
        except ConfigError:
            self.started.remove(component)
            raise

    async def gpio(self, *rows, name="esp"):
        return await self.start(name, GPIO(list(rows)))

    def command(self, key, payload, value=None):
        """Do what the session does with a command."""
        entity = self.node.entities[key]
        entity.command(entity.words[payload.upper()], value, None, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for component in self.started:
            component.stop()
        for task in self.node.tasks.values():
            task.cancel()


def row(pin, kind="switch", **more):
    return dict({"pin": pin, "type": kind}, **more)


async def faults_of(*rows):
    """Return the faults that a pin table causes, and the keys of the entities that run."""
    with Desk() as desk:
        await desk.gpio(*rows)
        for name, phase, _ in desk.node.faults:
            assert (name, phase) == ("esp", "check")
        keys = [key for key in desk.node.entities if key != b"esp/chatter"]
        return [fault for _, _, fault in desk.node.faults], sorted(keys)


# -- outputs --------------------------------------------------------------------------------


async def test_a_switch_carries_out_commands_at_once():
    with Desk() as desk:
        await desk.gpio(row(21, name="Pump", id="pump"))
        for word, level in ((b"ON", 1), (b"TOGGLE", 0), (b"ON", 1), (b"OFF", 0)):
            desk.command(b"esp/pump", word)
            assert desk.board.pin_read(21) == level
            assert desk.node.states[b"esp/pump"][-1] == (b"ON" if level else b"OFF")


async def test_an_output_never_has_another_level_than_its_own():
    with Desk() as desk:
        for gpio in (18, 19):
            desk.board.drive_pin(gpio, 1)  # the pull-up of a relay that works at a low level
        desk.edges.clear()
        await desk.gpio(row(18, invert=True), row(19, invert=True, restore="on"), row(21))
        assert desk.edges == [(19, 0)]
        assert desk.node.entities[b"esp/pin18"].state() == b"OFF"
        assert desk.node.entities[b"esp/pin19"].state() == b"ON"


async def test_a_pulse_ends_by_itself():
    with Desk() as desk:
        await desk.gpio(row(21, id="gate", invert=True, pulse=30))
        desk.edges.clear()
        desk.command(b"esp/gate", b"PULSE")
        await run_until(lambda: desk.edges == [(21, 0), (21, 1)])
        await run_until(lambda: desk.node.states[b"esp/gate"][-2:] == [b"ON", b"OFF"])


async def test_a_button_is_off_at_the_start_and_gives_a_pulse():
    with Desk() as desk:
        await desk.gpio(row(21, "button", id="gate", pulse=20))
        assert desk.board.pin_read(21) == 0
        desk.command(b"esp/gate", b"PRESS")
        await run_until(lambda: desk.edges == [(21, 1), (21, 0)])


async def test_a_lock_a_valve_and_a_siren_drive_a_native_pin_and_show_it():
    for kind, on, is_on, off, is_off in (
        ("lock", b"UNLOCK", b"UNLOCKED", b"LOCK", b"LOCKED"),
        ("valve", b"OPEN", b"open", b"CLOSE", b"closed"),
        ("siren", b"ON", b"ON", b"OFF", b"OFF"),
    ):
        with Desk() as desk:
            await desk.gpio(row(21, kind, id="it"))
            assert desk.node.faults == []
            for word, level, state in ((on, 1, is_on), (off, 0, is_off)):
                desk.command(b"esp/it", word)
                assert desk.board.pin_read(21) == level
                assert desk.node.states[b"esp/it"][-1] == state


async def test_what_stops_leaves_its_outputs_as_they_are():
    with Desk() as desk:
        esp = await desk.gpio(row(21, restore="on"))
        esp.stop()
        assert desk.board.pin_read(21) == 1


# -- inputs ---------------------------------------------------------------------------------


async def test_a_binary_sensor_follows_its_input_after_its_debounce_time():
    with Desk() as desk:
        await desk.gpio(row(27, "binary_sensor", id="door", invert=True, debounce=30))
        states = desk.node.states[b"esp/door"]
        assert desk.node.entities[b"esp/door"].state() == b"OFF", "the pull-up holds it"
        for _ in range(5):  # too short
            desk.board.drive_pin(27, 0)
            await asyncio.sleep_ms(2)
            desk.board.drive_pin(27, None)
            await asyncio.sleep_ms(2)
        desk.board.drive_pin(27, 0)
        await run_until(lambda: states == [b"OFF", b"ON"])
        desk.board.drive_pin(27, None)
        await run_until(lambda: states == [b"OFF", b"ON", b"OFF"])


async def test_an_interrupt_wakes_it_long_before_the_next_regular_read():
    with Desk() as desk:
        await desk.gpio(row(27, "binary_sensor", debounce=0))
        await asyncio.sleep_ms(20)
        desk.board.drive_pin(27, 0)
        await run_until(lambda: desk.node.states[b"esp/pin27"][1:] == [b"OFF"], 300)


async def test_a_pull_is_that_of_the_table():
    with Desk() as desk:
        await desk.gpio(
            row(25, "input"),
            row(26, "input", pull_up=False),
            row(27, "input", pull_down=True),
            row(34, "input"),
        )
        pulls = [desk.board.pin(gpio).pull for gpio in (25, 26, 27, 34)]
        assert pulls == [1, 0, 2, 0], "1 is up, 2 is down; 34 has none"


async def test_debounce_can_differ_for_on_and_off():
    with Desk() as desk:
        await desk.gpio(row(27, "binary_sensor", invert=True, debounce={"on": 0, "off": 150}))
        states = desk.node.states[b"esp/pin27"]
        desk.board.drive_pin(27, 0)
        await run_until(lambda: states[1:] == [b"ON"], 140)
        desk.board.drive_pin(27, None)
        await asyncio.sleep_ms(60)
        assert states[1:] == [b"ON"]
        await run_until(lambda: states[1:] == [b"ON", b"OFF"])


async def test_interrupts_are_counted_for_the_status():
    with Desk() as desk:
        esp = await desk.gpio(row(27, "input", debounce=0))
        assert esp.statistics() == {"interrupts": 0, "missed_interrupts": 0, "chatter": 0}
        desk.board.drive_pin(27, 0)
        await run_until(lambda: esp.statistics()["interrupts"] == 1)
    with Desk() as desk:
        esp = await desk.gpio(row(21))
        assert esp.statistics() == {}


async def test_an_input_that_chatters_is_told_by_its_gpio_number():
    with Desk() as desk:
        await desk.gpio(row(21), row(27, "input", chatter=1))
        for level in (0, 1, 0):
            desk.board.drive_pin(27, level)
            await asyncio.sleep_ms(25)
        await run_until(lambda: desk.node.states[b"esp/chatter"] == [b"ON"])
        text = "pin 27 changes too often: muted until it is quiet"
        assert ("warn", "esp", text) in desk.node.log.records


async def test_presses_limits_and_interlocks_are_those_of_an_expander():
    with Desk() as desk:
        desk.node.base = "home/desk/"
        desk.node.session = FakeSession()
        await desk.gpio(
            row(27, "event", id="bell", invert=True, debounce=0, events=["press"]),
            row(21, max_on=1, pulse_rule="ignore"),
            row(18, interlock="motor"),
            row(19, interlock="motor"),
        )
        assert desk.node.faults == []
        desk.board.drive_pin(27, 0)
        sent = [(b"home/desk/esp/bell/event", b'{"event_type":"press"}')]
        await run_until(lambda: desk.node.session.sent == sent)
        desk.command(b"esp/pin21", b"ON")
        desk.command(b"esp/pin18", b"ON")
        await run_until(lambda: desk.board.pin_read(18) == 1)
        desk.command(b"esp/pin19", b"ON")
        assert desk.board.pin_read(18) == 0
        assert desk.board.pin_read(19) == 0, "there is a gap"
        await run_until(lambda: desk.board.pin_read(19) == 1)
        await run_until(lambda: desk.board.pin_read(21) == 0, 1500)


class Watch:
    """Looks at every change of two native outputs and of two of a chip."""

    def __init__(self, board):
        self._board = board
        self.changes = 0
        self.most = 0  # that were on at a time
        board.pin_listeners.append(lambda gpio, level: self._look())
        board.chips[0x20].on_latch_change = lambda chip, old, new: self._look(new)
        self._latch = 0

    def _look(self, latch=None):
        self._latch = self._latch if latch is None else latch
        levels = [self._board.pin_read(18), 1 - self._board.pin_read(19)]
        levels += [self._latch & 1, self._latch >> 1 & 1]
        self.changes += 1
        self.most = max(self.most, sum(levels))


async def test_an_interlock_holds_between_native_pins_and_those_of_a_chip():
    random.seed(4)
    with Desk() as desk:
        desk.board.drive_pin(19, 1)  # the pull-up of an output that is on at a low level
        watch = Watch(desk.board)
        options = {"interlock": "m", "interlock_gap": 1}
        i2c = await desk.start("i2c", I2C(22, 21, freq=400000))
        chip = MCP23017(i2c, 0x20, [row(0, **options), row(1, **options)])
        await desk.start("chip", chip)
        await desk.gpio(row(18, restore="on", **options), row(19, invert=True, **options))
        await run_until(lambda: desk.node.available.get("chip"))
        await run_until(lambda: desk.board.pin_read(18) == 1)
        keys = (b"esp/pin18", b"esp/pin19", b"chip/pin0", b"chip/pin1")
        for _ in range(150):
            payload = random.choice((b"ON", b"ON", b"OFF", b"TOGGLE", b"PULSE"))
            desk.command(random.choice(keys), payload, 5 if payload == b"PULSE" else None)
            await asyncio.sleep_ms(random.randrange(8))
        desk.command(b"esp/pin19", b"ON")
        await run_until(lambda: desk.board.pin_read(19) == 0)
        assert desk.node.faults == []
        assert watch.changes > 50
        assert watch.most == 1


async def test_without_broker_for_the_time_outputs_do_what_their_rows_say():
    with Desk() as desk:
        session = desk.node.session = FakeSession()
        session.online = False
        rows = [row(gpio, restore="on", on_lost=do) for gpio, do in ((18, "off"), (19, "keep"))]
        await desk.gpio(*rows, row(21, on_lost="on"))
        pins = (18, 19, 21)
        assert [desk.board.pin_read(gpio) for gpio in pins] == [1, 1, 0]
        lost = [0, 1, 1]
        await run_until(lambda: [desk.board.pin_read(gpio) for gpio in pins] == lost, 65_000)
        states = [desk.node.entities[b"esp/pin%d" % gpio].state() for gpio in pins]
        assert states == [b"OFF", b"ON", b"ON"]


async def test_restore_last_is_what_was_kept():
    with Desk() as desk:
        desk.node.stored["level esp"] = 0b10
        await desk.gpio(row(18, restore="last"), row(19, restore="last"))
        assert (desk.board.pin_read(18), desk.board.pin_read(19)) == (0, 1)
        desk.command(b"esp/pin18", b"ON")
        assert desk.node.stored["level esp"] == 0b11


# -- pins for other components --------------------------------------------------------------


async def test_a_reference_names_a_pin_by_its_gpio_number():
    with Desk() as desk:
        esp = await desk.gpio(row(18, "output"), row(21, id="lamp"), row(27, "input"))
        esp.pin(18).on()
        esp.pin(21).toggle()
        assert (desk.board.pin_read(18), desk.board.pin_read(21)) == (1, 1)
        assert desk.node.states[b"esp/lamp"][-1] == b"ON", "the entity shows what others do"
        assert esp.pin(27).value() == 1
        assert "does not have GPIO 22" in str(raises(ValueError, esp.pin, 22))


async def test_a_pin_has_several_handlers_that_end_one_by_one_or_all_at_once():
    with Desk() as desk:
        esp = await desk.gpio(row(27, "input", debounce=5))
        seen = []
        pin = esp.pin(27)
        first = pin.irq(lambda pin: seen.append("both"))
        pin.irq(lambda pin: seen.append("rising"), 1)
        pin.irq(lambda pin: seen.append("falling"), 2)
        desk.board.drive_pin(27, 0)
        await run_until(lambda: sorted(seen) == ["both", "falling"])
        first.stop()
        desk.board.drive_pin(27, 1)
        await run_until(lambda: seen[2:] == ["rising"])
        pin.irq()
        desk.board.drive_pin(27, 0)
        await run_until(lambda: pin.value() == 0)
        assert len(seen) == 3


class Doorbell(Component):
    """A component as a user would write it, with a pin as an argument."""

    def __init__(self, button, horn):
        self._arguments = button, horn
        self.rings = 0

    async def start(self):
        button, horn = self._arguments
        self._pins = pins = NativePins(self)
        self.horn = pins.output(horn, "horn")
        self.button = pins.input(button, "button", invert=True, debounce=5)
        self.button.irq(self._ring, 1)
        pins.start()

    def stop(self):
        self._pins.stop()

    def _ring(self, button):
        self.rings += 1
        self.horn.on()


async def test_a_number_is_a_native_pin_of_the_component_itself():
    with Desk() as desk:
        bell = await desk.start("bell", Doorbell(27, 21))
        desk.board.drive_pin(27, 0)
        await run_until(lambda: bell.rings == 1)
        assert desk.board.pin_read(21) == 1


async def test_what_is_a_pin_already_is_used_as_it_is():
    with Desk() as desk:
        esp = await desk.gpio(row(27, "input", invert=True, debounce=5), row(21, "output"))
        bell = await desk.start("bell", Doorbell(esp.pin(27), esp.pin(21)))
        assert isinstance(bell.horn, Pin)
        desk.board.drive_pin(27, 0)
        await run_until(lambda: bell.rings == 1)
        assert desk.board.pin_read(21) == 1


async def test_a_component_whose_pin_is_refused_gives_the_others_back():
    with Desk() as desk:
        await desk.gpio(row(27, "input"))
        try:
            await desk.start("bell", Doorbell(25, 27))
            raise AssertionError("not refused")
        except ConfigError as e:
            assert (e.key, str(e)) == ("horn", 'GPIO 27 is used by "esp" already')
        await desk.gpio(row(25, "input"), name="other")
        assert desk.node.faults == []


# -- faults ---------------------------------------------------------------------------------


async def test_each_faulty_row_gives_one_line_and_the_others_run():
    faults, keys = await faults_of(
        row(24),
        row(49),
        row("GPA1"),
        row(34),
        row(35, "binary_sensor", pull_up=True),
        row(27, "binary_sensor", pull_up=True, pull_down=True),
        row(21, restore="adopt"),
        row(21, debounce=20),
        row(22),
        row(22, id="twice"),
        row(36, "binary_sensor"),
    )
    assert faults == [
        "pins[0].pin: GPIO 24: invalid pin",
        "pins[1].pin: 49 is above the highest value 48",
        "pins[2].pin: expected a whole number, not text",
        "pins[3].pin: GPIO 34 can only be an input",
        "pins[4].pin: GPIO 35 has neither pull-up nor pull-down; it needs one outside",
        "pins[5].pin: pull_up and pull_down exclude each other",
        faults[6],
        "pins[7].debounce: only an input has this",
        "pins[9].pin: 22 is used by pins[8] already",
    ]
    assert faults[6].startswith('pins[6].restore: unknown value "adopt"')
    assert keys == [b"esp/pin22", b"esp/pin36"]


async def test_a_pin_of_a_row_with_a_late_fault_is_driven_by_nobody():
    with Desk() as desk:
        esp = await desk.gpio(
            row(18, restore="on", interlock="m"),
            row(19, restore="on", interlock="m"),
            row(21),
        )
        (fault,) = [fault for _, _, fault in desk.node.faults]
        assert fault.startswith("pins[1].") and "only one can be" in fault
        assert "does not have GPIO 19" in str(raises(ValueError, esp.pin, 19))
        desk.command(b"esp/pin21", b"ON")
        assert desk.board.pin(19).mode == 0, "an input"


async def test_pins_that_disturb_the_start_are_refused_with_the_reason_and_the_override():
    faults, keys = await faults_of(
        row(6), row(12), row(0, "binary_sensor"), row(15), row(15, "input"), row(2)
    )
    reasons = ("flash memory", "keeps the node from starting", "boot loader", "high during")
    assert len(faults) == len(reasons)
    for i, (fault, reason) in enumerate(zip(faults, reasons)):
        assert fault.startswith("pins[%d].pin: GPIO " % i) and reason in fault
        assert '"allow_unsafe" overrides this' in fault
    assert keys == [b"esp/pin2"]


async def test_what_is_only_unsafe_can_be_allowed():
    faults, keys = await faults_of(
        row(12, allow_unsafe=True), row(0, "binary_sensor", allow_unsafe=True)
    )
    assert (faults, keys) == ([], [b"esp/pin0", b"esp/pin12"])
    assert gpio_rules.fault(34, True, allow_unsafe=True), "there is no output stage to allow"


def test_the_rules_are_those_of_the_esp32_and_of_none_of_its_variants():
    class System:
        def __init__(self, name):
            self.machine = name

        def uname(self):
            return self

    before = gpio_rules.os
    try:
        gpio_rules.os = System("Generic ESP32 module with ESP32")
        assert gpio_rules.fault(34, True) and gpio_rules.analog_fault(4)
        gpio_rules.os = System("Generic ESP32S3 module with ESP32S3")
        assert gpio_rules.fault(34, True) is gpio_rules.analog_fault(4) is None
    finally:
        gpio_rules.os = before


async def test_the_pins_of_a_bus_are_refused():
    with Desk() as desk:
        await desk.start("i2c", I2C(22, 21))
        await desk.gpio(row(21), row(18))
        faults = [fault for _, _, fault in desk.node.faults]
        assert faults == ['pins[0].pin: GPIO 21 is used by "i2c" already']
        assert sorted(desk.node.entities) == [b"esp/pin18"]


def test_arguments_are_described():
    args = {"type": "dict", "keys": ARGS["GPIO"]}
    assert schema.check({"pins": [row(21)]}, args, "") == []
    assert schema.check({}, args, "") == ["pins: required, but missing"]


def test_the_keys_of_a_row_are_those_of_an_expander_with_few_exceptions():
    native, chip = set(PIN["keys"]), set(CHIP_PIN["keys"])
    assert native - chip == {"pull_down", "allow_unsafe"}
    assert chip - native == {"allow_unsafe_input"}

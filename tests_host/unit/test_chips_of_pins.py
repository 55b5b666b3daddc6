# SPDX-License-Identifier: MIT
"""What whoever has a pin relies on, be it of an expander, the ESP32, a shift register, or MQTT."""

from command_buffer import OFF, ON, TOGGLE
from native_port import NativePort
from pins import Pin
from remote_port import RemotePort
from shift_port import ShiftPort

import i2c_desk
from harness import raises
from i2c_desk import Clock, Target


class OnExpander:
    def __init__(self):
        self._desk = i2c_desk.Desk()
        self.chip = self._desk.chips[0x20]

    def start(self):
        self.settle()

    def settle(self):
        self._desk.run(50)


class OnGPIOs:
    def __init__(self):
        self.chip = NativePort(1500, Clock())

    def start(self):
        self.chip.start(lambda number, level: Line())

    def settle(self):
        self.chip.step()


class Line:
    """A `machine.Pin`."""

    def value(self, level=None):
        return 0


class OnShiftRegister:
    def __init__(self):
        self.chip = ShiftPort(1, 1500, Clock())

    def start(self):
        self.chip.start(lambda levels: None)

    def settle(self):
        self.chip.step()


class OnRemote:
    """The switch of somebody else does what it is told, and says so."""

    def __init__(self):
        self.chip = RemotePort(self._send, 1000, Clock())
        self._told = []

    def _send(self, payload):
        self._told.append(payload)
        return True

    def start(self):
        self.chip.told(0)

    def settle(self):
        while self._told:
            payload = self._told.pop(0)
            self.chip.told(1 - self.chip.level if payload == b"TOGGLE" else int(payload == b"ON"))


CHIPS = (OnExpander, OnGPIOs, OnShiftRegister, OnRemote)


def claimed(desk):
    """Return what owns output 0 of the chip."""
    user = Target(desk.chip, 0)
    if hasattr(desk.chip, "output"):
        desk.chip.output(0, user)
    else:
        desk.chip.users[0] = user
    return user


def started(make):
    """Return (desk, owner of output 0) of a chip whose levels are known."""
    desk = make()
    user = claimed(desk)
    desk.start()
    user.said.clear()
    return desk, user


def test_a_level_is_unknown_until_the_chip_has_answered_and_the_owner_is_told_of_it():
    for make in CHIPS:
        desk = make()
        user = claimed(desk)
        assert user.pin.value() is None, make
        desk.start()
        assert user.pin.value() == 0, make
        assert user.said == ["changed"], make


def test_a_command_changes_the_level_and_who_gave_it_is_told_with_his_tag():
    for make in CHIPS:
        desk, _ = started(make)
        for action, level in ((ON, 1), (OFF, 0), (TOGGLE, 1)):
            target = Target(desk.chip, 0)
            target.pin.submit(target, action, 0, None, "tag")
            desk.settle()
            assert target.pin.value() == level, make
            assert target.said == [("applied", "tag")], make


def test_a_pin_can_be_used_as_one_of_machine_and_its_owner_shows_it():
    for make in CHIPS:
        desk, user = started(make)
        pin = Pin(desk.chip, 0)
        pin.on()
        desk.settle()
        assert pin.value() == pin() == 1, make
        assert user.said, make


def test_every_change_is_told_to_whoever_watches_until_he_stops():
    for make in CHIPS:
        desk, _ = started(make)
        pin = Pin(desk.chip, 0)
        seen = []
        watch = pin.irq(lambda pin, seen=seen: seen.append(pin.value()))
        for level in (1, 0):
            pin.value(level)
            desk.settle()
        watch.stop()
        pin.on()
        desk.settle()
        assert seen == [1, 0], make


def test_an_input_cannot_be_set():
    for make in (OnExpander, OnGPIOs):  # the others have outputs only
        desk = make()
        claimed(desk)
        desk.chip.input(1, Target(desk.chip, 1))
        error = raises(ValueError, Pin(desk.chip, 1).on)
        assert str(error) == "an input cannot be set", make


def test_what_pulses_interlocks_and_tables_look_at_is_there():
    for make in CHIPS:
        desk, user = started(make)
        chip = desk.chip
        assert chip.outputs & 1
        assert not (chip.inputs | chip.inverted | chip.last) & 1
        assert chip.users[0] is user
        assert (chip.pulses, chip.reader, chip.unsure) == (None, None, False), make
        assert list(chip.guards) == [], make
        assert chip.ttl_ms > 0, make

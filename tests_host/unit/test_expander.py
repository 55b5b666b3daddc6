# SPDX-License-Identifier: MIT
"""lib/expander.py: what happens to pins at starts, after power loss and between polls."""

import random

from command_buffer import OFF, ON, PULSE, TOGGLE
from pins import Pin
from pulses import of

from harness import raises
from i2c_desk import PERIOD, Desk, level_after


def registers(desk, name, address=0x20):
    seen = desk.models[address].registers()
    return seen[name + "A"] | seen[name + "B"] << 8


def count_latch_changes(desk, address=0x20):
    """Return a list that gets every change of the latch from now on."""
    changes = []
    desk.models[address].on_latch_change = lambda chip, old, new: changes.append((old, new))
    return changes


# -- starts ---------------------------------------------------------------------------------


def test_outputs_of_a_cold_chip_start_off_unless_they_are_restored_on():
    desk = Desk()
    desk.outputs(numbers=range(4))
    desk.outputs(numbers=range(4, 6), restore="on")
    desk.outputs(numbers=range(6, 8), restore="off")
    desk.run(50)
    assert desk.latch() == 0b00110000
    assert desk.chips[0x20].online


def test_inverted_outputs_of_a_cold_chip_start_high_and_never_low():
    desk = Desk()
    model = desk.models[0x20]
    model.noise = lambda: 0xFFFF  # the relay board pulls its inputs up
    desk.outputs(invert=True)
    seen = []
    model.on_change = lambda chip: seen.append(chip.levels())
    desk.run(50)
    assert desk.latch() == 0xFFFF
    assert registers(desk, "IODIR") == 0
    assert [level for level in seen if level != 0xFFFF] == []


def test_unclaimed_pins_are_pulled_up_inputs_but_7_and_15_low_outputs():
    desk = Desk()
    desk.outputs(numbers=(0,))
    desk.inputs(numbers=(1,), pull_up=False)
    desk.run(50)
    assert registers(desk, "IODIR") == 0x7F7E
    assert registers(desk, "GPPU") == 0x7F7C
    assert desk.models[0x20].levels() & 0x8080 == 0


def test_a_restart_of_the_node_moves_no_output():
    random.seed(3)
    for _ in range(30):
        claims = [random.choice(("adopt", "off", "on")) for _ in range(16)]
        inverted = [random.getrandbits(1) for _ in range(16)]
        desk = Desk()
        claim(desk, claims, inverted)
        desk.run(50)
        for user in desk.chips[0x20].users:
            desk.submit(user, random.choice((ON, OFF)))
        desk.run(10)
        level = desk.chips[0x20].level
        changes = count_latch_changes(desk)
        writes = sum(desk.models[0x20].writes.values())
        desk.start_node()
        claim(desk, claims, inverted)
        desk.run(5000)
        assert changes == []
        assert sum(desk.models[0x20].writes.values()) == writes
        assert desk.chips[0x20].level == level


def claim(desk, restores, inverted):
    for number in range(16):
        desk.outputs(numbers=(number,), restore=restores[number], invert=bool(inverted[number]))


def test_a_changed_configuration_moves_no_output_that_stays_one():
    desk = Desk()
    desk.outputs(numbers=range(8))
    desk.run(50)
    for number in range(0, 8, 2):
        desk.submit(desk.chips[0x20].users[number], ON)
    desk.run(10)
    assert desk.latch() == 0b01010101
    changes = count_latch_changes(desk)
    desk.start_node()
    desk.outputs(numbers=range(6))
    desk.inputs(numbers=(9, 10))
    desk.run(50)
    assert desk.latch() == 0b00010101
    assert changes == [(0b01010101, 0b00010101)]  # pin 6 is no output any more


def test_an_output_that_must_not_stay_on_is_switched_off_by_a_restart():
    desk = Desk()
    pins = desk.outputs(restore="always_off")
    desk.run(50)
    desk.submit(pins[4], PULSE, 1000)
    desk.run(10)
    desk.start_node()
    desk.outputs(restore="always_off")
    desk.run(50)
    assert desk.latch() == 0
    assert desk.chips[0x20].level == 0


# -- power loss -----------------------------------------------------------------------------


def lose_power(desk, ms=1000):
    desk.models[0x20].power(False)
    desk.run(ms)
    desk.models[0x20].power(True)
    desk.run(5000)


def test_after_power_loss_each_output_goes_where_its_policy_says():
    desk = Desk()
    for number, restore in enumerate(("adopt", "adopt", "off", "off", "on", "on", "always_off")):
        desk.outputs(numbers=(number,), restore=restore)
    desk.run(50)
    for number in (0, 2, 4, 6):
        desk.submit(desk.chips[0x20].users[number], ON)
    for number in (1, 3, 5):
        desk.submit(desk.chips[0x20].users[number], OFF)
    desk.run(10)
    lose_power(desk)
    assert desk.latch() == 0b0110001
    assert registers(desk, "IODIR") & 0x7F == 0


def test_a_chip_that_lost_power_is_found_and_restored_within_5_s():
    desk = Desk()
    pins = desk.outputs()
    told = []
    desk.chips[0x20].on_online = told.append
    desk.run(50)
    desk.submit(pins[9], ON)
    desk.run(10)
    # So short that no transfer fails.
    desk.models[0x20].power(False)
    desk.models[0x20].power(True)
    pins[0].said.clear()
    desk.run(4100)
    assert desk.latch() == 0x0200
    assert told == [True, False, True]
    assert pins[0].said.count("changed") == 16


def test_a_pulse_that_would_have_ended_is_not_begun_again_after_power_loss():
    desk = Desk()
    pins = desk.outputs()
    desk.run(50)
    desk.submit(pins[0], PULSE, 200)
    desk.submit(pins[1], PULSE, 60000)
    desk.run(10)
    desk.models[0x20].power(False)
    desk.run(1000)
    changes = count_latch_changes(desk)
    desk.models[0x20].power(True)
    desk.run(5000)
    assert changes == [(0, 0b10)]


def test_restoring_goes_on_where_a_fault_interrupted_it():
    for failing in range(9):
        interrupt_restoring(failing)


def interrupt_restoring(failing):
    """Let transfer number `failing` after a short power loss fail, and two more."""
    desk = Desk()
    pins = desk.outputs()
    desk.run(50)
    desk.submit(pins[2], ON)
    desk.run(10)
    desk.models[0x20].power(False)
    desk.models[0x20].power(True)
    traffic = desk.bus.traffic_of[0x20]
    done = traffic.transactions
    while traffic.transactions < done + failing:
        desk.step(desk.clock.us + 10_000)
    assert traffic.transactions == done + failing
    online = []
    desk.chips[0x20].on_online = lambda on: online.append(
        (on, desk.latch(), registers(desk, "IODIR"))
    )
    desk.bus.fail_next(0x20, 3)
    desk.run(6000)
    assert [row for row in online if row[0]] == [(True, 0b100, 0)]


def test_a_latch_that_changed_by_itself_is_put_right():
    desk = Desk()
    pins = desk.outputs()
    desk.run(50)
    desk.submit(pins[3], ON)
    desk.run(10)
    desk.bus.transfer(0x20, b"\x14\xff")
    desk.run(4100)
    assert desk.latch() == 0b1000


# -- inputs ---------------------------------------------------------------------------------


def test_inputs_are_polled_and_their_users_told():
    desk = Desk()
    buttons = desk.inputs(numbers=(0, 9), invert=True)
    desk.run(100)
    buttons[0].said.clear()
    assert [button.pin.value() for button in buttons] == [0, 0]
    desk.models[0x20].drive(9, 0)
    desk.run(45)
    assert [button.pin.value() for button in buttons] == [0, 1]
    assert buttons[0].said == ["changed"]


def test_a_level_counts_exactly_when_its_debounce_time_is_over():
    desk = Desk()
    (button,) = desk.inputs(numbers=(3,), debounce_ms=35)
    desk.run(107)
    button.said.clear()
    desk.models[0x20].drive(3, 0)
    changed = []
    start = desk.clock.us // 1000

    def note():
        if button.pin.value() == 0 and not changed:
            changed.append(desk.clock.us // 1000 - start)

    desk.run(100, note)
    # 13 ms until the next poll sees it, then the debounce time, whenever the other polls are.
    assert 48 <= changed[0] <= 50


def test_bouncing_is_not_reported_but_the_final_level_is():
    desk = Desk()
    (button,) = desk.inputs(numbers=(3,), debounce_ms=30)
    desk.run(100)
    button.said.clear()
    random.seed(8)
    for level in [random.getrandbits(1) for _ in range(40)] + [0]:
        desk.models[0x20].drive(3, level)
        desk.run(random.randint(1, 9))
    assert len(button.said) <= 2
    desk.run(60)
    assert button.pin.value() == 0


def test_a_chip_with_inputs_costs_one_transfer_per_poll():
    desk = Desk()
    desk.inputs()
    desk.run(100)
    before = desk.bus.traffic_of[0x20].transactions
    desk.run(1000)
    assert desk.bus.traffic_of[0x20].transactions - before == 50


def test_what_inputs_did_while_the_chip_was_lost_is_told_when_it_is_back():
    desk = Desk()
    (button,) = desk.inputs(numbers=(3,))
    desk.run(100)
    desk.bus.nack.add(0x20)
    desk.run(1000)
    desk.models[0x20].drive(3, 0)
    button.said.clear()
    desk.bus.nack.clear()
    desk.run(2100)
    assert button.said == ["changed"]
    assert button.pin.value() == 0


# -- pins as objects ------------------------------------------------------------------------


def test_a_pin_has_the_interface_of_a_machine_pin():
    desk = Desk()
    chip = desk.chips[0x20]
    pin = Pin(chip, 10)
    chip.output(10, pin)
    assert pin.value() is None
    desk.run(50)
    for do, level in ((pin.on, 1), (pin.toggle, 0), (pin.toggle, 1), (pin.off, 0)):
        do()
        desk.run(2)
        assert pin.value() == pin() == level
        assert desk.latch() == level << 10
    pin.value(True)
    desk.run(2)
    assert desk.latch() == 1 << 10
    pin(0)
    desk.run(2)
    assert desk.latch() == 0


def test_an_input_cannot_be_set():
    desk = Desk()
    (button,) = desk.inputs(numbers=(3,))
    assert str(raises(ValueError, button.pin.on)) == "an input cannot be set"


def test_a_pin_has_one_user():
    desk = Desk()
    desk.outputs(numbers=(3,))
    assert "3" in str(raises(ValueError, desk.inputs, 0x20, (3,)))


# -- everything at once ---------------------------------------------------------------------


def test_the_latch_shows_only_what_unexpired_commands_explain():
    for seed in range(12):
        Storm(seed).run()


_LIMIT_US = 400_000  # how long the limited pins may be on
_LIMITED = 0x8001  # mask of them
_LATE_US = 1_500_000  # a pulse of a train that is later than this does not come


class Course:
    """What one pin does by itself, as the reference has it; times in us."""

    def __init__(self):
        self.runs = False  # pulses
        self.next = 0  # when the pulse or the gap is over
        self.left = 0  # pulses that are still to come
        self.on_us = self.gap_us = 0
        self.limit = 0  # when it must be off

    def switched(self, on, now):
        """The level has changed, whoever did it."""
        if on:
            self.limit = now + _LIMIT_US
            self.left -= 1
            self.next = now + self.on_us
        else:
            self.runs = self.runs and self.left > 0
            self.next = now + self.gap_us

    def pulse(self, value, now):
        """A pulse has been commanded, and the level is on."""
        ms, count, gap = value
        left = self.left if self.runs else 0
        end = self.next if self.runs else 0
        self.runs = True
        self.left = max(left, count - 1)
        self.on_us, self.gap_us = ms * 1000, gap * 1000
        self.next = max(end, now + self.on_us)

    def may_switch(self, on, limited, now):
        """Whether it may have changed to `on` by itself."""
        due = self.runs and self.next <= now + 1000
        if on:
            return due and self.left > 0
        return due or (limited and self.limit <= now + 1000)


class Storm:
    """Random commands and faults, and a reference that models the latches."""

    def __init__(self, seed):
        random.seed(seed)
        self.desk = Desk((0x20, 0x21, 0x22), random.choice((0, PERIOD - 5000)), 16)
        for address in self.desk.models:
            self.desk.outputs(address, invert=bool(address & 1))
            for mask in [1 << number for number in range(16) if _LIMITED >> number & 1]:
                of(self.desk.chips[address], self.desk.clock).limit(mask, _LIMIT_US // 1000)
        self.desk.run(300)
        self.levels = dict.fromkeys(self.desk.chips.values(), 0)
        self.courses = {chip: [Course() for _ in range(16)] for chip in self.levels}
        self.newest = dict.fromkeys(self.desk.chips.values(), -1)  # command that was applied
        self.commands = []  # (chip, mask, action, ms, deadline in us)
        self.lost = {}  # chip that lost power -> whether the worker has noticed
        self.settled = []  # numbers of commands that were applied, dropped
        self.applied = []  # the same, since the last step
        self.started = 0

    # What a worker asks of a target; `tag` is the number of the command.

    def applied_by(self, tag):
        self.applied.append(tag)
        self.settled.append(tag)

    def dropped_by(self, reason, tag):
        late = self.desk.clock.us - self.commands[tag][4]
        assert reason == "full" or 0 <= late < 60_000, late
        self.settled.append(tag)

    def run(self):
        desk = self.desk
        for _ in range(250):
            random.choice((self.command, self.command, self.burst, self.port, self.fault))()
            self.steps(random.choice((0, 1, 5, 40, 300)))
        self.heal()
        self.steps(6000)
        assert not self.lost
        assert len(self.settled) == len(set(self.settled)) == len(self.commands)
        for chip, level in self.levels.items():
            assert chip.online
            for number, course in enumerate(self.courses[chip]):
                if level >> number & 1:
                    assert not course.runs or course.next > desk.clock.us
                    assert not _LIMITED >> number & 1 or course.limit > desk.clock.us

    def steps(self, ms):
        desk = self.desk
        end = desk.clock.us + ms * 1000
        while desk.clock.us < end:
            self.started = desk.clock.us
            before = [model.writes["OLATA"] for model in desk.models.values()]
            desk.step(end, self.check)
            after = [model.writes["OLATA"] for model in desk.models.values()]
            assert sum(after) - sum(before) <= 1

    def check(self):
        """Compare the latches with what the commands of the last step make of them."""
        now = self.desk.clock.us
        changed = dict.fromkeys(self.levels, 0)
        for tag in self.applied:
            chip, mask, action, value, deadline = self.commands[tag]
            assert self.started < deadline
            assert tag > self.newest[chip]
            self.newest[chip] = tag
            before = self.levels[chip]
            after = level_after(before, mask, action)
            assert not changed[chip] & (before ^ after)  # never two changes of a pin in a batch
            changed[chip] |= before ^ after
            self.levels[chip] = after
            for pin in [1 << number for number in range(16) if mask >> number & 1]:
                course = self.course(chip, pin)
                if (before ^ after) & pin:
                    course.switched(bool(after & pin), now)
                if action == PULSE:
                    course.pulse(value, now)
                else:
                    course.runs = False
        assert (
            self.applied == sorted(self.applied)
            or len({self.commands[t][0] for t in self.applied}) > 1
        )
        self.applied.clear()
        for chip in tuple(self.lost):
            if not chip.ready:
                self.lost[chip] = True
            elif self.lost[chip]:
                del self.lost[chip]
        for chip, level in self.levels.items():
            self.compare(chip, level)

    def compare(self, chip, level):
        actual = self.desk.latch(chip.address) ^ (0xFFFF if chip.address & 1 else 0)
        if chip in self.lost:
            actual = chip.level  # what it is to be again
        different = actual ^ level
        for mask in [1 << number for number in range(16)]:
            course = self.course(chip, mask)
            now = self.desk.clock.us
            if different & mask:
                on = not level & mask
                assert course.may_switch(on, mask & _LIMITED, now)
                course.switched(on, now)
                self.levels[chip] ^= mask
            elif course.runs and not level & mask and now > course.next + _LATE_US:
                course.runs = False

    def course(self, chip, mask):
        number = 0
        while mask >> number != 1:
            number += 1
        return self.courses[chip][number]

    def command(self):
        chip = random.choice(tuple(self.levels))
        number = random.randrange(random.choice((2, 16)))
        action = random.choice((ON, OFF, TOGGLE, PULSE))
        value = 0
        if action == PULSE:
            value = random.choice(((5, 1, 5), (50, 1, 50), (700, 1, 700), (20, 4, 30)))
        self.put(Pin(chip, number), action, value)

    def port(self):
        """Command many pins at once, as the entity of a whole port does."""
        chip = random.choice(tuple(self.levels))
        mask, level = random.getrandbits(16), random.getrandbits(16)
        for bits, action in ((mask & level, ON), (mask & ~level, OFF)):
            if bits:
                self.put(Bits(chip, bits), action, 0)

    def put(self, pin, action, value):
        ttl = random.choice((20, 300, 1500))
        deadline = (self.desk.clock.us // 1000 + ttl) * 1000
        tag = len(self.commands)
        self.commands.append((pin.chip, pin.mask, action, value, deadline))
        # One pulse may be told by its length alone.
        told = value[0] if value and value[1] == 1 else value
        self.desk.submit(StormTarget(self, pin), action, told, ttl, tag)

    def burst(self):
        for _ in range(random.randint(2, 24)):
            self.command()

    def fault(self):
        bus = self.desk.bus
        kind = random.randrange(8)
        if kind == 0:
            bus.nack.add(random.choice((0x20, 0x21, 0x22)))
        elif kind == 1:
            bus.fail_next(random.choice((0x20, 0x21, 0x22)), random.randint(1, 3))
        elif kind == 2:
            bus.stuck_sda = True
            bus.clearable = bool(random.getrandbits(1))
        elif kind == 3:
            address = random.choice((0x20, 0x21, 0x22))
            self.lost[self.desk.chips[address]] = False
            self.desk.models[address].power(False)
            self.desk.models[address].power(bool(random.getrandbits(1)))
        else:
            self.heal()

    def heal(self):
        self.desk.bus.nack.clear()
        self.desk.bus.stuck_sda = False
        for model in self.desk.models.values():
            model.power(True)


class Bits:
    """Several pins of a chip as one."""

    def __init__(self, chip, mask):
        self.chip = chip
        self.mask = mask


class StormTarget:
    def __init__(self, storm, pin):
        self.pin = pin
        self.applied = storm.applied_by
        self.dropped = storm.dropped_by

# SPDX-License-Identifier: MIT
"""lib/interlock.py: of a group of outputs at most one is on, whatever happens; on model chips."""

import errno
import random

from command_buffer import OFF, ON, PULSE, TOGGLE
from interlock import Interlock
from native_port import NativePort
from pulses import IGNORE, QUEUE, of

from harness import raises
from i2c_desk import PERIOD, Desk, ModelI2C, Target


class LossyI2C(ModelI2C):
    """Reports that a write failed, although the chip took it, as often as `lose` says."""

    lose = 0

    def writeto_mem(self, address, register, data):
        super().writeto_mem(address, register, data)
        if self.lose:
            self.lose -= 1
            raise OSError(random.choice((errno.ENODEV, errno.ETIMEDOUT)))


class Group:
    """A desk with one group of outputs, and a guard that looks at every change of the pins.

    members: (address, number) of each. gap_ms: of the group. options: of the outputs by number in
    `members`.
    Attributes: `desk`, `group`, `targets`; `seen`, (simulated ms, indices of members that are on)
    after each change.
    """

    def __init__(self, members, gap_ms=100, start_ms=0, options=None, capacity=64):
        self.members = members
        self.gap_ms = gap_ms
        self.options = options or {}
        self.capacity = capacity
        self.seen = [(0, ())]
        self.allow_two = False
        self.off_since = {}
        self.desk = Desk(sorted({address for address, _ in members}), start_ms, capacity)
        for model in self.desk.models.values():
            model.on_change = lambda chip: self.look()
        self.claim()

    def claim(self):
        desk = self.desk
        self.targets = []
        self.group = Interlock(desk.clock)
        self.i2c = LossyI2C(desk.bus, desk.clock)
        desk.worker._i2c = desk.i2c = self.i2c
        for index, (address, number) in enumerate(self.members):
            options = self.options.get(index, {}).copy()
            rule = options.pop("rule", None)
            (target,) = desk.outputs(address, (number,), **options)
            if rule is not None:
                of(desk.chips[address], desk.clock).rule(target.pin.mask, rule, target.pin.chip)
            self.group.add(target.pin, self.gap_ms)
            self.targets.append(target)

    def ready(self, ms=300):
        self.group.start()
        self.run(ms)
        return self

    def restart_node(self, ms=300):
        self.desk.start_node(self.capacity)
        self.claim()
        self.ready(ms)

    def run(self, ms):
        end = self.desk.clock.us + ms * 1000
        while self.desk.clock.us < end:
            self.desk.step(min(end, self.desk.clock.us + 20_000), self.group.update)

    def command(self, index, action, value=0, ms=0, ttl_ms=1500, tag=None):
        target = self.targets[index]
        target.pin.submit(target, action, value, ttl_ms, tag)
        self.run(ms)

    def on(self):
        """Return the indices of the members that are physically on."""
        found = []
        for index, (address, number) in enumerate(self.members):
            model = self.desk.models[address]
            registers = model.registers()
            port = "AB"[number >> 3]
            bit = 1 << (number & 7)
            level = bool(registers["OLAT" + port] & bit)
            inverted = self.options.get(index, {}).get("invert", False)
            if model.powered and not registers["IODIR" + port] & bit and level is not inverted:
                found.append(index)
        return tuple(found)

    def look(self):
        """Whatever changes: never two, and never one sooner than a gap after another."""
        on = self.on()
        now = self.desk.clock.us
        before = self.seen[-1][1]
        if on == before:
            return
        self.seen.append((now // 1000, on))
        assert len(on) < 2 or self.allow_two, self.seen[-5:]
        for index in before:
            if index not in on:
                self.off_since[index] = now
        for index in on:
            if index in before or self.allow_two:
                continue
            for other, since in self.off_since.items():
                if other != index:
                    assert now - since >= self.gap_ms * 1000 - 1000, (self.seen[-5:], now - since)

    def history(self):
        return [on for _, on in self.seen]

    def restart(self):
        self.seen = self.seen[-1:]


TWO_CHIPS = ((0x20, 0), (0x21, 0))
ONE_CHIP = ((0x20, 3), (0x20, 12), (0x20, 5))


# -- break before make ----------------------------------------------------------------------


def test_a_member_is_switched_on_after_the_other_is_off_and_the_gap_is_over():
    for members in (TWO_CHIPS, ONE_CHIP):
        group = Group(members, gap_ms=250).ready()
        group.command(0, ON, 0, 50)
        assert group.on() == (0,)
        group.restart()
        group.command(1, ON, 0, 500)
        assert group.history() == [(0,), (), (1,)]
        (_, _), (off_at, _), (on_at, _) = group.seen
        assert 250 <= on_at - off_at <= 280
        assert group.targets[0].said[-1] == "changed"


def test_with_the_others_off_for_long_it_is_switched_on_at_once():
    group = Group(TWO_CHIPS).ready()
    start = group.desk.clock.us // 1000
    group.command(0, ON, 0, 50)
    assert group.seen[-1][1] == (0,)
    assert group.seen[-1][0] - start <= 5


def test_the_newest_wish_wins_and_the_older_is_told():
    group = Group(ONE_CHIP).ready()
    group.command(0, ON, 0, 50)
    group.command(1, ON, 0, 30, tag="a")
    group.command(2, ON, 0, 30, tag="b")
    group.command(1, ON, 0, 500, tag="c")
    assert group.history()[-3:] == [(0,), (), (1,)]
    assert ("replaced", "a") in group.targets[1].said
    assert ("replaced", "b") in group.targets[2].said
    assert ("applied", "c") in group.targets[1].said


def test_off_and_toggle_take_a_waiting_wish_back():
    for action in (OFF, TOGGLE):
        group = Group(TWO_CHIPS).ready()
        group.command(0, ON, 0, 50)
        group.command(1, ON, 0, 30, tag="a")
        group.command(1, action, 0, 500, tag="b")
        assert group.history() == [(), (0,), ()]
        assert ("replaced", "a") in group.targets[1].said
        assert ("applied", "b") in group.targets[1].said


def test_toggle_switches_on_and_off():
    group = Group(TWO_CHIPS).ready()
    for _ in range(3):
        group.command(1, TOGGLE, 0, 200)
    assert group.history() == [(), (1,), (), (1,)]


def test_a_wish_that_expires_in_the_gap_is_dropped_and_told():
    group = Group(TWO_CHIPS, gap_ms=500).ready(600)
    group.command(0, ON, 0, 50)
    group.command(1, ON, 0, 2000, ttl_ms=200, tag="x")
    assert group.on() == ()
    assert ("expired", "x") in group.targets[1].said


def test_a_pulse_is_interlocked_and_a_train_ended_when_another_is_switched_on():
    group = Group(TWO_CHIPS).ready()
    group.command(0, PULSE, (50, 20, 50), 220)
    group.command(1, PULSE, 30, 3000)
    assert group.history()[-3:] == [(), (1,), ()]
    assert group.seen[-1][0] - group.seen[-2][0] <= 33
    assert group.history().count((0,)) == 3


def test_a_pulse_with_a_rule_is_interlocked_too():
    for rule in (IGNORE, QUEUE):
        group = Group(TWO_CHIPS, options={0: {"rule": rule}, 1: {"rule": rule}}).ready()
        for index in (0, 0, 1, 0, 1, 1):
            group.command(index, PULSE, 60, 15)
        group.run(2000)
        assert group.history()[-3:] == [(), (1,), ()] or group.history()[-1] == ()
        assert (1,) in group.history()


def test_the_largest_gap_of_the_members_counts():
    group = Group(TWO_CHIPS, gap_ms=20)
    (target,) = group.desk.outputs(0x21, (7,))
    group.group.add(target.pin, 700)
    assert group.group.gap_ms == 700


def test_a_pin_that_is_no_member_is_refused():
    group = Group(TWO_CHIPS)
    (target,) = group.desk.outputs(0x21, (7,))
    raises(ValueError, group.group.submit, target, ON, 0, 1500, None)


class Line:
    """A GPIO of the node as `machine.Pin` has it."""

    def __init__(self, level):
        self.level = level

    def value(self, level):
        self.level = level


def test_outputs_of_the_node_itself_and_of_a_chip_can_be_in_one_group():
    desk = Desk()
    (target,) = desk.outputs(0x20, (3,))
    port = NativePort(1500, desk.clock)
    own = Target(port, 0)
    port.output(0, own)
    group = Interlock(desk.clock)
    for pin in (target.pin, own.pin):
        group.add(pin, 200)
    port.start(lambda number, level: Line(level))
    desk.run(300)
    group.start()
    for each, latch, level in ((own, 0, 1), (target, 8, 0), (own, 0, 1)):
        each.pin.submit(each, ON, 0, 1500, None)
        assert desk.latch() | port.lines[0].level << 4 in (0, 8, 16)
        for _ in range(50):
            desk.run(20, group.update)
        assert (desk.latch(), port.lines[0].level) == (latch, level)


def test_an_output_of_the_node_that_did_not_start_counts_as_on():
    desk = Desk()
    (target,) = desk.outputs(0x20, (3,))
    port = NativePort(1500, desk.clock)
    own = Target(port, 0)
    port.output(0, own)
    group = Interlock(desk.clock)
    for pin in (target.pin, own.pin):
        group.add(pin)
    desk.run(300)
    group.start()
    target.pin.submit(target, ON, 0, 1500, "x")
    assert target.said[-1] == ("interlocked", "x")


# -- chips that do not answer ---------------------------------------------------------------


def test_while_another_may_be_on_none_is_switched_on():
    for state in (ON, OFF):
        group = Group(TWO_CHIPS).ready()
        group.command(1, state, 0, 200)
        group.desk.bus.nack.add(0x21)
        group.run(5000)
        group.restart()
        group.command(0, ON, 0, 3000, tag="x")
        assert group.history() == [(1,) if state == ON else ()]
        assert ("interlocked", "x") in group.targets[0].said
        group.desk.bus.nack.clear()
        group.run(2500)
        assert 0 not in group.on()


def test_nothing_is_switched_on_before_all_members_are_known():
    group = Group(TWO_CHIPS)
    group.run(300)
    group.command(0, ON, 0, 50, tag="x")
    assert ("interlocked", "x") in group.targets[0].said
    group.ready()
    assert group.on() == ()
    group.command(0, ON, 0, 50)
    assert group.on() == (0,)


def test_a_member_whose_chip_has_never_answered_counts_as_on():
    group = Group(TWO_CHIPS)
    group.desk.bus.nack.add(0x21)
    group.ready()
    group.command(0, ON, 0, 2000, tag="x")
    assert group.on() == ()
    assert ("interlocked", "x") in group.targets[0].said


def test_a_write_that_failed_but_was_taken_counts_as_on():
    for members in (TWO_CHIPS, ONE_CHIP):
        for ttl_ms in (2, 4, 8, 300):
            group = Group(members, gap_ms=20).ready()
            group.i2c.lose = 3
            group.command(0, ON, 0, 3, ttl_ms=ttl_ms)
            group.i2c.lose = 1
            group.command(1, ON, 0, 3000)
            assert group.on() == (1,)


def lose_a_command(group, index):
    """Have a member switched on by a write that seems to fail, and that expires then."""
    group.run(1000)
    clock = group.desk.clock
    clock.us += 1700 - clock.us % 1000  # so that the next ms begins during the transfer
    group.i2c.lose = 1
    group.command(index, ON, 0, 0, ttl_ms=1)
    group.desk.worker.step()
    assert group.on() == (index,) and group.i2c.lose == 0
    group.desk.worker.step()
    assert group.targets[index].said[-1] == ("expired", None)


def test_nothing_is_switched_on_until_what_a_failed_write_did_is_known():
    for members in (TWO_CHIPS, ONE_CHIP):
        group = Group(members, gap_ms=1).ready()
        lose_a_command(group, 0)
        group.command(1, ON, 0, 2000)
        assert group.on() == (1,)


def test_the_gap_counts_from_the_write_that_puts_a_failed_one_right():
    group = Group(ONE_CHIP)
    (target,) = group.desk.outputs(0x20, (8,))
    group.ready()
    lose_a_command(group, 0)
    group.desk.submit(target, ON)
    group.run(2)
    assert group.on() == ()
    group.command(1, ON, 0, 500)
    assert group.on() == (1,)


# -- starts and power loss ------------------------------------------------------------------


def test_a_restart_of_the_node_adopts_the_one_that_is_on():
    group = Group(TWO_CHIPS).ready()
    group.command(1, ON, 0, 200)
    group.restart()
    group.restart_node()
    assert group.history() == [(1,)]
    group.command(0, ON, 0, 500)
    assert group.history() == [(1,), (), (0,)]


def test_several_that_are_on_when_the_node_starts_are_all_switched_off():
    for members, writes in (
        (TWO_CHIPS, ((0x20, 0x14, 1, 0), (0x21, 0x14, 1, 0))),
        (ONE_CHIP, ((0x20, 0x14, 0b101000, 0),)),
    ):
        clashes = []
        group = Group(members).ready()
        group.allow_two = True
        for address, register, low, high in writes:
            group.desk.bus.transfer(address, bytes((register, low, high)))
        group.desk.start_node()
        group.claim()
        group.group.on_clash = lambda clashes=clashes: clashes.append(1)
        group.ready()
        assert group.on() == ()
        assert clashes == [1]


def test_the_one_that_was_on_is_restored_after_power_loss():
    for members in (TWO_CHIPS, ONE_CHIP):
        group = Group(members).ready()
        group.command(0, ON, 0, 200)
        for model in group.desk.models.values():
            model.power(False)
        group.run(1000)
        for model in group.desk.models.values():
            model.power(True)
        group.run(5000)
        assert group.on() == (0,)


def test_it_is_restored_also_while_the_chip_of_another_stays_away():
    group = Group(TWO_CHIPS).ready()
    group.command(0, ON, 0, 200)
    for model in group.desk.models.values():
        model.power(False)
    group.run(9000)
    group.desk.models[0x20].power(True)
    group.run(3000)
    assert group.on() == (0,)
    group.command(1, ON, 0, 3000, tag="x")
    assert group.on() == ()
    assert ("expired", "x") in group.targets[1].said
    group.desk.models[0x21].power(True)
    group.run(3000)
    assert group.on() == ()


def test_one_that_starts_on_does_so_when_the_others_are_known_to_be_off():
    for late in (0, 3000):
        group = Group(TWO_CHIPS, options={0: {"restore": "on"}})
        group.desk.bus.nack.add(0x21)
        group.ready(500)
        assert group.on() == ()
        group.run(late)
        group.desk.bus.nack.clear()
        group.run(3000)
        assert group.on() == (0,)
        assert group.targets[0].said[-1] == ("applied", None)


def test_one_that_starts_on_stays_off_if_another_is_on_or_unknown_for_10_s():
    group = Group(TWO_CHIPS, options={0: {"restore": "on"}})
    group.desk.bus.nack.add(0x21)
    group.ready(11_000)
    group.desk.bus.nack.clear()
    group.run(5000)
    assert group.on() == ()
    group.command(1, ON, 0, 200)
    group.desk.models[0x20].power(False)
    group.desk.models[0x20].power(True)
    group.run(20_000)
    assert group.on() == (1,)


def test_the_gap_counts_from_the_end_of_a_power_loss():
    options = {0: {"restore": "off"}, 1: {"restore": "on"}}
    group = Group(ONE_CHIP, gap_ms=500, options=options).ready(1000)
    group.command(0, ON, 0, 4000)
    group.restart()
    group.desk.models[0x20].power(False)
    group.desk.models[0x20].power(True)
    group.run(5000)
    assert group.history() == [(0,), (), (1,)]


def test_a_command_during_the_restoring_wins():
    group = Group(TWO_CHIPS, options={0: {"restore": "on"}})
    group.desk.bus.nack.add(0x21)
    group.ready(500)
    group.command(0, OFF, 0, 100)
    group.desk.bus.nack.clear()
    group.run(5000)
    assert group.on() == ()


# -- everything at once ---------------------------------------------------------------------


def test_members_are_never_on_together_whatever_happens():
    for seed in range(24):
        Storm(seed).run()


class Storm:
    """Random commands, faults, power losses and restarts; `Group.look` sees every change."""

    def __init__(self, seed):
        random.seed(seed)
        addresses = (0x20, 0x21, 0x22)[: random.randint(1, 3)]
        places = [(random.choice(addresses), number) for number in (1, 4, 9, 14)]
        options = {}
        for index in range(len(places)):
            options[index] = {
                "invert": bool(random.getrandbits(1)),
                "restore": random.choice(("adopt", "adopt", "off", "always_off", "last")),
                "rule": random.choice((None, IGNORE, QUEUE)),
            }
        options[random.randrange(4)]["restore"] = "on"
        self.group = Group(
            places,
            random.choice((20, 100, 400)),
            random.choice((0, PERIOD - 20_000)),
            options,
            random.choice((4, 16)),
        )
        self.number = 0
        self.deadlines = {}  # tag -> us
        self.settled = []
        self.watch()
        self.group.ready()

    def watch(self):
        """Look at what the targets are told."""
        for target in self.group.targets:
            target.applied = self.applied
            target.dropped = self.dropped

    def applied(self, tag):
        if tag is not None:  # None: restored
            assert self.group.desk.clock.us < self.deadlines[tag] + 10_000
            self.settled.append(tag)

    def dropped(self, reason, tag):
        assert reason in ("expired", "full", "interlocked", "replaced")
        if tag is not None:
            self.settled.append(tag)

    def run(self):
        group = self.group
        for _ in range(150):
            random.choice((self.command, self.command, self.command, self.fault))()
            group.run(random.choice((0, 1, 5, 40, 150, 600)))
        self.heal()
        group.run(6000)
        assert len(self.settled) == len(set(self.settled)) == len(self.deadlines)
        for index in range(4):
            group.command(index, ON, 0, 1500)
            assert group.on() == (index,)
        assert len(set(group.history())) > 3

    def command(self):
        for _ in range(random.choice((1, 1, 2, 6))):
            action = random.choice((ON, ON, ON, OFF, TOGGLE, PULSE, PULSE))
            value = 0
            if action == PULSE:
                value = random.choice((30, 500, (20, 5, 30), (200, 3, 100)))
            ttl = random.choice((1, 20, 300, 1500))
            self.number += 1
            self.deadlines[self.number] = self.group.desk.clock.us + ttl * 1000
            self.group.command(random.randrange(4), action, value, 0, ttl, self.number)

    def fault(self):
        desk = self.group.desk
        bus = desk.bus
        address = random.choice(tuple(desk.models))
        kind = random.randrange(9)
        if kind == 0:
            bus.nack.add(address)
        elif kind == 1:
            bus.fail_next(address, random.randint(1, 3))
        elif kind == 2:
            bus.stuck_sda = True
            bus.clearable = bool(random.getrandbits(1))
        elif kind in (3, 4):
            for each in random.choice(((address,), tuple(desk.models))):
                desk.models[each].power(False)
                # Back between two transfers; but not of the few that set the chip up, because
                # directions without latch would follow, which no register tells in time.
                if random.getrandbits(1) and desk.chips[each].ready:
                    desk.models[each].power(True)
        elif kind == 5:
            self.group.i2c.lose = random.randint(1, 2)
        else:
            (self.restart_node if kind == 6 else self.heal)()

    def restart_node(self):
        # What waits is lost with the node.
        for target in self.group.targets:
            target.applied = target.dropped = lambda *_: None
        self.settled += [tag for tag in self.deadlines if tag not in self.settled]
        self.group.restart_node(0)
        self.watch()

    def heal(self):
        desk = self.group.desk
        desk.bus.nack.clear()
        desk.bus.stuck_sda = False
        self.group.i2c.lose = 0
        for model in desk.models.values():
            model.power(True)

# SPDX-License-Identifier: MIT
"""lib/pulses.py: pulses, trains of them, rules for a second pulse, limits; on model chips."""

import gc

from command_buffer import OFF, ON, PULSE, TOGGLE
from pulses import IGNORE, QUEUE, Pulses, of

from i2c_desk import PERIOD, Clock, Desk


class Edges:
    """A desk with one chip of 16 outputs, and every change of its latch.

    Attributes: `desk`, `pins`; `seen`, (simulated ms since `restart`, latch) of each change.
    """

    def __init__(self, rule=None, max_on_ms=0, start_ms=0, **options):
        self.rule = rule
        self.max_on_ms = max_on_ms
        self.options = options
        self.desk = Desk(start_ms=start_ms)
        self.claim()
        self.desk.run(100)
        self.restart()

    def claim(self):
        desk = self.desk
        self.pins = desk.outputs(**self.options)
        chip = desk.chips[0x20]
        if self.max_on_ms:
            of(chip, desk.clock).limit(1, self.max_on_ms)
        if self.rule is not None:
            of(chip, desk.clock).rule(1, self.rule, chip)

    def restart(self):
        self.start = self.desk.clock.us
        self.seen = []
        self.desk.models[0x20].on_latch_change = self.changed

    def changed(self, chip, old, new):
        self.seen.append(((self.desk.clock.us - self.start) // 1000, new))

    def command(self, action, value=0, ms=0, pin=0, ttl_ms=1500):
        """Submit a command, as `pin.submit` does; then let `ms` pass."""
        self.desk.chips[0x20].submit(self.pins[pin], action, value, ttl_ms, None)
        self.desk.run(ms)

    def levels(self):
        return [level for _, level in self.seen]

    def lengths(self):
        """Return the ms between the changes."""
        times = [at for at, _ in self.seen]
        return [b - a for a, b in zip(times, times[1:])]


def close(actual, wanted):
    """Whether each time is the wanted one, or what transfers make it late."""
    return len(actual) == len(wanted) and all(0 <= a - w <= 3 for a, w in zip(actual, wanted))


# -- trains ---------------------------------------------------------------------------------


def test_a_pulse_is_repeated_as_often_and_with_the_gap_that_the_command_says():
    edges = Edges()
    edges.command(PULSE, (250, 3, 100), 2000)
    assert edges.levels() == [1, 0] * 3
    assert close(edges.lengths(), [250, 100, 250, 100, 250])


def test_the_user_is_told_of_each_change_of_a_train():
    edges = Edges()
    edges.pins[0].said.clear()
    edges.command(PULSE, (20, 2, 20), 200)
    assert edges.pins[0].said == [("applied", None), "changed", "changed", "changed"]


def test_trains_of_an_inverted_output_are_low_pulses():
    edges = Edges(invert=True)
    edges.command(PULSE, (20, 2, 30), 200)
    assert edges.levels() == [0xFFFE, 0xFFFF] * 2


def test_a_plain_command_ends_a_train_also_in_a_gap():
    for action, levels in ((OFF, [1, 0]), (ON, [1, 0, 1]), (TOGGLE, [1, 0, 1])):
        edges = Edges()
        edges.command(PULSE, (50, 5, 200), 150)
        edges.command(action, 0, 2000)
        assert edges.levels() == levels


def test_an_off_during_a_pulse_ends_the_train():
    edges = Edges()
    edges.command(PULSE, (50, 5, 50), 20)
    edges.command(OFF, 0, 1000)
    assert edges.levels() == [1, 0]


def test_pins_pulse_independently():
    edges = Edges()
    edges.command(PULSE, (100, 2, 100))
    edges.command(PULSE, (30, 3, 30), pin=1)
    edges.desk.run(1000)
    for pin, count in ((0, 2), (1, 3)):
        levels = [level >> pin & 1 for level in edges.levels()]
        rises = sum(b > a for a, b in zip([0] + levels, levels))
        assert rises == count


def test_a_pulse_that_could_not_begin_in_time_does_not_come_any_more():
    edges = Edges()
    edges.command(PULSE, (50, 10, 100), 70)
    edges.desk.bus.nack.add(0x20)
    edges.desk.run(5000)
    edges.desk.bus.nack.clear()
    edges.desk.run(5000)
    assert edges.levels() == [1, 0]


def test_a_train_goes_on_after_a_short_fault_and_ends_off():
    edges = Edges()
    edges.command(PULSE, (50, 10, 100), 70)
    edges.desk.bus.nack.add(0x20)
    edges.desk.run(300)
    edges.desk.bus.nack.clear()
    edges.desk.run(5000)
    assert edges.levels() == [1, 0] * 10
    assert min(edges.lengths()) >= 50


def test_pulses_go_on_when_ticks_wrap():
    edges = Edges(start_ms=PERIOD - 300, max_on_ms=150)
    edges.command(PULSE, (100, 3, 60))
    edges.command(ON, 0, 0, pin=1)
    edges.desk.run(100_000)
    assert [level & 1 for level in edges.levels()] == [1, 0] * 3


# -- a second pulse -------------------------------------------------------------------------


def test_by_default_the_longer_pulse_counts():
    edges = Edges()
    edges.command(PULSE, 100, 60)
    edges.command(PULSE, 100, 10)
    edges.command(PULSE, 5, 400)
    assert close(edges.lengths(), [160])


def test_a_second_pulse_can_be_ignored():
    edges = Edges(IGNORE)
    edges.command(PULSE, 100, 60)
    edges.command(PULSE, 100, 400)
    edges.command(PULSE, 50, 400)
    assert edges.levels() == [1, 0, 1, 0]
    assert close(edges.lengths()[::2], [100, 50])


def test_an_ignored_pulse_does_not_come_in_the_gap_of_a_train_either():
    edges = Edges(IGNORE)
    edges.command(PULSE, (100, 2, 100), 150)
    edges.command(PULSE, 400, 1000)
    assert close(edges.lengths(), [100, 100, 100])


def test_a_second_pulse_can_wait_for_the_first_and_a_gap_as_long():
    edges = Edges(QUEUE)
    edges.command(PULSE, 100, 20)
    edges.command(PULSE, 50, 20)
    edges.command(PULSE, (30, 2, 40), 1000)
    assert edges.levels() == [1, 0] * 4
    assert close(edges.lengths(), [100, 100, 50, 50, 30, 40, 30])


def test_eight_pulses_can_wait_and_off_forgets_them():
    edges = Edges(QUEUE)
    for _ in range(20):
        edges.command(PULSE, 10)
    edges.desk.run(1000)
    assert edges.levels() == [1, 0] * 9
    edges.restart()
    for _ in range(5):
        edges.command(PULSE, 10)
    edges.command(OFF, 0, 1000)
    assert edges.levels() in ([], [1, 0])


def test_a_pulse_by_rule_of_an_output_that_is_on_ends_it():
    for rule in (IGNORE, QUEUE):
        edges = Edges(rule)
        edges.command(ON, 0, 100)
        edges.command(PULSE, 50, 500)
        assert edges.levels() == [1, 0]


# -- limits ---------------------------------------------------------------------------------


def test_an_output_with_a_limit_is_never_on_for_longer():
    for action, value in ((ON, 0), (TOGGLE, 0), (PULSE, 5000), (PULSE, (5000, 2, 100))):
        edges = Edges(max_on_ms=300)
        edges.command(action, value, 500)
        assert edges.levels()[:2] == [1, 0]
        assert close(edges.lengths()[:1], [300])


def test_further_commands_do_not_make_the_limit_longer():
    edges = Edges(max_on_ms=300)
    for action, value in ((ON, 0), (PULSE, 250), (ON, 0), (PULSE, 5000), (ON, 0)):
        edges.command(action, value, 50)
    edges.desk.run(1000)
    assert close(edges.lengths(), [300])


def test_the_limit_begins_anew_when_the_output_is_switched_on_again():
    edges = Edges(max_on_ms=300)
    edges.command(ON, 0, 200)
    edges.command(OFF, 0, 50)
    edges.command(ON, 0, 1000)
    assert close(edges.lengths(), [200, 50, 300])


def test_an_output_without_limit_stays_on_beside_one_with_a_limit():
    edges = Edges(max_on_ms=300)
    edges.command(ON, 0, 0, pin=1)
    edges.command(ON, 0, 5000)
    assert edges.desk.latch() == 0b10


def test_the_limit_counts_from_the_adoption_after_a_restart_of_the_node():
    edges = Edges(max_on_ms=3000)
    edges.command(ON, 0, 1000)
    edges.desk.start_node()
    edges.claim()
    edges.restart()
    edges.desk.run(10_000)
    assert edges.levels() == [0]
    assert 3000 <= edges.seen[0][0] < 3050  # some transfers until the adoption


def test_the_limit_holds_for_what_is_restored_after_power_loss():
    edges = Edges(max_on_ms=3000, restore="on")
    edges.desk.run(10_000)
    assert edges.desk.latch() == 0xFFFE
    edges.desk.models[0x20].power(False)
    edges.desk.models[0x20].power(True)
    edges.restart()
    edges.desk.run(20_000)
    assert edges.desk.latch() == 0xFFFE
    assert close(edges.lengths()[-1:], [3000])


def test_an_output_whose_limit_passed_while_its_chip_was_lost_is_switched_off_at_once():
    edges = Edges(max_on_ms=300, start_ms=PERIOD // 2)
    edges.command(ON, 0, 100)
    edges.desk.bus.nack.add(0x20)
    edges.desk.run(20_000)
    # As long as half a period of the ticks, in steps as short as those of the worker.
    pulses = edges.desk.chips[0x20].pulses
    clock = edges.desk.clock
    for _ in range(1000):
        clock.us += PERIOD
        pulses.wanted(1, clock.ticks_ms())
    edges.desk.bus.nack.clear()
    edges.restart()
    edges.desk.run(2100)
    assert edges.levels() == [0]


def test_pulses_that_run_allocate_nothing():
    clock = Clock()
    pulses = Pulses(clock)
    for pin in range(4):
        pulses.limit(1 << pin, 500 * pin)
    train = (3, 5, 2)
    level = run_pulses(pulses, 0, train, 100)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    run_pulses(pulses, level, train, 1000)
    assert gc.mem_alloc() == before


def run_pulses(pulses, level, train, ms):
    """Do what a chip does for `ms`, with commands for four pins; return the last level."""
    now = 0
    while now < ms:
        if now % 60 == 0:
            level |= 0b1111
            pulses.took(level, now)
            for pin in range(4):
                pulses.commanded(1 << pin, PULSE, train if pin & 1 else 7, now)
        wanted = pulses.wanted(level, now)
        if wanted != level:
            level = wanted
            pulses.took(level, now)
        now += 1
    return level


def test_nothing_is_due_for_a_chip_without_pulses():
    pulses = Pulses(Clock())
    assert pulses.wanted(0xFFFF, 5) == 0xFFFF
    assert pulses.wait_ms > 60_000
    assert pulses.running == 0

# SPDX-License-Identifier: MIT
"""lib/presses.py: random presses against a reference, and pins of an expander."""

import asyncio
import random
import time

from presses import KINDS, Classifier, PressTimer

from harness import allocated, raises
from i2c_desk import PERIOD, Clock, Desk

LONG = 800
DOUBLE = 300


class Said(Classifier):
    """Notes what happened and when."""

    def __init__(self, clock, most=3, holds=True):
        super().__init__(clock)
        self.most = most
        self.holds = holds
        self.said = []

    def happened(self, kind):
        self.said.append(kind)


def play(presses, most=3, holds=True, start=0):
    """Return what a Classifier tells of presses, [(pause before, length) in ms, ...].

    Each kind comes with the ms from the beginning to the moment when it was told; the classifier
    is asked when it wants to be.
    """
    clock = Clock(start)
    classifier = Said(clock, most, holds)
    told = []
    now = 0

    def until(end):
        at = now
        while at + classifier.left(clock.ticks_add(start, at)) <= end:
            at += classifier.left(clock.ticks_add(start, at))
            classifier.expire(clock.ticks_add(start, at))
            take(at)

    def take(at):
        for kind in classifier.said:
            told.append((at, kind))
        classifier.said = []

    for pause, length in presses:
        for on, duration in ((True, pause), (False, length)):
            until(now + duration)
            now += duration
            classifier.edge(on, clock.ticks_add(start, now))
            take(now)
    until(now + 5000)
    return told


def expected(presses, most=3, holds=True):
    """The same, found by looking at all presses at once: the reference."""
    told = []
    now = 0
    group = 0
    for i, (pause, length) in enumerate(presses):
        down = now + pause
        now = up = down + length
        told.append((down, "press"))
        told.append((up, "release"))
        long = holds and length >= LONG
        if long:
            told.append((up, "long_release"))
            if group:
                told.append((down + LONG, KINDS[1 + group]))
            group = 0
            told.append((down + LONG, "long"))
            continue
        group += 1
        gap = presses[i + 1][0] if i + 1 < len(presses) else 99999
        if group == most:
            told.append((up, KINDS[1 + group]))
            group = 0
        elif gap >= DOUBLE:
            told.append((up + DOUBLE, KINDS[1 + group]))
            group = 0
    return told


def random_presses():
    lengths = (30, LONG // 2, LONG - 1, LONG, LONG + 1, 3 * LONG)
    pauses = (20, DOUBLE // 2, DOUBLE - 1, DOUBLE, DOUBLE + 1, 4 * DOUBLE)
    return [(random.choice(pauses), random.choice(lengths)) for _ in range(random.randint(1, 12))]


def kinds(told):
    return [kind for _, kind in told if kind not in ("press", "release")]


def test_random_presses_are_told_as_the_reference_tells_them():
    random.seed(4)
    for _ in range(2000):
        presses = random_presses()
        most = random.randint(1, 3)
        holds = random.random() < 0.7
        told = play(presses, most, holds)
        assert sorted(told) == sorted(expected(presses, most, holds)), (presses, most, holds)
        assert [at for at, _ in told] == sorted([at for at, _ in told]), presses


def test_every_press_belongs_to_exactly_one_thing_that_happened():
    random.seed(5)
    worth = {"single": 1, "double": 2, "triple": 3, "long": 1, "long_release": 0}
    for _ in range(500):
        presses = random_presses()
        said = kinds(play(presses, random.randint(1, 3), random.random() < 0.7))
        assert sum(worth[kind] for kind in said) == len(presses), (presses, said)
        assert said.count("long") == said.count("long_release")


def test_ticks_may_wrap_anywhere():
    random.seed(6)
    for _ in range(300):
        presses = random_presses()
        assert play(presses, start=PERIOD - random.randint(0, 4000)) == play(presses)


def test_a_classifier_that_is_asked_late_tells_the_same_of_short_presses():
    random.seed(7)
    for _ in range(300):
        presses = [(pause, length % LONG) for pause, length in random_presses()]
        classifier = Said(Clock())
        now = 0
        for pause, length in presses:
            for on, duration in ((True, pause), (False, length)):
                now += duration
                classifier.edge(on, now)
        classifier.expire(now + 5000)
        assert classifier.said == [kind for _, kind in play(presses)], presses


def test_a_single_press_comes_at_the_release_when_nobody_wants_more():
    assert play([(0, 50)], most=1) == [(0, "press"), (50, "release"), (50, "single")]


def test_a_single_press_waits_when_it_may_become_a_double_one():
    assert play([(0, 50)], most=2)[-1] == (50 + DOUBLE, "single")


def test_a_double_press_does_not_wait_for_a_third_that_nobody_wants():
    assert play([(0, 50), (100, 50)], most=2)[-1] == (200, "double")


def test_a_long_press_is_told_while_it_lasts():
    told = play([(0, 2000)])
    assert told == [(0, "press"), (800, "long"), (2000, "release"), (2000, "long_release")]


def test_a_press_of_any_length_is_single_when_nobody_wants_long_ones():
    assert kinds(play([(0, 5000)], holds=False)) == ["single"]


def test_a_short_press_before_a_long_one_is_not_lost():
    assert kinds(play([(0, 50), (100, 900)])) == ["single", "long", "long_release"]


def test_a_release_whose_press_nobody_saw_is_none():
    classifier = Said(Clock())
    classifier.edge(False, 0)
    assert classifier.said == []


# -- on pins ----------------------------------------------------------------------------------


class Button:
    """Input 3 of a chip, with its Presses; `said` is what its handlers were told."""

    def __init__(self, numbers=(3,)):
        self.desk = Desk()
        targets = self.desk.inputs(numbers=numbers, invert=True)
        self.timer = PressTimer(self.desk.clock)
        self.presses = [self.timer.of(target.pin) for target in targets]
        self.said = []
        self.desk.run(60)

    def add(self, *names):
        return [self.presses[0].add(kind, self.said.append) for kind in names]

    def run(self, ms):
        end = self.desk.clock.us + ms * 1000
        while self.desk.clock.us < end:
            self.desk.run(1)
            self.timer.step()

    def press(self, ms, pause=60, number=3):
        self.desk.models[0x20].drive(number, 0)
        self.run(ms)
        self.desk.models[0x20].drive(number, 1)
        self.run(pause)


def test_handlers_are_told_of_the_kinds_that_they_want():
    button = Button()
    button.add("double", "long")
    button.press(80)
    button.press(80, 500)
    button.press(1000)
    button.press(80, 500)
    assert button.said == ["double", "long"]


def test_all_who_ask_for_a_pin_share_its_presses():
    button = Button()
    again = button.timer.of(button.presses[0].pin)
    assert again is button.presses[0]
    again.add("single", button.said.append)
    button.add("single")
    button.press(80)
    assert button.said == ["single", "single"]


def test_a_handler_that_has_ended_is_not_waited_for():
    button = Button()
    single, double = button.add("single", "double")
    button.press(80)
    assert button.said == []
    button.run(300)
    double.stop()
    button.press(80)
    assert button.said == ["single", "single"]
    single.stop()
    button.press(80, 500)
    assert button.said == ["single", "single"]
    assert list(button.desk.chips[0x20].watches) == []


def test_times_are_per_pin():
    button = Button((3, 4))
    button.presses[1].long_ms = 200
    button.add("long")
    button.presses[1].add("long", button.said.append)
    button.press(400)
    assert button.said == []
    button.press(400, number=4)
    assert button.said == ["long"]


def test_a_short_press_whose_end_a_busy_node_saw_late_is_no_long_one():
    button = Button()
    button.add("single", "long")
    button.desk.models[0x20].drive(3, 0)
    button.run(100)
    button.desk.models[0x20].drive(3, 1)
    button.desk.clock.us += 2_000_000  # nobody looks: the node resolves a name, for instance
    button.timer.step()
    button.run(500)
    assert button.said == ["single"]


def test_a_press_that_lasts_longer_than_the_node_was_busy_is_long():
    button = Button()
    button.add("single", "long", "long_release")
    button.desk.models[0x20].drive(3, 0)
    button.run(100)
    button.desk.clock.us += 2_000_000
    button.timer.step()
    assert button.said == []
    button.run(150)
    assert button.said == ["long"]
    button.desk.models[0x20].drive(3, 1)
    button.run(100)
    assert button.said == ["long", "long_release"]


def test_an_unknown_kind_is_refused():
    assert "quadruple" in str(raises(ValueError, Button().presses[0].add, "quadruple", print))


async def test_a_handler_that_fails_is_reported_and_the_others_are_told():
    reported = []
    asyncio.get_event_loop().set_exception_handler(lambda _, c: reported.append(c["exception"]))
    button = Button()
    button.presses[0].add("press", lambda kind: 1 // 0)
    button.add("press")
    button.press(80)
    asyncio.get_event_loop().set_exception_handler(None)
    assert button.said == ["press"]
    assert len(reported) == 1 and isinstance(reported[0], ZeroDivisionError)


def test_presses_allocate_nothing():
    button = Button()
    count = [0]

    def handler(kind):
        count[0] += 1

    for kind in KINDS:
        button.presses[0].add(kind, handler)

    def press_both_ways():
        presses, timer, clock = button.presses[0], button.timer, button.desk.clock
        for length in (50, 900):
            for on in (1, 0):
                presses.edge(on, clock.ticks_ms())
                timer.wake()
                timer.step()
                clock.us += length * 1000
                timer.step()

    assert allocated(press_both_ways) == 0
    assert count[0] > 2 * 6, count


async def test_a_press_wakes_the_timer_in_time():
    timer = PressTimer()
    presses = timer.of(Desk().inputs(numbers=(3,))[0].pin)
    told = asyncio.Event()
    presses.long_ms = 50
    presses.add("long", lambda kind: told.set())
    task = asyncio.create_task(timer.run())
    await asyncio.sleep_ms(0)
    presses.edge(1, time.ticks_ms())
    timer.wake()
    await asyncio.wait_for_ms(told.wait(), 2000)
    task.cancel()

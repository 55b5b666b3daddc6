# SPDX-License-Identifier: MIT
"""lib/native_port.py on lines that the test moves, in simulated time."""

import asyncio
import random

from command_buffer import OFF, ON, PULSE, TOGGLE
from native_port import CAPACITY, NativePort

from harness import allocated, raises, run_until
from i2c_desk import Clock, Target


class Line:
    """A `machine.Pin` that notes what it is told; `move` moves it from outside."""

    def __init__(self, level=0):
        self.level = level
        self.written = []
        self.handler = None

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level
        self.written.append(level)
        return None

    def irq(self, handler):
        self.handler = handler

    def move(self, level, told=True):
        """Change the level; `told`: the interrupt comes."""
        self.level = level
        if told and self.handler:
            self.handler(self)


class Desk:
    """A port; `output` and `input` claim a pin and return (target, line)."""

    def __init__(self):
        self.clock = Clock(1000)
        self.port = NativePort(1500, self.clock)
        self.said = []
        self._lines = []

    def output(self, **options):
        return self._pin(self.port.output, Line(), options)

    def input(self, level=0, **options):
        return self._pin(self.port.input, Line(level), options)

    def _pin(self, claim, line, options):
        number = len(self._lines)
        self._lines.append(line)
        target = Target(self.port, number, self.said)
        claim(number, target, **options)
        return target, line

    def start(self):
        self.port.start(self._create)
        assert self.said == ["changed"] * len(self._lines), "now the levels are known"
        self.said.clear()

    def _create(self, number, level):
        line = self._lines[number]
        if level is not None:
            line.value(level)
        return line

    def run(self, ms):
        """Serve the port for `ms` of simulated time as its task does."""
        end = self.clock.us + ms * 1000
        while True:
            wait = self.port.step() * 1000
            if self.clock.us + wait > end:
                self.clock.us = end
                return
            self.clock.us += wait


# -- outputs --------------------------------------------------------------------------------


def test_a_command_is_carried_out_before_submit_returns():
    desk = Desk()
    target, line = desk.output()
    desk.start()
    for action, level in ((ON, 1), (ON, 1), (TOGGLE, 0), (TOGGLE, 1), (OFF, 0)):
        desk.port.submit(target, action, 0, None, "x")
        assert (line.level, target.pin.value()) == (level, level)
    assert desk.said == [("applied", "x")] * 5
    assert line.written == [0, 1, 0, 1, 0], "a level that is there already is not written"


def test_on_is_a_low_level_of_an_inverted_output():
    desk = Desk()
    target, line = desk.output(invert=True)
    desk.start()
    assert (target.pin.value(), line.level) == (0, 1)
    target.pin.on()
    assert (target.pin.value(), line.level) == (1, 0)


def test_an_output_begins_as_its_restore_says():
    desk = Desk()
    desk.output()
    desk.output(restore="on")
    desk.output(restore="on", invert=True)
    desk.output(restore="last")
    desk.output(restore="last")
    desk.port.last = 0b01111
    desk.start()
    assert desk.port.level == 0b01110
    assert [line.written for line in desk.port.lines] == [[0], [1], [0], [1], [0]]


def test_what_guards_outputs_is_asked_before_one_is_driven():
    class Guard:
        def allowed(self, chip, level, running):
            assert (chip, level, running, list(chip.lines)) == (desk.port, 0b11, 0, [])
            return 0b01

    desk = Desk()
    desk.output(restore="on")
    desk.output(restore="on")
    desk.port.guards = [Guard()]
    desk.start()
    assert [line.written for line in desk.port.lines] == [[1], [0]]


def test_nothing_is_known_and_nothing_driven_before_the_start():
    desk = Desk()
    target, line = desk.output()
    assert (target.pin.value(), line.written) == (None, [])
    assert "have not been started" in str(raises(ValueError, target.pin.on))


def test_handlers_hear_of_commands():
    desk = Desk()
    target, _ = desk.output()
    desk.start()
    seen = []
    target.pin.irq(lambda pin: seen.append(pin.value()))
    target.pin.on()
    target.pin.on()
    target.pin.off()
    assert seen == [1, 0]


def test_a_pulse_ends_by_itself_and_its_user_is_told():
    desk = Desk()
    target, line = desk.output(invert=True)
    desk.start()
    desk.port.submit(target, PULSE, 200, None, None)
    assert line.level == 0
    desk.run(199)
    assert line.level == 0
    desk.run(2)
    assert line.level == 1
    assert desk.said == [("applied", None), "changed"]


def test_an_output_with_a_limit_is_not_on_for_longer():
    from pulses import of

    desk = Desk()
    target, line = desk.output()
    desk.start()
    of(desk.port, desk.clock).limit(target.pin.mask, 500)
    target.pin.on()
    desk.run(490)
    assert line.level == 1
    desk.run(20)
    assert line.level == 0


def test_an_input_cannot_be_set():
    desk = Desk()
    target, _ = desk.input()
    assert "input" in str(raises(ValueError, target.pin.on))


# -- inputs ---------------------------------------------------------------------------------


def test_an_input_has_its_level_from_the_beginning():
    desk = Desk()
    pins = [desk.input(1)[0].pin, desk.input(1, invert=True)[0].pin, desk.input(0)[0].pin]
    desk.start()
    assert [pin.value() for pin in pins] == [1, 0, 0]
    assert desk.said == []


def test_a_change_counts_when_it_has_lasted_as_long_as_it_must():
    desk = Desk()
    target, line = desk.input(debounce_ms={"on": 30, "off": 100})
    desk.start()
    line.move(1)
    desk.run(29)
    assert target.pin.value() == 0
    desk.run(2)
    assert target.pin.value() == 1
    line.move(0)
    desk.run(99)
    assert target.pin.value() == 1
    desk.run(2)
    assert target.pin.value() == 0
    assert desk.said == ["changed", "changed"]


def test_a_bounce_does_not_count():
    desk = Desk()
    target, line = desk.input(debounce_ms=20)
    desk.start()
    for _ in range(10):
        line.move(1)
        desk.run(3)
        line.move(0)
        desk.run(3)
    assert desk.said == []
    line.move(1)
    desk.run(30)
    assert (desk.said, target.pin.value()) == (["changed"], 1)


def test_a_change_that_is_over_before_it_is_served_is_seen_without_debouncing():
    desk = Desk()
    target, line = desk.input(debounce_ms=0)
    seen = []
    target.pin.irq(lambda pin: seen.append(pin.value()))
    desk.start()
    line.move(1)
    line.move(0)
    desk.port.step()
    assert seen == [1, 0]


def test_an_interrupt_that_comes_after_its_change_was_read_is_no_second_change():
    desk = Desk()
    target, line = desk.input(debounce_ms=0)
    seen = []
    target.pin.irq(lambda pin: seen.append(pin.value()))
    desk.start()
    line.move(1, told=False)
    desk.port.step()
    line.handler(line)
    desk.port.step()
    desk.port.step()
    assert (seen, desk.port.reader.missed) == ([1], 0)


def test_a_change_without_an_interrupt_is_found_and_counted():
    desk = Desk()
    _, line = desk.input()
    desk.start()
    desk.run(50)
    line.move(1, told=False)
    desk.run(1100)
    assert desk.said == ["changed"]
    desk.run(1100)
    assert desk.port.reader.missed == 1


async def test_an_interrupt_wakes_the_port():
    port = NativePort()
    line = Line()
    target = Target(port, 0)
    port.input(0, target, debounce_ms=0)
    port.start(lambda number, level: line)
    tasks = [asyncio.create_task(port.run()), asyncio.create_task(port.listen())]
    await asyncio.sleep_ms(5)
    line.move(1)
    await run_until(lambda: target.said == ["changed", "changed"], 200)
    port.stop()
    assert line.handler is None
    await run_until(lambda: all(task.done() for task in tasks))


def test_serving_inputs_allocates_nothing():
    desk = Desk()
    lines = [desk.input(debounce_ms=5)[1] for _ in range(CAPACITY)]
    desk.start()
    for target in desk.port.users:
        target.changed = int  # a function that does nothing
        # A pin that moves so fast would have to do without interrupts.
        desk.port.reader.chatter.limits[target.pin.number] = 0
    desk.run(20)

    def use():
        for step in range(20):
            for line in lines:
                line.level = step & 1
                line.handler(line)
            for _ in range(3):
                desk.port.step()
                desk.clock.us += 3000

    assert allocated(use) == 0
    assert desk.port.level == (1 << CAPACITY) - 1


def test_any_sequence_of_edges_gives_levels_in_turn_and_the_last_one_is_right():
    for seed in range(30):
        random.seed(seed)
        desk = Desk()
        delays = [random.choice((0, 5, 40)) for _ in range(5)]
        pairs = [desk.input(debounce_ms=delay) for delay in delays]
        seen = [[] for _ in pairs]
        for (target, _), levels in zip(pairs, seen):
            target.pin.irq(lambda pin, levels=levels: levels.append(pin.value()))
        desk.start()
        for _ in range(200):
            line = random.choice(pairs)[1]
            line.move(1 - line.level, told=random.randrange(10) > 0)
            if random.randrange(2):
                desk.run(random.randrange(1, 30))
        desk.run(8000)  # a pin that chattered is muted for a while
        for (target, line), levels in zip(pairs, seen):
            assert levels == [1 - i % 2 for i in range(len(levels))], (seed, levels)
            assert target.pin.value() == line.level, seed


def test_a_pin_beyond_the_first_sixteen_is_like_the_others():
    desk = Desk()
    for _ in range(CAPACITY - 2):
        desk.output()
    target, line = desk.input()
    last, last_line = desk.output()
    desk.start()
    last.pin.on()
    assert last_line.level == 1
    line.move(1)
    desk.run(1100)
    assert target.pin.value() == 1


def test_a_pin_that_chatters_has_no_interrupts_until_it_is_quiet():
    desk = Desk()
    target, line = desk.input(debounce_ms=0)
    told = []
    desk.start()
    desk.port.reader.on_muted = lambda: told.append(desk.port.reader.chatter.muted)
    for step in range(100):
        line.move(step & 1)
        desk.run(21)
    assert (told, line.handler) == ([1], None)
    line.move(1)
    desk.run(6000)
    assert (told, target.pin.value()) == ([1, 0], 1)
    count = len(desk.said)
    line.move(0)
    desk.port.step()
    assert len(desk.said) == count + 1, "the interrupt is back"

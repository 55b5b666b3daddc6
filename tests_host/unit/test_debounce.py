# SPDX-License-Identifier: MIT
"""lib/debounce.py: a level counts when it has lasted; against a reference that does one pin."""

import random

from debounce import Debounce

from harness import allocated
from i2c_desk import PERIOD, Clock

CLOCK = Clock()


def debounce(delay_ms):
    made = Debounce(CLOCK)
    for pin in range(16):
        made.on_ms[pin] = made.off_ms[pin] = delay_ms
    return made


def test_a_level_that_lasts_is_taken_over_after_the_delay():
    inputs = debounce(20)
    assert inputs.update(0b1, 1000) == 0
    assert inputs.update(0b1, 1019) == 0
    assert inputs.update(0b1, 1020) == 0b1
    assert inputs.level == 0b1


def test_a_bounce_begins_the_delay_again():
    inputs = debounce(20)
    inputs.update(0b1, 1000)
    inputs.update(0b0, 1010)
    inputs.update(0b1, 1015)
    assert inputs.update(0b1, 1030) == 0
    assert inputs.update(0b1, 1035) == 0b1


def test_a_pin_without_delay_follows_at_once():
    inputs = debounce(0)
    assert inputs.update(0x8001, 5) == 0x8001
    assert inputs.update(0x8000, 6) == 0x0001
    assert inputs.level == 0x8000


def test_each_pin_has_its_own_delay_for_on_and_for_off():
    inputs = debounce(10)
    inputs.on_ms[3] = 50
    inputs.off_ms[3] = 5
    inputs.update(0b1001, 100)
    assert inputs.update(0b1001, 110) == 0b0001
    assert inputs.update(0b1001, 150) == 0b1000
    inputs.update(0b0000, 200)
    assert inputs.update(0b0000, 205) == 0b1000
    assert inputs.update(0b0000, 210) == 0b0001


def test_the_delays_of_a_pin_are_given_as_one_or_as_two():
    inputs = debounce(0)
    inputs.delay(1, 7)
    inputs.delay(2, {"on": 30, "off": 5})
    assert list(inputs.on_ms)[:4] == [0, 7, 30, 0]
    assert list(inputs.off_ms)[:4] == [0, 7, 5, 0]


def test_it_says_when_it_must_be_asked_again():
    inputs = debounce(20)
    assert inputs.wait_ms == -1
    inputs.on_ms[2] = 7
    inputs.update(0b101, 100)
    assert inputs.wait_ms == 7
    inputs.update(0b101, 107)
    assert inputs.wait_ms == 13
    inputs.update(0b101, 120)
    assert inputs.wait_ms == -1


def test_reset_takes_over_a_level_at_once():
    inputs = debounce(20)
    inputs.update(0b10, 100)
    inputs.reset(0b11)
    assert inputs.level == 0b11
    assert inputs.update(0b11, 120) == 0


class OnePin:
    """The reference: one pin, spelled out."""

    def __init__(self, on_ms, off_ms):
        self.delay = (off_ms, on_ms)
        self.level = 0
        self.since = None

    def update(self, raw, elapsed):
        if raw == self.level:
            self.since = None
        else:
            if self.since is None:
                self.since = elapsed
            if elapsed - self.since >= self.delay[raw]:
                self.level = raw
                self.since = None


def test_sixteen_pins_at_once_behave_like_sixteen_single_ones():
    random.seed(1)
    for _ in range(10):
        compare_with_single_pins(random.randrange(PERIOD))


def compare_with_single_pins(start):
    inputs = Debounce(CLOCK)
    reference = []
    for pin in range(16):
        inputs.on_ms[pin] = random.choice((0, 1, 5, 20, 65535))
        inputs.off_ms[pin] = random.choice((0, 1, 5, 20))
        reference.append(OnePin(inputs.on_ms[pin], inputs.off_ms[pin]))
    elapsed = raw = 0
    for _ in range(300):
        elapsed += random.randint(0, 12)
        raw ^= random.getrandbits(16) & random.getrandbits(16) & random.getrandbits(16)
        before = inputs.level
        changed = inputs.update(raw, CLOCK.ticks_add(start, elapsed))
        for pin, single in enumerate(reference):
            single.update(raw >> pin & 1, elapsed)
        assert inputs.level == sum(single.level << pin for pin, single in enumerate(reference))
        assert changed == before ^ inputs.level


def test_the_final_level_is_never_lost():
    random.seed(2)
    for _ in range(50):
        inputs = debounce(random.randint(0, 30))
        now = 0
        for _ in range(random.randint(1, 30)):
            now += random.randint(0, 9)
            inputs.update(random.getrandbits(16), now)
        final = random.getrandbits(16)
        inputs.update(final, now)
        while inputs.wait_ms >= 0:
            now += inputs.wait_ms
            inputs.update(final, now)
        assert inputs.level == final


def test_nothing_is_allocated():
    inputs = Debounce()
    inputs.on_ms[2] = inputs.off_ms[9] = 3

    def use():
        for now in range(50):
            inputs.update(0xFFFF if now & 4 else 0x5555, now)

    assert allocated(use) == 0

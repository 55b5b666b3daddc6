# SPDX-License-Identifier: MIT
"""lib/chatter.py: a pin that changes too often is muted until it is quiet; against a reference."""

import random

from chatter import Chatter

from harness import allocated
from i2c_desk import PERIOD, Clock

CLOCK = Clock()


def edges(chatter, mask, start, interval, count):
    """Let the pins of `mask` change so often; return the time after it."""
    for i in range(count):
        chatter.update(mask, CLOCK.ticks_add(start, i * interval))
    return start + count * interval


def test_a_pin_is_muted_by_the_first_edge_above_its_limit():
    chatter = Chatter(CLOCK)
    assert edges(chatter, 0b100, 5000, 40, 20) == 5800
    assert chatter.muted == 0
    assert chatter.update(0b100, 5810)
    assert (chatter.muted, chatter.count) == (0b100, 1)


def test_edges_within_20_ms_are_one():
    chatter = Chatter(CLOCK)
    now = 5000
    for _ in range(8):  # presses and releases in a second, each with 10 bounces
        now = edges(chatter, 1, now, 2, 10) + 80
    assert chatter.muted == 0
    edges(chatter, 1, now, 1, 1000)
    assert chatter.muted == 1


def test_each_pin_has_its_own_limit_and_0_is_none():
    chatter = Chatter(CLOCK)
    chatter.limits[1] = 5
    chatter.limits[2] = 0
    edges(chatter, 0b111, 5000, 50, 15)
    assert chatter.muted == 0b010
    edges(chatter, 0b111, 6000, 20, 50)
    assert chatter.muted == 0b011


def test_a_muted_pin_is_heard_again_when_it_was_quiet_for_3_s():
    chatter = Chatter(CLOCK)
    now = edges(chatter, 1, 5000, 25, 80)
    assert chatter.muted == 1
    quiet = 0
    while chatter.muted:
        quiet += 20
        assert chatter.update(0, now + quiet) is (chatter.muted == 0)
    assert 3000 <= quiet <= 4000
    assert chatter.count == 1


def test_a_single_edge_begins_the_quiet_time_again():
    chatter = Chatter(CLOCK)
    now = edges(chatter, 1, 5000, 25, 80)
    for _ in range(10):
        for _ in range(100):
            now += 20
            chatter.update(0, now)
        chatter.update(1, now)
        assert chatter.muted == 1


class OnePin:
    """The reference: one pin; counts edges in seconds that begin as those of the Chatter do."""

    def __init__(self, limit):
        self.limit = limit
        self.muted = False
        self.count = self.quiet = 0

    def second(self):
        self.quiet = 0 if self.count else self.quiet + 1
        self.count = 0
        if self.quiet >= 3:
            self.muted = False

    def edge(self):
        self.count += 1
        if self.limit and self.count > self.limit and not self.muted:
            self.muted = True
            self.quiet = 0


def test_sixteen_pins_at_once_behave_like_sixteen_single_ones():
    random.seed(3)
    for _ in range(10):
        compare_with_single_pins(PERIOD - random.randrange(20_000))


def compare_with_single_pins(start):
    chatter = Chatter(CLOCK)
    pins = [OnePin(random.choice((0, 1, 5, 20, 50))) for _ in range(16)]
    for number, pin in enumerate(pins):
        chatter.limits[number] = pin.limit
    chatter.update(0, start)
    second = slot = elapsed = 0
    busy = 0  # pins that had an edge in this slot
    for _ in range(2000):
        elapsed += random.choice((1, 3, 10, 20, 60))
        mask = random.getrandbits(16) & random.getrandbits(16) if elapsed // 3000 & 1 else 0
        if elapsed - second >= 1000:
            second = elapsed
            for pin in pins:
                pin.second()
        if mask and elapsed - slot >= 20:
            slot = elapsed
            busy = 0
        for number, pin in enumerate(pins):
            if mask & ~busy & 1 << number:
                pin.edge()
        busy |= mask
        before = chatter.muted
        told = chatter.update(mask, CLOCK.ticks_add(start, elapsed))
        assert chatter.muted == sum(pin.muted << number for number, pin in enumerate(pins))
        assert told is (chatter.muted != before)


def test_nothing_is_allocated():
    chatter = Chatter(CLOCK)

    def use():
        for i in range(200):
            chatter.update(0xFFFF, i * 20)

    assert allocated(use) == 0

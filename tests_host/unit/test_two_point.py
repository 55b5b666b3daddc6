# SPDX-License-Identifier: MIT
"""lib/two_point.py: properties of the control, and its times across the wrap of ticks."""

import random

from two_point import TwoPoint

from i2c_desk import PERIOD, Clock


def test_it_switches_at_the_two_points_and_nowhere_between():
    control = TwoPoint(0.5)
    seen = [
        control.update(lack, now) for now, lack in enumerate((0, 0.4, 0.5, 0, -0.4, -0.5, 0.4))
    ]
    assert seen == [False, False, True, True, True, False, False]


def test_what_is_not_known_is_off_at_once_whatever_the_times():
    control = TwoPoint(0.5, min_on_ms=60000)
    assert control.update(5, 0)
    assert not control.update(None, 1)


def test_it_is_never_on_or_off_for_less_than_its_time():
    random.seed(1)
    for start in (0, PERIOD - 60000):
        clock = Clock(start)
        control = TwoPoint(0.5, 10000, 20000, clock)
        was, since = False, 0
        changes = 0
        for ms in range(0, 3600000, 1000):
            clock.us = (start + ms) * 1000
            on = control.update(random.uniform(-3, 3), clock.ticks_ms())
            if on is not was:
                assert ms - since >= (10000 if was else 20000), (was, ms, since)
                was, since = on, ms
                changes += 1
        assert changes > 50


def test_after_the_start_it_is_off_for_its_time_and_after_a_fault_too():
    control = TwoPoint(0.5, 0, 5000)
    assert [control.update(1, now) for now in (100, 5099, 5100)] == [False, False, True]
    assert not control.update(None, 6000)
    assert [control.update(1, now) for now in (10999, 11000)] == [False, True]


def test_a_change_that_is_half_a_period_of_the_ticks_ago_is_long_ago():
    clock = Clock()
    control = TwoPoint(0.5, 0, 5000, clock)
    day = 86400000
    for days in range(20):
        clock.us = days * day * 1000
        control.update(0, clock.ticks_ms())
    assert control.update(1, clock.ticks_ms())

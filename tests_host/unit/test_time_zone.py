# SPDX-License-Identifier: MIT
"""lib/time_zone.py: what the clocks show, by the rules of POSIX."""

import time

from time_zone import TimeZone

from harness import raises

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


def hours(zone, year, month, day, hour=0, minute=0, second=0):
    """Return how many hours a zone is ahead of UTC at a UTC time."""
    # The days between two dates do not depend on the zone of this computer.
    noon = time.mktime((year, month, day, 12, 0, 0, 0, 0, 0))
    start = time.mktime((year, 1, 1, 12, 0, 0, 0, 0, 0))
    yearday = round((noon - start) / 86400) + 1
    weekday = time.localtime(noon)[6]
    return TimeZone(zone).offset((year, month, day, hour, minute, second, weekday, yearday)) / 3600


def test_a_zone_without_summer_time_has_one_offset():
    for zone, ahead in (
        ("UTC0", 0),
        ("JST-9", 9),
        ("EST5", -5),
        ("<+0545>-5:45", 5.75),
        ("<-03>3", -3),
        ("NST+3:30", -3.5),
    ):
        assert hours(zone, 2026, 1, 1) == hours(zone, 2026, 7, 1) == ahead, zone


def test_the_clocks_change_to_the_second_in_central_europe():
    for year, spring, autumn in ((2024, 31, 27), (2025, 30, 26), (2026, 29, 25), (2027, 28, 31)):
        assert hours(BERLIN, year, 3, spring, 0, 59, 59) == 1, year
        assert hours(BERLIN, year, 3, spring, 1) == 2, year
        assert hours(BERLIN, year, 10, autumn, 0, 59, 59) == 2, year
        assert hours(BERLIN, year, 10, autumn, 1) == 1, year


def test_the_clocks_change_in_the_united_states():
    zone = "EST5EDT,M3.2.0,M11.1.0"
    assert hours(zone, 2026, 3, 8, 6, 59, 59) == -5
    assert hours(zone, 2026, 3, 8, 7) == -4
    assert hours(zone, 2026, 11, 1, 5, 59, 59) == -4
    assert hours(zone, 2026, 11, 1, 6) == -5


def test_in_the_south_summer_lasts_over_new_year():
    zone = "AEST-10AEDT,M10.1.0,M4.1.0/3"
    for month, ahead in ((1, 11), (3, 11), (5, 10), (9, 10), (12, 11)):
        assert hours(zone, 2026, month, 15) == ahead, month
    assert hours(zone, 2026, 4, 4, 15, 59, 59) == 11
    assert hours(zone, 2026, 4, 4, 16) == 10
    assert hours(zone, 2026, 10, 3, 15, 59, 59) == 10
    assert hours(zone, 2026, 10, 3, 16) == 11


def test_a_summer_time_may_have_an_offset_of_its_own():
    zone = "LHST-10:30LHDT-11,M10.1.0,M4.1.0"
    assert hours(zone, 2026, 1, 15) == 11
    assert hours(zone, 2026, 7, 15) == 10.5


def test_a_rule_may_name_a_day_of_the_year_and_a_time_before_midnight():
    for year in (2023, 2024):  # J60 is always March 1st
        assert hours("AAA0BBB,J60/0,J300/0", year, 2, 28, 23, 59, 59) == 0
        assert hours("AAA0BBB,J60/0,J300/0", year, 3, 1) == 1
    assert hours("AAA0BBB,59/0,300/0", 2024, 2, 29) == 1  # counted from 0
    assert hours("AAA0BBB,59/0,300/0", 2023, 3, 1) == 1
    # Greenland until 2023: an hour before midnight of the day before.
    zone = "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1"
    assert hours(zone, 2022, 3, 27, 0, 59, 59) == -3
    assert hours(zone, 2022, 3, 27, 1) == -2


def test_what_is_no_zone_is_refused_with_the_reason():
    for text in (
        "",
        "CET",
        "CE-1",
        "1",
        "<+1>-1",
        "<+01-1",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,M10.5.0,M1.1.1",
        "CET-1,M3.5.0,M10.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5,M10.5.0",
        "CET-1CEST,J0,J10",
        "CET-1CEST,x,M10.5.0",
        "CET-1CEST,M3.5.0/x,M10.5.0",
        "CET-1:60",
        "CET-1:2:3:4",
        "CET-200",
        "Europe/Berlin",
    ):
        error = raises(ValueError, TimeZone, text)
        assert str(error) and "\n" not in str(error), text

# SPDX-License-Identifier: MIT
"""Options of an output: how long it may be on, and what a second pulse does."""

from pulses import EXTEND, IGNORE, QUEUE, of

_RULES = {"extend": EXTEND, "ignore": IGNORE, "queue": QUEUE}


def apply(component, user, row):
    """Give the output of `user` the keys `max_on` (s) and `pulse_rule` of its row."""
    pin = user.pin
    pulses = of(pin.chip)
    if "max_on" in row:
        pulses.limit(pin.mask, row["max_on"] * 1000)
    rule = _RULES[row.get("pulse_rule", "extend")]
    if rule != EXTEND:
        pulses.rule(pin.mask, rule, pin.chip)

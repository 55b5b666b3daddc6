# SPDX-License-Identifier: MIT
"""The key `chatter` of a pin table: how often an input may change."""


def apply(component, user, row):
    """Carry out what the row asks for."""
    pin = user.pin
    pin.chip.reader.chatter.limits[pin.number] = row["chatter"]

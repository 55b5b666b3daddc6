# SPDX-License-Identifier: MIT
"""Arguments that sensors have in common."""


def common(**own):
    """Return the description of the arguments of a sensor: its own, and those of every sensor."""
    interval = {"type": "float", "min": 1, "max": 86400, "unit": "s"}
    own.update(
        name={"type": "str", "min": 1, "max": 64, "doc": "for people"},
        interval_reading=dict(interval, default=120, doc="how often it is measured"),
        interval_publish=dict(interval, default=600, doc="how often it is published"),
        max_age=dict(
            interval, max=200000, doc="how long a value is good; default twice interval_reading"
        ),
    )
    return own


def i2c(*addresses, **own):
    """The same for a chip on a bus; addresses: which it can have, the usual one first."""
    own["i2c"] = {"type": "ref", "of": "I2C", "required": True, "doc": "the bus"}
    own["address"] = {
        "type": "int",
        "choices": addresses,
        "default": addresses[0],
        "doc": "of the chip",
    }
    return common(**own)


def precision(of, usual=1):
    """Return the description of how many digits a quantity has behind the point."""
    return {
        "type": "int",
        "min": 0,
        "max": 4,
        "default": usual,
        "doc": "digits of the %s behind the point" % of,
    }


def offset(of, unit):
    """Return the description of what is added to a quantity."""
    return {
        "type": "float",
        "min": -1000,
        "max": 1000,
        "default": 0,
        "unit": unit,
        "doc": "added to the %s" % of,
    }

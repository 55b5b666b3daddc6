# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/i2c.py`."""


def _gpio(doc):
    return {"type": "int", "min": 0, "max": 48, "required": True, "doc": doc}


ARGS = {
    "I2C": {
        "scl": _gpio("GPIO number of the clock line"),
        "sda": _gpio("GPIO number of the data line"),
        "freq": {
            "type": "int",
            "min": 10000,
            "max": 1000000,
            "default": 100000,
            "unit": "Hz",
            "doc": "clock; lower it for long wires",
        },
        "id": {
            "type": "int",
            "min": 0,
            "max": 1,
            "default": 0,
            "doc": "hardware peripheral",
        },
        "software": {
            "type": "bool",
            "default": False,
            "doc": "make the signals by program instead of a peripheral: slower, on any pins",
        },
        "timeout_us": {
            "type": "int",
            "min": 1000,
            "max": 50000,
            "default": 10000,
            "unit": "us",
            "doc": "how long a transfer may be held up before the bus counts as stuck",
        },
    }
}

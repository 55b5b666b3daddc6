# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/i2c.py`."""

# As pysmartnode writes them: what is printed beside the pins of a NodeMCU, and above 8, where such
# a board has none, of an ESP32 DevKit.
_DEVKIT = [("D%d" % gpio, gpio) for gpio in range(12, 40)]
_NAMES = dict(_DEVKIT, D0=16, D1=5, D2=4, D3=0, D4=2, D5=14, D6=12, D7=13, D8=15)


def _gpio(place, doc):
    return {
        "type": "int",
        "min": 0,
        "max": 48,
        "names": _NAMES,
        "place": place,
        "required": True,
        "doc": doc,
    }


ARGS = {
    "I2C": {
        "scl": _gpio(0, "GPIO number of the clock line"),
        "sda": _gpio(1, "GPIO number of the data line"),
        "freq": {
            "type": "int",
            "place": 2,
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

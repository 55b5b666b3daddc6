# SPDX-License-Identifier: MIT
"""Arguments of `components/devices/hc595.py` and the keys of its pin table."""

from import_once import import_once


def _keys():
    """Return the keys of the table of GPIOs that make sense for outputs."""
    keys = import_once("components.machine.gpio_args").PIN["keys"]
    keys = {key: keys[key] for key in keys if keys[key].get("for") != "input"}
    del keys["allow_unsafe"]
    inputs = ("binary_sensor", "event", "input")
    types = [kind for kind in keys["type"]["choices"] if kind not in inputs]
    keys["type"] = dict(keys["type"], choices=types)
    keys["pin"] = {
        "type": "int",
        "min": 0,
        "max": 63,
        "required": True,
        "doc": "0 to 7 are QA to QH of the register next to the node, 8 to 15 those of the second",
    }
    return keys


def _gpio(doc, **more):
    return dict(type="int", min=0, max=48, doc=doc, **more)


PIN = {"type": "dict", "keys": _keys()}

ARGS = {
    "HC595": {
        "ser": _gpio("GPIO number that is wired to SER (DS)", required=True),
        "srclk": _gpio("GPIO number that is wired to SRCLK (SHCP)", required=True),
        "rclk": _gpio("GPIO number that is wired to RCLK (STCP)", required=True),
        "pins": {"type": "list", "required": True, "each": PIN, "doc": "the pin table"},
        "oe": _gpio("GPIO number that is wired to OE, which has a pull-up then"),
        "chips": {
            "type": "int",
            "min": 1,
            "max": 8,
            "default": 1,
            "doc": "how many the chain has",
        },
        "allow_unsafe": {
            "type": "bool",
            "default": False,
            "doc": "use GPIOs that disturb the start of the node all the same",
        },
    }
}

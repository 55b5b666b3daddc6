# SPDX-License-Identifier: MIT
"""Arguments of `components/devices/mcp23017.py` and the keys of its pin table."""


def _text(doc, **more):
    return dict(type="str", min=1, doc=doc, **more)


def _ms(doc, lowest, highest, **more):
    return dict(type="int", min=lowest, max=highest, unit="ms", doc=doc, **more)


def _flag(doc, default, **more):
    return dict(type="bool", default=default, doc=doc, **more)


# One row of the table. "for": the key belongs to outputs or to inputs only.
PIN = {
    "type": "dict",
    "keys": {
        "pin": {"required": True, "doc": "0 to 15, or GPA0 to GPA7 and GPB0 to GPB7"},
        "type": _text(
            'what it is in Home Assistant; "output" and "input" are for other components',
            required=True,
            choices=("switch", "light", "button", "binary_sensor", "output", "input"),
        ),
        "name": _text("for people", max=64),
        "id": _text("part of topics; default: from the name", max=64, chars="_-"),
        "device_class": _text("as in Home Assistant"),
        "icon": _text('as in Home Assistant, such as "mdi:fan"'),
        "invert": _flag("on is a low level", False),
        "restore": _text(
            'level after the chip lost power: "adopt", what was last commanded; "always_off" also'
            " when the node restarts; default adopt, of a button always_off",
            choices=("adopt", "off", "on", "always_off"),
            **{"for": "output"},
        ),
        "pulse": _ms("length of a pulse; default 200", 1, 3600000, **{"for": "output"}),
        "ttl": _ms("how long a command may wait", 50, 60000, **{"for": "output"}),
        "pull_up": _flag("100 kOhm to the supply", True, **{"for": "input"}),
        "debounce": _ms("a change must last so long", 0, 65535, default=20, **{"for": "input"}),
        "allow_unsafe_input": _flag(
            "let pin 7 or 15 be an input all the same", False, **{"for": "input"}
        ),
    },
}

ARGS = {
    "MCP23017": {
        "i2c": {"type": "ref", "of": "I2C", "required": True, "doc": "the bus"},
        "address": {
            "type": "int",
            "min": 0x20,
            "max": 0x27,
            "required": True,
            "doc": "0x20 + A0 + 2 * A1 + 4 * A2",
        },
        # "each", not "item": the component itself checks row by row, so that one fault costs one
        # pin.
        "pins": {"type": "list", "required": True, "each": PIN, "doc": "the pin table"},
        "poll_ms": _ms("interval at which inputs are read", 1, 10000, default=20),
        "ttl": _ms("how long a command may wait; default: the node's setting", 50, 60000),
    }
}

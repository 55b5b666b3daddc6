# SPDX-License-Identifier: MIT
"""Arguments of `components/devices/mcp23017.py` and the keys of its pin table."""


def _text(doc, **more):
    return dict(type="str", min=1, doc=doc, **more)


def _ms(doc, lowest, highest, **more):
    return dict(type="int", min=lowest, max=highest, unit="ms", doc=doc, **more)


def _flag(doc, default, **more):
    return dict(type="bool", default=default, doc=doc, **more)


_PRESSES = {"for": "input", "by": "presses"}

# One row of the table. "for": the key belongs to outputs or to inputs only.
PIN = {
    "type": "dict",
    "keys": {
        "pin": {"required": True, "doc": "0 to 15, or GPA0 to GPA7 and GPB0 to GPB7"},
        "type": _text(
            'what it is in Home Assistant; "output" and "input" are for other components',
            required=True,
            choices=(
                "switch",
                "light",
                "button",
                "binary_sensor",
                "event",
                "cover",
                "lock",
                "fan",
                "valve",
                "siren",
                "sensed_switch",
                "output",
                "input",
            ),
        ),
        "name": _text("for people", max=64),
        "id": _text("part of topics; default: from the name", max=64, chars="_-"),
        "device_class": _text("as in Home Assistant"),
        "icon": _text('as in Home Assistant, such as "mdi:fan"'),
        "invert": _flag("on is a low level", False),
        "restore": _text(
            'level after the chip lost power: "adopt", what was last commanded; "last", the same'
            ' if the node lost power, too; "always_off" also when the node restarts; default'
            " adopt, of a button always_off",
            choices=("adopt", "off", "on", "last", "always_off"),
            **{"for": "output", "by": "last", "when": "last"},
        ),
        "max_on": {
            "type": "int",
            "min": 1,
            "max": 86400,
            "unit": "s",
            "for": "output",
            "by": "limits",
            "doc": "it is never on for longer, whatever switched it on",
        },
        "pulse_rule": _text(
            "what a pulse does while another runs: extend it, nothing (ignore), or wait for its"
            " end (queue); default extend",
            choices=("extend", "ignore", "queue"),
            **{"for": "output", "by": "limits"},
        ),
        "interlock": _text(
            "name of a group of outputs, on any chips, of which at most one is ever on",
            max=32,
            **{"for": "output", "by": "interlock"},
        ),
        "interlock_gap": _ms(
            "from one is off to another is on; the largest of the group counts; default 100",
            0,
            60000,
            **{"for": "output", "by": "interlock"},
        ),
        "on_lost": _text(
            "what to do when there is no broker for the setting ON_LOST_S; default keep",
            choices=("keep", "off", "on"),
            **{"for": "output", "by": "on_lost"},
        ),
        "pulse": _ms("length of a pulse; default 200", 1, 3600000, **{"for": "output"}),
        "ttl": _ms("how long a command may wait", 50, 60000, **{"for": "output"}),
        "pull_up": _flag("100 kOhm to the supply", True, **{"for": "input"}),
        "debounce": _ms(
            'a change must last so long; or {"on": ms, "off": ms}',
            0,
            65535,
            default=20,
            object={
                "type": "dict",
                "keys": {
                    "on": _ms("before it counts as on", 0, 65535, required=True),
                    "off": _ms("before it counts as off", 0, 65535, required=True),
                },
            },
            **{"for": "input"},
        ),
        "chatter": {
            "type": "int",
            "min": 0,
            "max": 50,
            "for": "input",
            "by": "chatter",
            "unit": "1/s",
            "doc": "with more edges in a second it is muted until it is quiet for 3 s; edges"
            " within 20 ms are one; 0: never; default 20",
        },
        "edge": _text(
            "which changes a binary_sensor tells; default both",
            choices=("both", "on", "off"),
            **{"for": "input", "by": "edge"},
        ),
        "events": {
            "type": "any",
            "for": "input",
            "by": "presses",
            "doc": "an event entity beside it: list of the kinds of presses to tell; true: all but"
            " press and release",
        },
        "triggers": {
            "type": "bool",
            "for": "input",
            "by": "presses",
            "doc": "the events also as triggers of the device, for automations",
        },
        "long": _ms("from here a press is long; default 800", 50, 60000, **_PRESSES),
        "double": _ms("longest pause in a double press; default 300", 50, 5000, **_PRESSES),
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
        "poll_ms": _ms("interval at which inputs are read without INT line", 1, 10000, default=20),
        "int_pin": {
            "type": "int",
            "min": 0,
            "max": 48,
            "doc": "GPIO number that INTA or INTB is wired to; several chips may share it",
        },
        "safety_poll": {
            "type": "int",
            "min": 1,
            "max": 60,
            "default": 5,
            "unit": "s",
            "doc": "with INT line: interval at which the chip is read all the same",
        },
        "ttl": _ms("how long a command may wait; default: the node's setting", 50, 60000),
        "port": _flag("topics for all pins at once, as a number", False),
    }
}

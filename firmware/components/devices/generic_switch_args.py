# SPDX-License-Identifier: MIT
"""Arguments of `components/devices/generic_switch.py`."""


def _steps(doc):
    return {
        "type": "list",
        "required": True,
        "doc": doc,
        "item": {
            "type": "dict",
            "keys": {
                "output": {
                    "type": "ref",
                    "of": "pin",
                    "required": True,
                    "doc": "such as @chip.3, or an entity such as @chip.shutter",
                },
                "do": {
                    "type": "str",
                    "min": 1,
                    "required": True,
                    "doc": "on, off, toggle, pulse, or another word that the output takes",
                },
                "pulse": {
                    "type": "int",
                    "min": 1,
                    "max": 3600000,
                    "unit": "ms",
                    "doc": "length of the pulse; default: that of the output",
                },
            },
        },
    }


ARGS = {
    "GenericSwitch": {
        "on": _steps("what is done when it is switched on, in this order"),
        "off": _steps("the same when it is switched off"),
        "name": {"type": "str", "min": 1, "max": 64, "doc": "for people"},
        "state": {
            "type": "ref",
            "of": "pin",
            "doc": "tells whether it is on, such as @chip.8; without it the last command does",
        },
        "icon": {"type": "str", "min": 1, "doc": "as in Home Assistant"},
    }
}

# SPDX-License-Identifier: MIT
"""Keys of the pin table for the type cover."""


def _travel(doc):
    return {"type": "float", "min": 0.1, "max": 600, "unit": "s", "required": True, "doc": doc}


KEYS = {
    "close_pin": {"claim": "output", "required": True, "doc": "output that closes; `pin` opens"},
    "travel_up": _travel("from closed to open"),
    "travel_down": _travel("from open to closed"),
    "pause": {
        "type": "int",
        "min": 0,
        "max": 60000,
        "default": 500,
        "unit": "ms",
        "doc": "both are off for so long before the direction changes",
    },
    "open_end": {"claim": "input", "doc": "end stop: input that is on while it is open"},
    "closed_end": {"claim": "input", "doc": "end stop: input that is on while it is closed"},
    "restore": None,
    # These speak of one output.
    "interlock": None,
    "interlock_gap": None,
    "max_on": None,
    "on_lost": None,
    "pulse": None,
    "pulse_rule": None,
}

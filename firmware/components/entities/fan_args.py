# SPDX-License-Identifier: MIT
"""Keys of the pin table for the type fan."""

KEYS = {
    "device_class": None,  # Home Assistant has none
    "speeds": {
        "type": "list",
        "min": 1,
        "max": 15,
        "item": {"claim": "output"},
        "doc": "pins of the higher speeds, the lowest of them first; `pin` is speed 1",
    },
    "pause": {
        "type": "int",
        "min": 0,
        "max": 60000,
        "default": 100,
        "unit": "ms",
        "doc": "all are off for so long between two speeds",
    },
    "restore": {
        "type": "str",
        "choices": ("adopt", "off", "always_off"),
        "for": "output",
        "doc": "as of every output; never on, because that would be all speeds",
    },
    # These speak of one output.
    "interlock": None,
    "interlock_gap": None,
    "max_on": None,
    "on_lost": None,
    "pulse": None,
    "pulse_rule": None,
}

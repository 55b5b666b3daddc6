# SPDX-License-Identifier: MIT
"""Keys of the pin table for the type lock."""

KEYS = {
    "device_class": None,  # Home Assistant has none
    "feedback": {"claim": "input", "doc": "input that is on while unlocked"},
    "timeout": {
        "type": "int",
        "min": 50,
        "max": 600000,
        "default": 5000,
        "unit": "ms",
        "doc": "the feedback must follow within this time",
    },
}

# SPDX-License-Identifier: MIT
"""Keys of the pin table for the type valve."""

KEYS = {
    "feedback": {"claim": "input", "doc": "input that is on while the valve is open"},
    "timeout": {
        "type": "int",
        "min": 50,
        "max": 600000,
        "default": 60000,
        "unit": "ms",
        "doc": "the feedback must follow within this time",
    },
}

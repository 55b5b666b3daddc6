# SPDX-License-Identifier: MIT
"""Keys of the pin table for the type sensed_switch."""

KEYS = {
    "feedback": {"claim": "input", "required": True, "doc": "input that is on while the load is"},
    "timeout": {
        "type": "int",
        "min": 50,
        "max": 60000,
        "default": 1000,
        "unit": "ms",
        "doc": "the feedback must follow within this time, which includes the pulse",
    },
    "retries": {
        "type": "int",
        "min": 0,
        "max": 10,
        "default": 3,
        "doc": "further pulses before it is a problem",
    },
    # The level of the output says nothing of the load.
    "restore": None,
    "on_lost": None,
    "pulse_rule": None,
}

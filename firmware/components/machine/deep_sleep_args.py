# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/deep_sleep.py`."""

ARGS = {
    "DeepSleep": {
        "sleep": {
            "type": "int",
            "min": 1,
            "max": 86400,
            "default": 600,
            "unit": "s",
            "doc": "how long it sleeps",
        },
        "awake": {
            "type": "int",
            "min": 1,
            "max": 3600,
            "default": 30,
            "unit": "s",
            "doc": "it falls asleep then although not everything could be told",
        },
    }
}

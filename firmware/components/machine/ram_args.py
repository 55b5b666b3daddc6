# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/ram.py`."""

_ARGS = {
    "interval": {
        "type": "float",
        "min": 1,
        "max": 86400,
        "default": 600,
        "unit": "s",
        "doc": "how often it is published",
    },
    "name": {"type": "str", "min": 1, "max": 64, "default": "RAM", "doc": "for people"},
}

ARGS = {"RAM": _ARGS, "ram": _ARGS}

# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/gpio.py` and the keys of its pin table."""

from import_once import import_once


def _keys():
    """Return the keys of the table of an expander, with what is different here."""
    keys = import_once("components.devices.mcp23017_args").PIN["keys"].copy()
    del keys["allow_unsafe_input"]
    keys["pin"] = {"type": "int", "min": 0, "max": 48, "required": True, "doc": "GPIO number"}
    # There is nothing to adopt: a GPIO has lost its level when the node starts.
    restore = keys["restore"].copy()
    restore["choices"] = [c for c in restore["choices"] if c not in ("adopt", "always_off")]
    restore["doc"] = "level when the node starts; default off"
    keys["restore"] = restore
    keys["pull_up"] = {
        "type": "bool",
        "for": "input",
        "doc": "45 kOhm to the supply; default true without pull_down. 34 to 39 have none",
    }
    keys["pull_down"] = {"type": "bool", "for": "input", "doc": "45 kOhm to ground"}
    keys["allow_unsafe"] = {
        "type": "bool",
        "default": False,
        "doc": "use a GPIO that disturbs the start of the node all the same",
    }
    return keys


PIN = {"type": "dict", "keys": _keys()}

ARGS = {"GPIO": {"pins": {"type": "list", "required": True, "each": PIN, "doc": "the pin table"}}}

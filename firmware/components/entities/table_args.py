# SPDX-License-Identifier: MIT
"""Arguments of `components/entities/table.py`."""

from import_once import import_once


def _keys():
    """Return the keys of a pin table without those that the table of the chip has."""
    keys = import_once("components.devices.mcp23017_args").PIN["keys"].copy()
    for key in tuple(keys):
        # What remains is said of the entity, or is done by a module that knows every pin.
        own = keys[key].get("for") and "by" not in keys[key] and key not in ("pulse", "ttl")
        if own or key in ("invert", "restore"):
            del keys[key]
    keys["pin"] = {"type": "ref", "of": "pin", "required": True, "doc": 'such as "@chip20.3"'}
    choices = [kind for kind in keys["type"]["choices"] if kind not in ("output", "input")]
    keys["type"] = dict(keys["type"], choices=choices)
    return keys


ROW = {"type": "dict", "keys": _keys()}

ARGS = {"Table": {"rows": {"type": "list", "required": True, "each": ROW, "doc": "the rows"}}}

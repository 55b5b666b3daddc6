# SPDX-License-Identifier: MIT
"""Arguments that devices which give signals have in common."""


def describe(usual, **own):
    """Return the description of the arguments. usual: the patterns without any given."""
    keys = {
        "pin": {
            "type": "ref",
            "of": "pin",
            "required": True,
            "doc": 'GPIO number, or an output such as "@chip20.3"',
        },
        "name": {"type": "str", "min": 1, "max": 64, "doc": "for people"},
        "patterns": {
            "type": "dict",
            "doc": "name to [ms on, how often, ms off]; 0 times: until it is switched off;"
            " default: " + usual,
        },
        "invert": {
            "type": "bool",
            "default": False,
            "doc": "a GPIO is low when it is on; a pin of a table has its own",
        },
    }
    keys.update(own)
    return keys

# SPDX-License-Identifier: MIT
"""Arguments of `components/logic/bindings.py`."""

# One row: an input and what it does.
ROW = {
    "type": "dict",
    "keys": {
        "input": {"type": "ref", "of": "pin", "required": True, "doc": "such as @chip.8"},
        "when": {
            "type": "str",
            "choices": (
                "press",
                "release",
                "single",
                "double",
                "triple",
                "long",
                "long_release",
            ),
            "doc": "the press that acts; default press, the edge itself",
        },
        "do": {
            "type": "str",
            "required": True,
            "doc": "toggle, on, off, pulse, stop, or another word that the output takes;"
            " follow: on with the input and off with it",
        },
        "output": {
            "type": "ref",
            "of": "pin",
            "required": True,
            "doc": "such as @chip.3, or an entity such as @chip.shutter",
        },
        "if": {
            "type": "str",
            "choices": ("always", "offline"),
            "default": "always",
            "doc": "offline: only while there is no link to the broker",
        },
        "pulse": {
            "type": "int",
            "min": 1,
            "max": 3600000,
            "unit": "ms",
            "doc": "length of the pulse; default: that of the output",
        },
    },
}

ARGS = {
    "Bindings": {
        # "each", not "item": a fault costs one row.
        "rows": {"type": "list", "required": True, "each": ROW, "doc": "what acts on what"},
    }
}

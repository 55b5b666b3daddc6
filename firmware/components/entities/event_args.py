# SPDX-License-Identifier: MIT
"""Keys of a row of the type "event"."""

KEYS = {
    "events": {
        "type": "any",
        "default": True,
        "for": "input",
        "by": "presses",
        "doc": "list of the kinds of presses to tell; true: all but press and release",
    }
}

# SPDX-License-Identifier: MIT
"""Arguments of `components/network/console.py`."""

ARGS = {
    "Console": {
        "bind": {
            "type": "str",
            "default": "0.0.0.0",
            "max": 64,
            "doc": 'address to listen on; "127.0.0.1": only from the node itself',
        },
        "port": {"type": "int", "min": 1, "max": 65535, "default": 8023, "doc": "TCP port"},
        "key": {
            "type": "str",
            "min": 8,
            "max": 64,
            "doc": "asked for first; needed unless bound to 127.0.0.1. Travels unencrypted",
        },
        "max_clients": {"type": "int", "min": 1, "max": 4, "default": 2, "doc": "at a time"},
        "idle": {
            "type": "int",
            "min": 10,
            "max": 86400,
            "default": 600,
            "unit": "s",
            "doc": "a client that says nothing for so long, and watches nothing, is disconnected",
        },
    }
}

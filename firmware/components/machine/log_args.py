# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/log.py`."""

ARGS = {
    "LogLevel": {
        "keep": {
            "type": "bool",
            "default": False,
            "doc": "what was chosen is still so after a restart",
        }
    }
}

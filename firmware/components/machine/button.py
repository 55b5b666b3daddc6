# SPDX-License-Identifier: MIT
"""A button in Home Assistant that makes the node do something."""

from node.component import Entity


class Button(Entity):
    """kind: object id and device class, such as "restart". pressed: function without arguments."""

    platform = "button"
    leaf = None
    words = {b"PRESS": 1}

    def __init__(self, kind, name, pressed):
        super().__init__(kind, name, {"dev_cla": kind, "ent_cat": "config"})
        self._pressed = pressed

    def command(self, action, value, ttl_ms, tag):
        self._pressed()

# SPDX-License-Identifier: MIT
"""How much the node tells on its log, changed while it runs."""

from node.component import Component, Entity

_NAMES = ["critical", "error", "warn", "info", "debug"]


class LogLevel(Component):
    """The levels of the log as selects: `level` of the console and `mqtt_level`.

    keep: whether what was chosen is still so after a restart.
    """

    def __init__(self, keep=False):
        self.keep = keep

    async def start(self):
        for member, name in (("level", "Log level"), ("mqtt_level", "Log level over MQTT")):
            number = self.node.kept("log." + member) if self.keep else None
            if number is not None and getattr(self.node.log, member) >= 0:
                setattr(self.node.log, member, number)
            self.node.add_entity(self, Level(member, name))


class Level(Entity):
    """One of the two; its id is the attribute of the log."""

    platform = "select"
    words = {b"CRITICAL": 0, b"ERROR": 1, b"WARN": 2, b"INFO": 3, b"DEBUG": 4}
    config = {"ops": _NAMES, "ent_cat": "config"}

    def state(self):
        # While the console belongs to the dialogue, the level is below all.
        return _NAMES[max(0, getattr(self.component.node.log, self.object_id))].encode()

    def command(self, action, value, ttl_ms, tag):
        if value is not None:
            raise ValueError("a level takes no number")
        node = self.component.node
        if getattr(node.log, self.object_id) < 0:
            raise ValueError("a dialogue is open on the console")
        setattr(node.log, self.object_id, action)
        if self.component.keep:
            node.keep("log." + self.object_id, action)
        node.state_changed(self)

# SPDX-License-Identifier: MIT
"""Tells of inputs that change so often that they have been muted."""

from import_once import import_once

from node.component import Entity


class Chatter(Entity):
    """Shows whether an input of `component` is muted; on the log, which.

    reader: the ExpanderInputs or what else has a `chatter`.
    """

    platform = "binary_sensor"
    config = {"dev_cla": "problem", "ent_cat": "diagnostic"}

    def __init__(self, component, reader):
        super().__init__("chatter", "Chatter")
        self._chatter = reader.chatter
        self.muted = 0  # as told last
        component.node.add_entity(component, self)
        reader.on_muted = self.changed

    def state(self):
        return b"ON" if self._chatter.muted else b"OFF"

    def changed(self):
        """A pin has been muted, or is no longer."""
        # Seldom, so what it says is not kept in memory.
        import_once("components.devices.inputs").tell(self, self._chatter)
        self.component.node.state_changed(self)

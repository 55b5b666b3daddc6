# SPDX-License-Identifier: MIT
"""Tells of inputs that change so often that they have been muted."""

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
        self._muted = 0
        component.node.add_entity(component, self)
        reader.on_muted = self.changed

    def state(self):
        return b"ON" if self._chatter.muted else b"OFF"

    def changed(self):
        """A pin has been muted, or is no longer."""
        component = self.component
        muted = self._chatter.muted
        changed = muted ^ self._muted
        self._muted = muted
        gpios = getattr(component.chip, "gpios", range(len(self._chatter.limits)))
        for place, number in enumerate(gpios):
            if changed >> place & 1:
                if muted >> place & 1:
                    text = "pin %d changes too often: muted until it is quiet"
                    component.node.log.warn(component.name, text, number)
                else:
                    component.node.log.info(component.name, "pin %d is quiet again", number)
        component.node.state_changed(self)

# SPDX-License-Identifier: MIT
"""What all entities on one pin have in common."""

from node.component import Entity


class PinEntity(Entity):
    """Shows the level of a pin.

    pin: has `value()`, 1, 0 or None while it is unknown.
    """

    def __init__(self, object_id, name, options, pin):
        super().__init__(object_id, name, options)
        self.pin = pin

    def state(self):
        level = self.pin.value()
        return None if level is None else b"ON" if level else b"OFF"

    def changed(self):
        """The level of the pin may have changed."""
        self.component.node.state_changed(self)

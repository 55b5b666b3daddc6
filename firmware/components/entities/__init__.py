# SPDX-License-Identifier: MIT
"""What a pin can be in Home Assistant: one module per type, `x_y.py` with the class `XY`.

The constructor of such a class takes (object_id, name, options, pin). Its attribute `drives` tells
whether the pin is an output; `changed()` is called when the level of the pin has changed. Options
of the pin table that belong to the type (`pulse_ms`, `ttl_ms`) are attributes. An output has the
attribute `restore`, and `alone` if only its own commands may switch its pins. Types with keys of
their own: see `components/devices/pin_rows.py`.
"""

from node.component import Entity


class PinEntity(Entity):
    """The base of them all: shows the level of a pin.

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

# SPDX-License-Identifier: MIT
"""A measured value as Home Assistant shows it."""

from node.component import Entity


class Reading(Entity):
    """Shows what it is told by `show`."""

    platform = "sensor"
    _payload = None

    def show(self, text):
        """Publish a value as text."""
        self._payload = text.encode()
        self.component.node.state_changed(self)

    def state(self):
        return self._payload


def options(unit, device_class, state_class):
    """Return discovery keys of a sensor; those that are None are left out."""
    known = {"unit_of_meas": unit, "dev_cla": device_class, "stat_cla": state_class}
    return {key: known[key] for key in known if known[key]}

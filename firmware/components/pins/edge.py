# SPDX-License-Identifier: MIT
"""The key `edge` of a pin table: which changes of an input its entity tells."""

from node.component import ConfigError


def apply(component, user, row):
    """Carry out what the row asks for. Raises ConfigError when it is no binary sensor."""
    if row["type"] != "binary_sensor":
        raise ConfigError("only a binary_sensor has this", "edge")
    if row["edge"] != "both":
        user.changed = _Filter(user, row["edge"] == "on").changed
        # Each message is a change then, also when it is the same text again.
        options = {"frc_upd": True}
        options.update(user.options or {})
        user.options = options


class _Filter:
    def __init__(self, user, level):
        self._pin = user.pin
        self._level = level
        self._changed = user.changed

    def changed(self):
        """The level of the pin may have changed."""
        if self._pin.value() == self._level:
            self._changed()

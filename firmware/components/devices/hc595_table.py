# SPDX-License-Identifier: MIT
"""The outputs of the table of a chain of 74HC595."""

from import_once import import_once

from node.component import ConfigError

_table = import_once("components.devices.pin_table")


class ShiftTable(_table.PinTable):
    """Makes entities of the pin table of a chain of 74HC595."""

    def _number(self, row):
        pin = row["pin"]
        count = len(self._chip.users)
        # Equal to a number is also true.
        if type(pin) is not int or not 0 <= pin < count:
            text = "%s is not an output of the chain (0..%d)"
            raise ConfigError(text % (pin, count - 1), "pin")
        return pin

    def _check_pin(self, number, row, drives):
        if not drives:
            raise ConfigError("a 74HC595 has outputs only", "type")

    def _claim(self, place, user, row, restore):
        self._chip.output(place, user, row["invert"], restore)

# SPDX-License-Identifier: MIT
"""The pins of the table of a chip with 8 pins."""

from import_once import import_once

from node.component import ConfigError

_table = import_once("components.devices.pin_table")


class Table8(_table.PinTable):
    """Makes entities of the pin table of a chip with 8 pins."""

    def _number(self, row):
        pin = row["pin"]
        names = [self._component.prefix + str(number) for number in range(8)]
        number = names.index(pin) if pin in names else pin
        # Equal to a number is also true.
        if type(number) is not int or not 0 <= number <= 7:
            text = "%s is not a pin of a chip with 8 (0..7 or %s..%s)"
            raise ConfigError(text % (pin, names[0], names[7]), "pin")
        return number

    def _check_pin(self, number, row, drives):
        """Every pin can be everything."""

    def _claim(self, place, user, row, restore):
        row.setdefault("pull_up", False)  # a PCF8574 has nothing to choose
        super()._claim(place, user, row, restore)

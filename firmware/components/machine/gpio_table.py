# SPDX-License-Identifier: MIT
"""The pins of the table of a GPIO component."""

from import_once import import_once

from components.machine.native import pull
from node.component import ConfigError

_table = import_once("components.devices.pin_table")


class GpioTable(_table.PinTable):
    """Makes entities of the pin table of a GPIO component.

    pins: its NativePins.
    """

    def __init__(self, component, pins):
        super().__init__(component, pins.port)
        self._pins = pins

    def _number(self, row):
        gpio = row["pin"]
        if not isinstance(gpio, int):
            raise ConfigError("%s is not the number of a GPIO" % gpio, "pin")
        return gpio

    def _check_pin(self, number, row, drives):
        up, down = row.get("pull_up"), row.get("pull_down")
        self._pins.reserve(number, "pin", drives, up, down, row["allow_unsafe"])

    def _place(self, number, before):
        return len(self._chip.users) + before

    def _claim(self, place, user, row, restore):
        if restore:
            self._pins.add_output(row["pin"], user, row["invert"], restore)
        else:
            wanted = pull(row.get("pull_up"), row.get("pull_down"))
            self._pins.add_input(row["pin"], user, row["invert"], wanted, row["debounce"])

# SPDX-License-Identifier: MIT
"""The pins that the rows of a Table refer to."""

from import_once import import_once

from node.component import ConfigError

_table = import_once("components.devices.pin_table")


class ReferenceTable(_table.PinTable):
    """Makes entities of the rows of a Table."""

    def _number(self, row):
        raise ConfigError('%s is no reference such as "@chip20.3"' % row["pin"], "pin")

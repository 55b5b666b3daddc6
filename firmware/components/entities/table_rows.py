# SPDX-License-Identifier: MIT
"""Makes entities of the rows of a Table."""

from import_once import import_once

from node.component import ConfigError

_table = import_once("components.devices.pin_table")


def build(component, rows):
    """Take the pins that `rows` name; see `build` of `components/devices/pin_table.py`."""
    spec = import_once("components.entities.table_args").ROW
    _ReferenceTable(component, None, spec).build(rows, "rows")


class _ReferenceTable(_table.PinTable):
    def _number(self, row):
        raise ConfigError('%s is no reference such as "@chip20.3"' % row["pin"], "pin")

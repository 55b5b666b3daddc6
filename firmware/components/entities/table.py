# SPDX-License-Identifier: MIT
"""Entities on pins of other components, also on those of different chips."""

from import_once import import_once

from node.component import Component


class Table(Component):
    """Its rows are like those of a pin table, but their pins are references.

    rows: a list of dictionaries; `table_args.py` describes them. A fault in a row costs the row.
    """

    def __init__(self, rows):
        self._rows = rows

    async def start(self):
        prepare = import_once("components.devices.pin_rows").prepare
        prepare(self._rows, import_once("components.entities.table_args").ROW, "rows")
        table = import_once("components.entities.table_rows").ReferenceTable(self, None)
        table.build(self._rows, "rows")
        self._rows = None

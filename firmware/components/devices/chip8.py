# SPDX-License-Identifier: MIT
"""What I/O expanders with 8 pins have in common."""

from expander8 import Expander8
from import_once import import_once

from components.devices.mcp23017 import MCP23017


class Chip8(MCP23017):
    """One chip. The arguments are those of a component MCP23017, which has twice the pins.

    A class of one model has `driver`, the class of its registers; `expander`, that of the chip;
    `model` and `maker`; `prefix` of the names of its pins; `spec()`, which returns what describes
    a row of its pin table.
    """

    driver = model = maker = prefix = None
    expander = Expander8

    @property
    def device(self):
        return {"mf": self.maker, "mdl": self.model, "hw": "0x%02x" % self.chip.address}

    async def start(self):
        i2c, address, rows, poll_ms, ttl, int_pin, safety_poll, _ = self._plan
        bus = i2c.worker
        ttl = ttl or self.node.settings.COMMAND_TTL_MS
        self.chip = chip = self.expander(self.driver, bus, self.name, address, poll_ms, ttl)
        start = import_once("components.devices.mcp23017_start")
        start.add(self, bus, chip)
        import_once("components.devices.pin_rows").prepare(rows, self.spec())
        import_once("components.devices.chip8_table").Table8(self, chip).build(rows)
        start.complete(self, chip, int_pin, safety_poll)
        self._plan = None

    def pin(self, number):
        """Return a pin of the table, as a component MCP23017 does."""
        return super().pin(number if number < 8 else -1)

    def directions(self):
        """Raise ValueError: the directions are those of the table."""
        raise ValueError("the directions of an %s are those of its table" % self.model)

# SPDX-License-Identifier: MIT
"""What I/O expanders with 8 pins have in common."""

from expander8 import Expander8
from import_once import import_once

from components.devices.mcp23017 import MCP23017
from node.component import ConfigError


class Chip8(MCP23017):
    """One chip. The arguments are those of a component MCP23017, which has twice the pins.

    A class of one model has `driver`, the class of its registers, `model` and `maker`; what
    describes its pin table is `PIN` in `<name of its module>_args.py`.
    """

    driver = None
    model = maker = None

    def __init__(self, i2c, address, *args):
        super().__init__(i2c, address, *args)
        self.device["mdl"] = self.model
        self.device["mf"] = self.maker

    async def start(self):
        bus = self._i2c.worker
        ttl = self._ttl or self.node.settings.COMMAND_TTL_MS
        chip = Expander8(self.driver, bus, self.name, self._address, self._poll_ms, ttl)
        try:
            bus.add(chip)
        except ValueError as e:
            raise ConfigError(str(e), "address")
        self.chip = chip
        import_once("components.devices.chip8_table").build(self, chip, self._rows)
        self._rows = None
        if chip.inputs:
            inputs = import_once("components.devices.inputs")
            inputs.set_up(self, chip, self._int_pin, self._safety_poll)
        chip.on_online = self._online_changed

    def pin(self, number):
        """Return a pin of the table, as a component MCP23017 does."""
        return super().pin(number if number < 8 else -1)

    def directions(self):
        """Raise ValueError: the directions are those of the table."""
        raise ValueError("the directions of an %s are those of its table" % self.model)

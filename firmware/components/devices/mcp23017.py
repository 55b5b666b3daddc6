# SPDX-License-Identifier: MIT
"""An MCP23017 with its 16 pins as entities of Home Assistant, or for other components."""

from expander import Expander
from import_once import import_once

from node.component import Component, ConfigError


class MCP23017(Component):
    """One chip.

    i2c: the I2C component of its bus. address: 0x20 to 0x27. pins: the pin table, a list of
    dictionaries; `mcp23017_args.py` describes them. poll_ms: interval at which inputs are read.
    ttl: ms that a command may wait, None for the node's setting.

    A fault in the table costs the pin, not the chip.
    """

    def __init__(self, i2c, address, pins, poll_ms=20, ttl=None):
        if not hasattr(i2c, "worker"):
            raise ConfigError("must refer to an I2C component", "i2c")
        self._i2c = i2c
        self._address = address
        self._rows = pins
        self._poll_ms = poll_ms
        self._ttl = ttl
        self._expander = None
        self.device = {"mf": "Microchip", "mdl": "MCP23017", "hw": "0x%02x" % address}

    async def start(self):
        bus = self._i2c.worker
        ttl = self._ttl or self.node.settings.COMMAND_TTL_MS
        chip = Expander(bus, self.name, self._address, self._poll_ms, ttl)
        try:
            bus.add(chip)
        except ValueError as e:
            raise ConfigError(str(e), "address")
        self._expander = chip
        # Needed now and not again, so its code does not stay in memory.
        import_once("components.devices.pin_table").build(self, chip, self._rows)
        self._rows = None
        chip.on_online = self._online_changed

    def stop(self):
        self._i2c.worker.remove(self._expander)

    def pin(self, number):
        """Return a pin of the table, for a reference like `@chip.3`.

        Raises ValueError for every other pin.
        """
        user = self._expander.users[number] if 0 <= number <= 15 else None
        if user is None:
            raise ValueError('the table of "%s" does not have it' % self.name)
        return user.pin

    def _online_changed(self, online):
        if online:
            self.node.log.info(self.name, "0x%02x answers", self._address)
        else:
            self.node.log.warn(self.name, "0x%02x does not answer", self._address)
        self.node.set_available(self, online)

# SPDX-License-Identifier: MIT
"""An MCP23017 with its 16 pins as entities of Home Assistant, or for other components."""

from import_once import import_once

from node.component import Component, ConfigError


class MCP23017(Component):
    """One chip.

    i2c: the I2C component of its bus. address: 0x20 to 0x27. pins: the pin table, a list of
    dictionaries; `mcp23017_args.py` describes them. poll_ms: interval at which inputs are read.
    ttl: ms that a command may wait, None for the node's setting. int_pin: GPIO number to which its
    INT output is wired, None if it is not. safety_poll: seconds between reads with an INT line.
    port: whether all pins at once have topics, too.

    A fault in the table costs the pin, not the chip.

    Attributes: `chip`, the Expander, None before `start`.
    """

    def __init__(
        self, i2c, address, pins, poll_ms=20, ttl=None, int_pin=None, safety_poll=5, port=False
    ):
        if not hasattr(i2c, "worker"):
            raise ConfigError("must refer to an I2C component", "i2c")
        self._plan = i2c, address, pins, poll_ms, ttl, int_pin, safety_poll, port
        self.chip = None

    @property
    def device(self):
        """What it is in Home Assistant; made when needed, since there may be eight."""
        return {"mf": "Microchip", "mdl": "MCP23017", "hw": "0x%02x" % self.chip.address}

    async def start(self):
        # Needed now and not again, so its code does not stay in memory.
        import_once("components.devices.mcp23017_start").start(self, *self._plan)
        self._plan = None

    def stop(self):
        self.chip.bus.remove(self.chip)
        reader = self.chip.reader
        if reader and reader.line:
            reader.line.leave(reader)

    def pin(self, number):
        """Return a pin of the table, for a reference like `@chip.3`.

        Raises ValueError for every other pin.
        """
        user = self.chip.users[number] if 0 <= number <= 15 else None
        if user is None:
            raise ValueError('the table of "%s" does not have it' % self.name)
        return user.pin

    def directions(self):
        """Return the Directions of the chip, which change them and keep that over a restart."""
        from components.devices.directions import of  # of most chips none is ever changed

        return of(self)

    def online_changed(self, online):
        """The chip answers, or does not any more."""
        if online:
            self.node.log.info(self.name, "0x%02x answers", self.chip.address)
        else:
            self.node.log.warn(self.name, "0x%02x does not answer", self.chip.address)
        self.node.set_available(self, online)

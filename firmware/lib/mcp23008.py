# SPDX-License-Identifier: MIT
"""MCP23008, 8-bit I/O expander (Microchip DS20001919): its registers and transfers, no policy.

The interface is that of `mcp23017`; of 16-bit values the lower half counts.
"""

import errno

from micropython import const

_IODIR = const(0x00)
_IPOL = const(0x01)
_GPINTEN = const(0x02)
_DEFVAL = const(0x03)
_IOCON = const(0x05)
_GPPU = const(0x06)
_INTF = const(0x07)
_INTCAP = const(0x08)
_GPIO = const(0x09)
_OLAT = const(0x0A)
_COUNT = const(0x0B)

# ODR: an open-drain output that several chips can share. Harmless without interrupts, and unlike
# the reset value 0 it tells a chip that we have set up.
_OUR_IOCON = const(0x04)


class MCP23008:
    """One chip.

    i2c: has `writeto_mem(address, register, data)` and `readfrom_mem_into(address, register,
    buffer)`. address: 0x20 to 0x27.

    Attributes: `latch`, the output latch as last written.
    """

    def __init__(self, i2c, address):
        self._i2c = i2c
        self.address = address
        self.latch = 0
        self._wanted = bytearray(_COUNT)
        self._wanted[_IOCON] = _OUR_IOCON
        self._seen = bytearray(_COUNT)
        self._wanted_config = memoryview(self._wanted)[:_INTF]
        self._seen_config = memoryview(self._seen)[:_INTF]
        self._byte = bytearray(1)
        self.configure(0xFF, 0)

    def configure(self, inputs, pull_ups, interrupts=0):
        """Say what the pins shall be, as masks; `setup` brings it to the chip."""
        self._wanted[_IODIR] = inputs & 0xFF
        self._wanted[_GPPU] = pull_ups & 0xFF
        self._wanted[_GPINTEN] = interrupts & 0xFF
        self._first = _INTF if interrupts else _GPIO  # what `read_gpio` reads
        self._ports = memoryview(self._seen)[self._first : _OLAT]

    def read(self):
        """Read all registers in one transfer, for the questions below. Clears interrupts."""
        self._i2c.readfrom_mem_into(self.address, _IODIR, self._seen)

    def seen_ours(self):
        """Return whether the chip, when it was read, had kept power since we set it up."""
        return self._seen[_IOCON] == _OUR_IOCON

    def seen_configured(self):
        """Return whether the chip was configured as wanted, whatever its latch."""
        return self._seen_config == self._wanted_config

    def seen_inputs(self):
        """Return the mask of the pins that were inputs."""
        return self._seen[_IODIR]

    def seen_latch(self):
        """Return the output latch that was read."""
        return self._seen[_OLAT]

    def seen_gpio(self):
        """Return the levels on the pins that were read."""
        return self._seen[_GPIO]

    def seen_intf(self):
        """Return the mask of the pins whose change has caused the interrupt."""
        return self._seen[_INTF]

    def seen_intcap(self):
        """Return the levels on the pins when the interrupt was caused."""
        return self._seen[_INTCAP]

    def read_gpio(self):
        """Return the levels on the pins, read now, with interrupts enabled also INTF and INTCAP.

        Ends the interrupt.
        """
        self._i2c.readfrom_mem_into(self.address, self._first, self._ports)
        return self._seen[_GPIO]

    def write_latch(self, latch):
        """Write the output latch."""
        self._byte[0] = latch
        self._i2c.writeto_mem(self.address, _OLAT, self._byte)
        self.latch = latch

    def setup(self, latch):
        """Bring a chip in any state to the wanted configuration and `latch`, without a glitch.

        A generator that makes one transfer per step: the latch before the directions, interrupts
        last, after `read` has cleared what the new directions caused. Ends with `read`. Raises
        OSError(EIO) if the chip does not keep what was written.
        """
        self._wanted[_OLAT] = latch
        without = bytearray(self._wanted)
        without[_GPINTEN] = 0
        data = memoryview(without)
        # IOCON alone first: with SEQOP set, several bytes would all go to one register.
        for first, end in (
            (_IOCON, _GPPU),
            (_IPOL, _IOCON),
            (_OLAT, _COUNT),
            (_GPPU, _INTF),
            (_IODIR, _IPOL),
        ):
            self._i2c.writeto_mem(self.address, first, data[first:end])
            yield
        self.read()
        if without != self._wanted:
            yield
            self._i2c.writeto_mem(self.address, _GPINTEN, self._wanted_config[_GPINTEN:_DEFVAL])
            yield
            self.read()
        if not self.seen_configured() or self.seen_latch() != latch:
            raise OSError(errno.EIO)
        self.latch = latch

# SPDX-License-Identifier: MIT
"""MCP23017, 16-bit I/O expander (Microchip DS20001952): its registers and transfers, no policy.

16-bit values everywhere: bits 0 to 7 are GPA0 to GPA7, bits 8 to 15 are GPB0 to GPB7. Both ports
travel in one transfer, a change of one port alone. Buffers are allocated once. What the bus raises
(OSError) passes through.
"""

from micropython import const

# Registers of port A with IOCON.BANK = 0; that of port B follows each. What runs in sequence is
# read and written in sequence, because IOCON.SEQOP is 0. The others: `mcp23017_setup`.
_IODIR = const(0x00)
_GPINTEN = const(0x04)
_IOCON = const(0x0A)
_GPPU = const(0x0C)
_INTF = const(0x0E)
_INTCAP = const(0x10)
_GPIO = const(0x12)
_OLAT = const(0x14)
_COUNT = const(0x16)

# MIRROR and ODR: INTA and INTB are one open-drain output that several chips can share. Harmless
# without interrupts, and unlike the reset value 0 it tells a chip that we have set up.
_OUR_IOCON = const(0x44)


class MCP23017:
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
        self._wanted[_IOCON] = self._wanted[_IOCON + 1] = _OUR_IOCON
        self._seen = bytearray(_COUNT)
        self._wanted_config = memoryview(self._wanted)[:_INTF]
        self._seen_config = memoryview(self._seen)[:_INTF]
        self._pair = bytearray(2)
        self._port = bytearray(1)
        self._acknowledged = False
        self.configure(0xFFFF, 0)

    def configure(self, inputs, pull_ups, interrupts=0):
        """Say what the pins shall be; `setup` brings it to the chip.

        inputs, pull_ups, interrupts: 16-bit masks of the pins that are inputs, that are pulled up,
        and whose changes make the INT output low.
        """
        _put(self._wanted, _IODIR, inputs)
        _put(self._wanted, _GPPU, pull_ups)
        _put(self._wanted, _GPINTEN, interrupts)
        self._first = _INTF if interrupts else _GPIO  # what `read_gpio` reads
        self._ports = memoryview(self._seen)[self._first : _OLAT]

    def read(self):
        """Read all registers in one transfer, for the questions below. Clears interrupts."""
        self._i2c.readfrom_mem_into(self.address, _IODIR, self._seen)

    def seen_ours(self):
        """Return whether the chip, when it was read, had kept power since we set it up."""
        return _get(self._seen, _IOCON) == _OUR_IOCON * 0x101

    def seen_configured(self):
        """Return whether the chip was configured as wanted, whatever its latch."""
        return self._seen_config == self._wanted_config

    def seen_inputs(self):
        """Return the mask of the pins that were inputs."""
        return _get(self._seen, _IODIR)

    def seen_latch(self):
        """Return the output latch that was read."""
        return _get(self._seen, _OLAT)

    def seen_gpio(self):
        """Return the levels on the pins that were read."""
        return _get(self._seen, _GPIO)

    def seen_intf(self):
        """Return the mask of the pins whose change has caused the interrupt."""
        return _get(self._seen, _INTF)

    def seen_intcap(self):
        """Return the levels on the pins when the interrupt was caused."""
        return _get(self._seen, _INTCAP)

    def read_gpio(self):
        """Return the levels on the pins, read now, with interrupts enabled also INTF and INTCAP.

        Ends the interrupt.
        """
        self._i2c.readfrom_mem_into(self.address, self._first, self._ports)
        return _get(self._seen, _GPIO)

    def write_latch(self, latch):
        """Write the output latch, that of one port where nothing else changes."""
        changed = self.latch ^ latch
        # The chip may have taken what it did not acknowledge.
        one_port = self._acknowledged and changed and not (changed & 0xFF and changed & 0xFF00)
        self._acknowledged = False
        if one_port:
            port = 1 if changed & 0xFF00 else 0
            self._port[0] = latch >> 8 * port & 0xFF
            self._i2c.writeto_mem(self.address, _OLAT + port, self._port)
        else:
            _put(self._pair, 0, latch)
            self._i2c.writeto_mem(self.address, _OLAT, self._pair)
        self._acknowledged = True
        self.latch = latch

    def setup(self, latch):
        """Bring a chip in any state to the wanted configuration and `latch`, without a glitch.

        A generator that makes one transfer per step. Raises OSError(EIO) if the chip does not keep
        what was written.
        """
        from mcp23017_setup import steps  # which forgets itself

        return steps(self, latch)


def _get(registers, register):
    return registers[register] | registers[register + 1] << 8


def _put(registers, register, value):
    registers[register] = value & 0xFF
    registers[register + 1] = value >> 8

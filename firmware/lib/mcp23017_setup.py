# SPDX-License-Identifier: MIT
"""How an MCP23017 is brought from any state into the wanted one. Not kept in memory."""

import errno
import sys

from micropython import const

# Registers and values as in `mcp23017`.
_IODIR = const(0x00)
_IPOL = const(0x02)
_GPINTEN = const(0x04)
_DEFVAL = const(0x06)
_IOCON = const(0x0A)
_GPPU = const(0x0C)
_INTF = const(0x0E)
_OLAT = const(0x14)
_COUNT = const(0x16)
_IOCON_BANK_1 = const(0x05)  # IOCON with BANK = 1, GPINTENB with BANK = 0


def steps(chip, latch):
    """Yield after each transfer but the last. A part of `MCP23017.setup`.

    The latch comes before the directions; interrupts last, after `read` has cleared what the new
    directions caused. Ends with `read`.
    """
    wanted = chip._wanted
    wanted[_OLAT] = latch & 0xFF
    wanted[_OLAT + 1] = latch >> 8
    without = bytearray(wanted)
    without[_GPINTEN] = without[_GPINTEN + 1] = 0
    data = memoryview(without)
    write = chip._i2c.writeto_mem
    write(chip.address, _IOCON_BANK_1, b"\x00")
    for first, end in (
        (_IOCON, _GPPU),
        (_IPOL, _IOCON),
        (_OLAT, _COUNT),
        (_GPPU, _INTF),
        (_IODIR, _IPOL),
    ):
        yield
        write(chip.address, first, data[first:end])
    yield
    chip.read()
    if without != wanted:
        yield
        write(chip.address, _GPINTEN, chip._wanted_config[_GPINTEN:_DEFVAL])
        yield
        chip.read()
    # Chips that begin together share this module; the first that is done forgets it.
    sys.modules.pop("mcp23017_setup", None)
    if not chip.seen_configured() or chip.seen_latch() != latch:
        raise OSError(errno.EIO)
    chip.latch = latch

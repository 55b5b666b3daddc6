# SPDX-License-Identifier: MIT
"""Register-accurate model of the MCP23008 (Microchip data sheet DS20001919)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES = "IODIR IPOL GPINTEN DEFVAL INTCON IOCON GPPU INTF INTCAP GPIO OLAT".split()
_IODIR, _IPOL, _GPINTEN, _DEFVAL, _INTCON, _IOCON, _GPPU, _INTF, _INTCAP, _GPIO, _OLAT = range(11)

# Bits of IOCON. DISSLW (0x10) and HAEN (0x08) are stored and have no effect here.
_SEQOP, _ODR, _INTPOL = 0x20, 0x04, 0x02
_IOCON_IMPLEMENTED = 0x3E


class MCP23008:
    """One chip, powered at creation.

    Attributes:
        latch_changes: written bytes that changed the output latch.
        on_change: called with the chip after each transfer and each change from outside.
    """

    INT_OUTPUTS = ("INT",)

    def __init__(self) -> None:
        self.latch_changes = 0
        self.on_change: Callable[[MCP23008], None] | None = None
        self.powered = True
        self._driven = 0  # mask of pins with a level from outside
        self._outside = 0  # those levels
        self._reset()

    def power(self, on: bool) -> None:
        """Switch the supply. Off loses every register; the levels from outside stay."""
        if on != self.powered:
            self.powered = on
            self._reset()
            self._settle()

    def drive(self, pin: int, level: "int | None") -> None:
        """Put a level (0, 1, None to let it float) on a pin (0 to 7) from outside.

        Raises:
            ValueError: there is no such pin.
        """
        if not 0 <= pin <= 7:
            raise ValueError(f"pin must be 0 to 7, not {pin!r}")
        mask = 1 << pin
        self._driven = self._driven & ~mask if level is None else self._driven | mask
        self._outside = self._outside | mask if level else self._outside & ~mask
        self._settle()

    def levels(self) -> int:
        """Return the levels on the 8 pins. What floats without pull-up reads 0."""
        inputs = self._file[_IODIR]
        outside = self._outside | (self._file[_GPPU] & ~self._driven)
        return ((outside & inputs) | (self._file[_OLAT] & ~inputs)) & 0xFF

    def int_outputs(self) -> "tuple[int | None]":
        """Return the level that INT drives, None while it is released."""
        active = self._file[_INTF] != 0
        if not self.powered:
            return (None,)
        if self._file[_IOCON] & _ODR:
            return (0 if active else None,)
        return (1 if active == bool(self._file[_IOCON] & _INTPOL) else 0,)

    def registers(self) -> "dict[str, int]":
        """Return every register by data-sheet name, without the effects of a read on the bus."""
        return {name: self._value(register) for register, name in enumerate(_NAMES)}

    def transfer(self, write: "bytes | None", read_into: "bytearray | None") -> None:
        """Take part in one bus transfer: register pointer and data, then the read part."""
        if write:
            self._pointer = write[0]
            for i in range(1, len(write)):
                self._store(write[i])
        if read_into is not None:
            for i in range(len(read_into)):
                read_into[i] = self._read()
        self._settle()

    def _reset(self) -> None:
        self._file = [0] * len(_NAMES)
        self._file[_IODIR] = 0xFF
        self._pointer = 0
        self._reference = self.levels()

    def _value(self, register: int) -> int:
        if register == _GPIO:
            return self.levels() ^ self._file[_IPOL]
        return self._file[register] if register <= _OLAT else 0

    def _read(self) -> int:
        value = self._value(self._pointer)
        if self._pointer in (_GPIO, _INTCAP):
            self._file[_INTF] = 0
            self._reference = self.levels()
        self._advance()
        return value

    def _store(self, value: int) -> None:
        register = self._pointer
        if register == _IOCON:
            self._file[_IOCON] = value & _IOCON_IMPLEMENTED
        elif register in (_GPIO, _OLAT):
            self.latch_changes += self._file[_OLAT] != value
            self._file[_OLAT] = value
        elif register < _INTF:  # INTF and INTCAP are read-only
            self._file[register] = value
        self._advance()
        self._settle()

    def _advance(self) -> None:
        if not self._file[_IOCON] & _SEQOP:
            self._pointer = 0 if self._pointer >= _OLAT else self._pointer + 1

    def _settle(self) -> None:
        file = self._file
        levels = self.levels()
        if not file[_INTF]:
            compare = file[_INTCON]
            expected = (file[_DEFVAL] & compare) | (self._reference & ~compare)
            flags = (levels ^ expected) & file[_GPINTEN] & file[_IODIR]
            if flags:
                file[_INTF] = flags
                file[_INTCAP] = levels
        if self.on_change is not None:
            self.on_change(self)

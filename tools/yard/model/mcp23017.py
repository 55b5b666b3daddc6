# SPDX-License-Identifier: MIT
"""Register-accurate model of the MCP23017 (Microchip data sheet DS20001952).

Where the data sheet is silent the model takes the case that is harder for a driver:

- Change mode compares with the pin as it was at the last read of GPIO or INTCAP of its port
  (or at power-on), so enabling GPINTEN with a stale comparison fires at once.
- Clearing GPINTEN does not end an interrupt that is already pending.
- INTCAP holds pin levels; IPOL does not apply to it, nor to the comparison with DEFVAL.
- With BANK = 1 the pointer walks through the unused addresses between the two ports.
"""

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Registers of one port in data-sheet order.
_IODIR, _IPOL, _GPINTEN, _DEFVAL, _INTCON, _IOCON, _GPPU, _INTF, _INTCAP, _GPIO, _OLAT = range(11)
_ORDER = "IODIR IPOL GPINTEN DEFVAL INTCON IOCON GPPU INTF INTCAP GPIO OLAT"
_NAMES = _ORDER.split()

# Bits of IOCON. DISSLW (0x10) and HAEN (0x08) are stored and have no effect here.
_BANK, _MIRROR, _SEQOP, _ODR, _INTPOL = 0x80, 0x40, 0x20, 0x04, 0x02
_IOCON_IMPLEMENTED = 0xFE

_LAST_REGISTER = (0x15, 0x1A)  # BANK = 0, BANK = 1


def _register_name(register: int, port: int) -> str:
    return "IOCON" if register == _IOCON else _NAMES[register] + "AB"[port]


_PORT_NAMES = [[_register_name(register, port) for register in range(11)] for port in (0, 1)]


def _no_noise() -> int:
    return 0


class MCP23017:
    """One chip, powered at creation. 16-bit values have port A in the low byte.

    Attributes:
        writes: bytes written per data-sheet register name since creation, ignored ones included.
        latch_writes: transfers that wrote the output latch, of one port or of both.
        latch_changes: written bytes that changed the output latch.
        noise: function giving the 16-bit level of floating pins without pull-up.
        on_change: called with the chip when pin levels or interrupt outputs have changed.
        on_latch_change: called with (chip, old, new) when a write changes the output latch.
            Power loss clears the latch without a call: it is no write.
    """

    INT_OUTPUTS = ("INTA", "INTB")

    def __init__(self) -> None:
        self.writes = {name: 0 for names in _PORT_NAMES for name in names}
        self.latch_writes = 0
        self.latch_changes = 0
        self.noise: Callable[[], int] = _no_noise
        self.on_change: Callable[[MCP23017], None] | None = None
        self.on_latch_change: Callable[[MCP23017, int, int], None] | None = None
        self.powered = True
        self._driven = 0  # mask of pins with a level from outside
        self._outside = 0  # those levels
        self._reset()
        self._seen = (self.levels(), self.int_outputs())

    def power(self, on: bool) -> None:
        """Switch the supply. Off loses every register; the levels from outside stay."""
        if on != self.powered:
            self.powered = on
            self._reset()
            self._settle()

    def drive(self, pin: int, level: "int | None") -> None:
        """Put a level on a pin from outside.

        Args:
            pin: 0 to 7 for GPA, 8 to 15 for GPB.
            level: 0, 1, or None to let the pin float. An output pin wins against it.

        Raises:
            ValueError: pin or level out of range.
        """
        if not 0 <= pin <= 15:
            raise ValueError(f"pin must be 0 to 15, not {pin!r}")
        if level not in (0, 1, None):
            raise ValueError(f"level must be 0, 1 or None, not {level!r}")
        mask = 1 << pin
        self._driven = self._driven & ~mask if level is None else self._driven | mask
        self._outside = self._outside | mask if level else self._outside & ~mask
        self._settle()

    def levels(self) -> int:
        """Return the levels on the 16 pins (0 to 0xFFFF)."""
        inputs = self._pairs[_IODIR]
        pulled = self._pairs[_GPPU]
        floating = pulled | (self.noise() & ~pulled)
        outside = self._outside | (floating & ~self._driven)
        return ((outside & inputs) | (self._pairs[_OLAT] & ~inputs)) & 0xFFFF

    def int_outputs(self) -> "tuple[int | None, int | None]":
        """Return the levels that INTA and INTB drive, None for one that is released."""
        flags = self._pairs[_INTF]
        if self._iocon & _MIRROR:
            return (self._int_output(flags),) * 2
        return self._int_output(flags & 0xFF), self._int_output(flags >> 8)

    def registers(self) -> "dict[str, int]":
        """Return every register by data-sheet name, without the effects of a read on the bus."""
        return {
            _PORT_NAMES[port][register]: self._value(register, port)
            for register in range(11)
            for port in (0, 1)
        }

    def transfer(self, write: "bytes | None", read_into: "bytearray | None") -> None:
        """Take part in one bus transfer: first the write part, then the read part.

        Args:
            write: register pointer, then data; None or empty leaves the pointer.
            read_into: filled from the pointer on.

        Raises:
            OSError: ENODEV, the chip has no power.
        """
        if not self.powered:
            raise OSError(errno.ENODEV, "the chip has no power")
        if write:
            self._pointer = write[0]
            before = self._latch_bytes()
            for i in range(1, len(write)):
                self._write(write[i])
            self.latch_writes += self._latch_bytes() > before
        if read_into is not None:
            for i in range(len(read_into)):
                read_into[i] = self._read()

    def _reset(self) -> None:
        self._pairs = [0] * 11
        self._pairs[_IODIR] = 0xFFFF
        self._iocon = 0
        self._pointer = 0
        self._reference = self.levels()

    def _latch_bytes(self) -> int:
        return sum(self.writes[name] for name in ("OLATA", "OLATB", "GPIOA", "GPIOB"))

    def _int_output(self, flags: int) -> "int | None":
        if not self.powered:
            return None
        if self._iocon & _ODR:
            return 0 if flags else None
        active = 1 if self._iocon & _INTPOL else 0
        return active if flags else 1 - active

    def _locate(self) -> "tuple[int, int] | None":
        """Return (register, port) that the pointer names, or None for an unknown register."""
        if self._iocon & _BANK:
            register, port = self._pointer & 0x0F, self._pointer >> 4
        else:
            register, port = self._pointer >> 1, self._pointer & 1
        return None if register > _OLAT or port > 1 else (register, port)

    def _advance(self) -> None:
        bank = self._iocon >> 7
        if self._iocon & _SEQOP:
            self._pointer ^= 1 - bank  # BANK = 0 alternates within the pair, BANK = 1 stays
        elif self._pointer == _LAST_REGISTER[bank]:
            self._pointer = 0
        else:
            self._pointer = (self._pointer + 1) & 0xFF

    def _value(self, register: int, port: int) -> int:
        if register == _IOCON:
            return self._iocon
        pair = self._pairs[register]
        if register == _GPIO:
            pair = self.levels() ^ self._pairs[_IPOL]
        return (pair >> (8 * port)) & 0xFF

    def _read(self) -> int:
        located = self._locate()
        value = 0
        if located is not None:
            value = self._value(*located)
            if located[0] in (_GPIO, _INTCAP):
                self._clear_interrupt(located[1])
        self._advance()
        return value

    def _write(self, value: int) -> None:
        located = self._locate()
        if located is not None:
            register, port = located
            self.writes[_PORT_NAMES[port][register]] += 1
            self._store(register, port, value)
            self._settle()
        self._advance()

    def _store(self, register: int, port: int, value: int) -> None:
        if register == _IOCON:
            self._iocon = value & _IOCON_IMPLEMENTED
        elif register not in (_INTF, _INTCAP):  # those two are read-only
            stored = _OLAT if register == _GPIO else register
            shift = 8 * port
            old = self._pairs[stored]
            new = (old & ~(0xFF << shift)) | (value << shift)
            self._pairs[stored] = new
            if stored == _OLAT and new != old:
                self.latch_changes += 1
                if self.on_latch_change is not None:
                    self.on_latch_change(self, old, new)

    def _clear_interrupt(self, port: int) -> None:
        mask = 0xFF << (8 * port)
        self._pairs[_INTF] &= ~mask
        self._reference = (self._reference & ~mask) | (self.levels() & mask)
        self._settle()

    def _settle(self) -> None:
        """Find new interrupts, then tell the listener what is different on the outside."""
        levels = self.levels()
        self._capture(levels, 0x00FF)
        self._capture(levels, 0xFF00)
        seen = (levels, self.int_outputs())
        if seen != self._seen:
            self._seen = seen
            if self.on_change is not None:
                self.on_change(self)

    def _capture(self, levels: int, mask: int) -> None:
        pairs = self._pairs
        if pairs[_INTF] & mask:
            return  # held until it is cleared
        compare = pairs[_INTCON]
        expected = (pairs[_DEFVAL] & compare) | (self._reference & ~compare)
        flags = (levels ^ expected) & pairs[_GPINTEN] & pairs[_IODIR] & mask
        if flags:
            pairs[_INTF] |= flags
            pairs[_INTCAP] = (pairs[_INTCAP] & ~mask) | (levels & mask)

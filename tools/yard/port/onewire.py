# SPDX-License-Identifier: MIT
"""`onewire` as MicroPython ships it: a 1-Wire bus on a pin."""

import board_link
from machine import Pin, _pin

_RESET = b"\x00"
_WRITE = (b"\x01", b"\x02")
_READ = b"\x03"


class OneWireError(Exception):
    """Nobody answered a reset."""


class OneWire:
    """The bus on a Pin."""

    SEARCH_ROM = 0xF0
    MATCH_ROM = 0x55
    SKIP_ROM = 0xCC

    def __init__(self, pin):
        self.pin = pin
        self.pin.init(Pin.OPEN_DRAIN, Pin.PULL_UP)
        self._gpio = _pin.gpio_of(pin)
        self._link = board_link.link()

    def reset(self, required=False):
        """Reset the bus; return whether a device answered."""
        present = bool(self._operate(_RESET)[0])
        if required and not present:
            raise OneWireError
        return present

    def readbit(self):
        """Return a bit."""
        return self._operate(_READ)[0]

    def readbyte(self):
        """Return eight bits, least significant first."""
        return sum(bit << i for i, bit in enumerate(self._operate(_READ * 8)))

    def readinto(self, buf):
        """Fill `buf`."""
        for i in range(len(buf)):
            buf[i] = self.readbyte()

    def writebit(self, value):
        """Write a bit."""
        self._operate(_WRITE[value & 1])

    def writebyte(self, value):
        """Write eight bits, least significant first."""
        self._operate(b"".join(_WRITE[value >> i & 1] for i in range(8)))

    def write(self, buf):
        """Write bytes."""
        for byte in buf:
            self.writebyte(byte)

    def select_rom(self, rom):
        """Reset the bus and address one device."""
        self.reset()
        self.writebyte(self.MATCH_ROM)
        self.write(rom)

    def scan(self):
        """Return the ROM codes of all devices."""
        found = []
        differs = 65
        rom = False
        for _ in range(256):
            rom, differs = self._search_rom(rom, differs)
            if rom:
                found.append(rom)
            if not differs:
                break
        return found

    def crc8(self, data):
        """Return the checksum of data, 0 if its last byte is that of the others."""
        crc = 0
        for byte in data:
            for i in range(8):
                feedback = (crc ^ byte >> i) & 1
                crc = crc >> 1 ^ (0x8C if feedback else 0)
        return crc

    def _search_rom(self, before, last):
        """Follow one path of the tree of ROM codes; return it and where the next one turns off."""
        if not self.reset():
            return None, 0
        self.writebyte(self.SEARCH_ROM)
        before = before or bytearray(8)
        rom = bytearray(8)
        turn = 0
        for i in range(64):
            left = 64 - i
            bit = self.readbit()
            other = self.readbit()
            if bit and other:
                return None, 0  # nobody is there any more
            if not bit and not other:
                # Both are there: as before up to the last turn, and there the other way.
                bit = 1 if left == last else before[i >> 3] >> (i & 7) & 1 if left > last else 0
                if not bit:
                    turn = left
            self.writebit(bit)
            rom[i >> 3] |= bit << (i & 7)
        return rom, turn

    def _operate(self, operations):
        # A wire without a device on it stays high.
        return self._link.exchange(self._gpio, operations) or bytes(
            [operation != _RESET[0] for operation in operations]
        )

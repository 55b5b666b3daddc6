# SPDX-License-Identifier: MIT
"""Model of the HTU21D (Measurement Specialties data sheet HPC199), also as SI7021 and SHT21.

Only the commands that do not hold the bus are there; those that do would stretch the clock.
"""

import errno

_TEMPERATURE, _HUMIDITY = 0xF3, 0xF5
_WRITE_USER, _READ_USER = 0xE6, 0xE7
_SOFT_RESET = 0xFE

_USER_DEFAULT = 0x02
_HUMIDITY_BIT = 0x02  # of the status in the two lowest bits of a result


class HTU21D:
    """One chip, always at address 0x40.

    Attributes:
        temperature, humidity: of the air, in degrees Celsius and percent.
        raw: result that is sent in place of the one computed from these, by command; with status.
        busy: how many reads are not acknowledged after a command, because the chip still measures.
        damaged: let the checksum be wrong.
        measured: how many measurements were begun.
    """

    def __init__(self, temperature: float = 20.0, humidity: float = 50.0) -> None:
        self.temperature = temperature
        self.humidity = humidity
        self.raw: dict[int, int] = {}
        self.busy = 0
        self.damaged = False
        self.powered = True
        self.measured = 0
        self._user = _USER_DEFAULT
        self._command: int | None = None
        self._left = 0

    def transfer(self, write: "bytes | None", read_into: "bytearray | None") -> None:
        """Take a command, give a result."""
        if write:
            self._take(write)
        if read_into:
            self._give(read_into)

    def _take(self, write: bytes) -> None:
        command = write[0]
        if command == _SOFT_RESET:
            self._user = _USER_DEFAULT
            self._command = None
        elif command == _WRITE_USER and len(write) == 2:
            self._user = write[1]
        elif command in (_TEMPERATURE, _HUMIDITY, _READ_USER):
            self._command = command
            if command != _READ_USER:
                self.measured += 1
                self._left = self.busy
        else:
            raise OSError(errno.ENODEV)

    def _give(self, read_into: bytearray) -> None:
        if self._command == _READ_USER:
            read_into[0] = self._user
            return
        if self._command is None or self._left:
            self._left = max(0, self._left - 1)
            raise OSError(errno.ENODEV)
        raw = self.raw.get(self._command, self._result())
        data = bytes((raw >> 8, raw & 0xFF))
        answer = data + bytes((crc8(data) ^ (0xFF if self.damaged else 0),))
        read_into[:] = (answer + b"\xff" * len(read_into))[: len(read_into)]
        self._command = None

    def _result(self) -> int:
        if self._command == _TEMPERATURE:
            return _clipped((self.temperature + 46.85) / 175.72) & ~3
        return _clipped((self.humidity + 6) / 125) & ~3 | _HUMIDITY_BIT


def _clipped(part: float) -> int:
    return max(0, min(0xFFFF, round(part * 65536)))


def crc8(data: bytes) -> int:
    """Return the checksum: x^8 + x^5 + x^4 + 1, by long division of the message as one number."""
    rest = 0
    for byte in data:
        rest = rest << 8 | byte
    rest <<= 8
    for bit in range(8 * len(data) - 1, -1, -1):
        if rest >> (bit + 8) & 1:
            rest ^= 0x131 << bit
    return rest

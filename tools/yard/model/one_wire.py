# SPDX-License-Identifier: MIT
"""Model of a 1-Wire bus, bit by bit, with DS18B20 (Maxim Integrated data sheet 19-7487)."""

# What a master can do on the wire, as requests of `exchange`.
RESET, WRITE_0, WRITE_1, READ = range(4)

_SEARCH, _READ_ROM, _MATCH, _SKIP = 0xF0, 0x33, 0x55, 0xCC
_CONVERT_T, _WRITE_SCRATCHPAD, _READ_SCRATCHPAD = 0x44, 0x4E, 0xBE

_POWER_ON = b"\x50\x05\x4b\x46\x7f\xff\x0c\x10"  # 85 degrees Celsius
_FAMILY = 0x28


class OneWireBus:
    """A wire with a pull-up and any number of devices; a low level wins.

    Attributes: `devices`; `cut`, the wire is broken.
    """

    def __init__(self, *devices: "DS18B20") -> None:
        self.devices = list(devices)
        self.cut = False

    def exchange(self, request: bytes) -> bytes:
        """Carry out operations of a master; return a byte for each: the level that it saw.

        After a reset that is 1 when a device has answered.
        """
        return bytes([self._operate(operation) for operation in request])

    def _operate(self, operation: int) -> int:
        present = [] if self.cut else [device for device in self.devices if device.powered]
        if operation == RESET:
            for device in present:
                device.reset()
            return 1 if present else 0
        if operation == READ:
            levels = [device.read_bit() for device in present]
            return 0 if 0 in levels else 1
        for device in present:
            device.write_bit(operation == WRITE_1)
        return int(operation == WRITE_1)


class DS18B20:
    """One chip.

    Args:
        serial: 48 bits; the ROM code is made of it.
        temperature: in degrees Celsius.

    Attributes:
        rom: the ROM code, 8 bytes.
        temperature: what the next conversion gives.
        damaged: let the checksum of the scratchpad be wrong.
        conversions: how many there were.
    """

    def __init__(self, serial: int, temperature: float = 20.0) -> None:
        code = bytes((_FAMILY,)) + serial.to_bytes(6, "little")
        self.rom = code + bytes((crc8(code),))
        self.temperature = temperature
        self.damaged = False
        self.powered = True
        self.conversions = 0
        self._scratchpad = bytearray(_POWER_ON)
        self.reset()

    def power(self, on: bool) -> None:
        """Switch the supply; the scratchpad is lost."""
        self.powered = on
        self._scratchpad = bytearray(_POWER_ON)

    def convert(self) -> None:
        """Measure the temperature."""
        self.conversions += 1
        raw = round(self.temperature * 16) & 0xFFFF
        self._scratchpad[0:2] = raw.to_bytes(2, "little")
        self._scratchpad[6] = 0x10 - (raw & 0x0F)  # reserved; so it is in chips of Maxim

    def reset(self) -> None:
        """A master has reset the wire: a ROM command follows."""
        self._to_send: list[int] = []
        self._received: list[int] = []
        self._phase = "rom"
        self._wanted = 8

    def read_bit(self) -> int:
        """Return the bit that the chip sends, 1 if it sends nothing."""
        return self._to_send.pop(0) if self._to_send else 1

    def write_bit(self, bit: bool) -> None:
        """Take a bit of the master."""
        if self._phase == "silent":
            return
        if self._phase == "search":
            self._search(int(bit))
            return
        self._received.append(int(bit))
        if len(self._received) == self._wanted:
            value, self._received = _number(self._received), []
            self._take(value)

    def _take(self, value: int) -> None:
        if self._phase == "rom":
            self._rom_command(value)
        elif self._phase == "match":
            same = value == int.from_bytes(self.rom, "little")
            self._phase, self._wanted = ("function" if same else "silent"), 8
        elif self._phase == "function":
            self._function(value)
        elif self._phase == "write":
            self._scratchpad[2:5] = value.to_bytes(3, "little")
            self._phase = "silent"

    def _rom_command(self, command: int) -> None:
        if command == _SKIP:
            self._phase = "function"
        elif command == _MATCH:
            self._phase, self._wanted = "match", 64
        elif command == _READ_ROM:
            self._to_send = _bits(self.rom)
            self._phase = "function"
        elif command == _SEARCH:
            self._phase = "search"
            self._left = _bits(self.rom)
            self._offer()
        else:
            self._phase = "silent"

    def _offer(self) -> None:
        self._to_send = [self._left[0], 1 - self._left[0]]

    def _search(self, bit: int) -> None:
        if bit != self._left.pop(0):
            self._phase = "silent"
        elif self._left:
            self._offer()
        else:
            self._phase, self._wanted = "function", 8

    def _function(self, command: int) -> None:
        self._phase = "silent"
        if command == _CONVERT_T:
            self.convert()
        elif command == _READ_SCRATCHPAD:
            crc = crc8(bytes(self._scratchpad)) ^ (0xFF if self.damaged else 0)
            self._to_send = _bits(bytes(self._scratchpad) + bytes((crc,)))
        elif command == _WRITE_SCRATCHPAD:
            self._phase, self._wanted = "write", 24


def crc8(data: bytes) -> int:
    """Return the checksum: x^8 + x^5 + x^4 + 1, least significant bit first, bit by bit."""
    crc = 0
    for bit in _bits(data):
        feedback = (crc ^ bit) & 1
        crc >>= 1
        if feedback:
            crc ^= 0x8C
    return crc


def _bits(data: bytes) -> "list[int]":
    return [byte >> i & 1 for byte in data for i in range(8)]


def _number(bits: "list[int]") -> int:
    return sum(bit << i for i, bit in enumerate(bits))

# SPDX-License-Identifier: MIT
"""I2C transfers in words: which registers, which bytes."""

from yard.board.requests import ENODEV, ETIMEDOUT, Transfer

_REGISTERS = "IODIR IPOL GPINTEN DEFVAL INTCON IOCON GPPU INTF INTCAP GPIO OLAT".split()
_NAMES = [name if name == "IOCON" else name + port for name in _REGISTERS for port in "AB"]
_FAULTS = {ENODEV: "no acknowledge", ETIMEDOUT: "the bus is stuck"}


class Decoder:
    """Names the registers of MCP23017 chips in the order of BANK = 0, which the driver uses."""

    def __init__(self) -> None:
        self._pointers: dict[int, int] = {}

    def words(self, transfer: Transfer, sequential: bool) -> str:
        """Return one line, such as `write OLATA=0x05 OLATB=0x00`.

        sequential: the chip counts on after each byte (IOCON.SEQOP = 0); else it alternates
        between the two registers of a pair.
        """
        parts = []
        write = transfer.write
        if write:
            self._pointers[transfer.address] = write[0]
            if len(write) > 1:
                parts.append("write " + self._registers(transfer.address, write[1:], sequential))
            elif not transfer.read:
                parts.append(f"select {_name(write[0])}")
        elif write is not None:
            parts.append("probe")
        if transfer.read:
            parts.append("read " + self._registers(transfer.address, transfer.read, sequential))
        if transfer.status:
            parts.append(f"— {_FAULTS[transfer.status]}")
        return " ".join(parts)

    def _registers(self, address: int, data: bytes, sequential: bool) -> str:
        pointer = self._pointers.get(address, 0)
        words = []
        for byte in data:
            words.append(f"{_name(pointer)}=0x{byte:02x}")
            pointer = (pointer + 1) % len(_NAMES) if sequential else pointer ^ 1
        self._pointers[address] = pointer
        return " ".join(words)


def _name(pointer: int) -> str:
    return _NAMES[pointer] if pointer < len(_NAMES) else f"0x{pointer:02x}"

# SPDX-License-Identifier: MIT
"""I2C transfers in words: which registers, which bytes."""

from yard.board.requests import ENODEV, ETIMEDOUT, Transfer

_REGISTERS = "IODIR IPOL GPINTEN DEFVAL INTCON IOCON GPPU INTF INTCAP GPIO OLAT".split()
# By model, in the order of their addresses; those of the MCP23017 with BANK = 0, as the driver
# uses it.
_NAMES = {
    "MCP23017": [name if name == "IOCON" else name + port for name in _REGISTERS for port in "AB"],
    "MCP23008": _REGISTERS,
}
_FAULTS = {ENODEV: "no acknowledge", ETIMEDOUT: "the bus is stuck"}


class Decoder:
    """Names the registers of expanders; what others send and receive are just bytes."""

    def __init__(self) -> None:
        self._pointers: dict[int, int] = {}

    def words(self, transfer: Transfer, model: str = "", sequential: bool = True) -> str:
        """Return one line, such as `write OLATA=0x05 OLATB=0x00`.

        model: of the expander at this address, "" for everything else. sequential: the chip counts
        on after each byte (IOCON.SEQOP = 0); else an MCP23017 alternates between the two
        registers of a pair, and an MCP23008 stays.
        """
        parts = []
        write = transfer.write
        names = _NAMES.get(model)
        if write and names:
            self._pointers[transfer.address] = write[0]
            if len(write) > 1:
                words = self._registers(transfer.address, write[1:], names, sequential)
                parts.append(f"write {words}")
            elif not transfer.read:
                parts.append(f"select {_name(write[0], names)}")
        elif write:
            parts.append(f"write {_bytes(write)}")
        elif write is not None:
            parts.append("probe")
        if transfer.read and names:
            words = self._registers(transfer.address, transfer.read, names, sequential)
            parts.append(f"read {words}")
        elif transfer.read:
            parts.append(f"read {_bytes(transfer.read)}")
        if transfer.status:
            parts.append(f"— {_FAULTS[transfer.status]}")
        return " ".join(parts)

    def _registers(self, address: int, data: bytes, names: list[str], sequential: bool) -> str:
        pointer = self._pointers.get(address, 0)
        words = []
        for byte in data:
            words.append(f"{_name(pointer, names)}=0x{byte:02x}")
            if sequential:
                pointer = (pointer + 1) % len(names)
            elif names is not _REGISTERS:
                pointer ^= 1
        self._pointers[address] = pointer
        return " ".join(words)


def _name(pointer: int, names: list[str]) -> str:
    return names[pointer] if pointer < len(names) else f"0x{pointer:02x}"


def _bytes(data: bytes) -> str:
    return " ".join(f"0x{byte:02x}" for byte in data)

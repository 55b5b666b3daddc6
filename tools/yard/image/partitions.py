# SPDX-License-Identifier: MIT
"""The partition table of an ESP32.

Format: ESP-IDF programming guide, "Partition Tables". 32 bytes for each entry, then a row with the
MD5 of the entries, then 0xFF up to 0xC00 bytes.
"""

import hashlib
import struct
from dataclasses import dataclass

from yard.fault import Fault

OFFSET = 0x8000  # in the flash
SIZE = 0xC00
TYPE_APP = 0x00
TYPE_DATA = 0x01
SECTOR = 0x1000

_ENTRY = struct.Struct("<2sBBII16sI")
_MAGIC = b"\xaa\x50"
_MD5_MAGIC = b"\xeb\xeb" + b"\xff" * 14
_END = b"\xff" * _ENTRY.size


@dataclass(frozen=True)
class Partition:
    """One entry; offset and size in bytes of the flash."""

    label: str
    type: int
    subtype: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.offset + self.size


def is_table(data: bytes) -> bool:
    """Return whether a partition table begins here."""
    return data[:2] == _MAGIC


def read_table(data: bytes) -> list[Partition]:
    """Return the entries of the table at the beginning of `data`.

    Raises:
        Fault: it is damaged, or its partitions overlap.
    """
    partitions = []
    for start in range(0, SIZE, _ENTRY.size):
        row = data[start : start + _ENTRY.size]
        if row == _END:
            break
        if row.startswith(_MD5_MAGIC):
            if row[16:] != hashlib.md5(data[:start], usedforsecurity=False).digest():
                raise Fault("the partition table of the firmware is damaged: wrong checksum")
            continue
        if not is_table(row) or len(row) < _ENTRY.size:
            raise Fault(f"the partition table of the firmware is damaged at byte {start}")
        _, kind, subtype, offset, size, label, _ = _ENTRY.unpack(row)
        name = label.rstrip(b"\0").decode("ascii", "replace")
        partitions.append(Partition(name, kind, subtype, offset, size))
    _check(partitions)
    return partitions


def _check(partitions: list[Partition]) -> None:
    end, before = OFFSET + SECTOR, "the partition table"
    for part in sorted(partitions, key=lambda part: part.offset):
        if part.offset < end:
            raise Fault(f"the partition table is wrong: {part.label} overlaps {before}")
        if part.offset % SECTOR or (part.type == TYPE_APP and part.offset % 0x10000):
            raise Fault(f"the partition table is wrong: {part.label} at 0x{part.offset:x}")
        end, before = part.end, part.label

# SPDX-License-Identifier: MIT
"""A firmware file as micropython.org offers it, without the MicroPython.

The real one for an ESP32 with 4 MB is ESP32_GENERIC-<date>-v<version>.bin from
https://micropython.org/download/ESP32_GENERIC; this one has its layout and valid checksums.
"""

from __future__ import annotations

import hashlib
import struct
from functools import reduce
from operator import xor

TABLE = 0x8000
APP = 0x10000
VERSION = "v1.26.1"

# name, type, subtype, offset, size: as MicroPython 1.26 has it on an ESP32.
SINCE_1_26 = (
    ("nvs", 1, 0x02, 0x9000, 0x6000),
    ("phy_init", 1, 0x01, 0xF000, 0x1000),
    ("factory", 0, 0x00, 0x10000, 0x1F0000),
)
UP_TO_1_25 = (*SINCE_1_26, ("vfs", 1, 0x81, 0x200000, 0x200000))


def image(payload: bytes, chip: int = 0, flash: int = 2, with_hash: bool = True) -> bytes:
    """Return an image with one segment. flash: log2 of its MB."""
    payload += b"\0" * (-len(payload) % 4)
    header = struct.pack("<BBBBI4xH9x?", 0xE9, 1, 2, flash << 4, 0x40080000, chip, with_hash)
    data = header + struct.pack("<II", 0x3F400020, len(payload)) + payload
    data += b"\0" * (15 - len(data) % 16) + bytes([reduce(xor, payload, 0xEF)])
    return data + hashlib.sha256(data).digest() if with_hash else data


def application(version: str = VERSION, size: int = 0x1234) -> bytes:
    """Return an image that begins with a description, as esp_app_desc_t has it."""
    description = struct.pack("<II8x32s32s", 0xABCD5432, 0, version.encode(), b"micropython")
    return image(description.ljust(256, b"\0") + bytes(range(256)) * (size // 256))


def table(entries: tuple[tuple[str, int, int, int, int], ...] = SINCE_1_26) -> bytes:
    """Return a partition table with its checksum."""
    rows = b"".join(
        struct.pack("<HBBII16sI", 0x50AA, kind, subtype, offset, size, label.encode(), 0)
        for label, kind, subtype, offset, size in entries
    )
    check = b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(rows).digest()
    return (rows + check).ljust(0xC00, b"\xff")


def firmware(
    partition_table: bytes | None = None, app: bytes | None = None, chip: int = 0, flash: int = 2
) -> bytes:
    """Return a whole file: what belongs to 0x1000 of an ESP32, or to 0 of an ESP32-S3 (chip 9)."""
    base = {0: 0x1000, 9: 0}[chip]
    boot = image(b"boot loader", chip, flash).ljust(TABLE - base, b"\xff")
    middle = (table() if partition_table is None else partition_table).ljust(APP - TABLE, b"\xff")
    return boot + middle + (application() if app is None else app)

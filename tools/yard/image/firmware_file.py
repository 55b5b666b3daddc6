# SPDX-License-Identifier: MIT
"""A MicroPython firmware for an ESP32, as https://micropython.org/download offers it.

Such a file holds boot loader, partition table and application as they lie in the flash, from the
boot loader on, which begins at 0x1000 on the ESP32 and at 0 on most of its relatives.
Formats: ESP-IDF programming guide, "App Image Format"; esptool, "Firmware Image Format".
"""

import hashlib
import struct
from dataclasses import dataclass
from functools import reduce
from operator import xor
from pathlib import Path

from yard.fault import Fault
from yard.image import partitions
from yard.image.partitions import Partition

_MAGIC = 0xE9
_HEADER = struct.Struct(
    "<BBBBI4xH9x?"
)  # magic, segments, -, size and frequency, entry, chip, hash
_SEGMENT = struct.Struct("<II")
_CHECKSUM_SEED = 0xEF
_SEGMENTS = 16  # at most
# Address of the boot loader by the number of the chip in the header.
_CHIPS = {
    0: ("ESP32", 0x1000),
    2: ("ESP32-S2", 0x1000),
    5: ("ESP32-C3", 0x0),
    9: ("ESP32-S3", 0x0),
    12: ("ESP32-C2", 0x0),
    13: ("ESP32-C6", 0x0),
    16: ("ESP32-H2", 0x0),
    18: ("ESP32-P4", 0x2000),
    23: ("ESP32-C5", 0x2000),
}
_ADDRESSES = sorted({address for _, address in _CHIPS.values()})
# esp_app_desc_t, behind the header of the first segment.
_DESCRIPTION = 32
_DESCRIPTION_MAGIC = b"\x32\x54\xcd\xab"
_VERSION = slice(_DESCRIPTION + 16, _DESCRIPTION + 48)


@dataclass(frozen=True)
class FirmwareFile:
    """What a firmware file holds.

    Attributes:
        content: the whole file.
        chip: such as ESP32.
        address: where in the flash the file belongs.
        flash_size: in bytes, that the boot loader was made for.
        partitions: of the table in the file.
        app: the partition with MicroPython.
        app_size: the bytes of it that are used.
        version: what MicroPython calls itself; empty when it does not say.
    """

    content: bytes
    chip: str
    address: int
    flash_size: int
    partitions: list[Partition]
    app: Partition
    app_size: int
    version: str


def read_firmware(path: Path) -> FirmwareFile:
    """Read and check a firmware file.

    Raises:
        Fault: it cannot be read, or is no complete firmware.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from error
    if content[:1] != bytes([_MAGIC]):
        raise Fault(
            f"{path} is no firmware for an ESP32: get one, such as ESP32_GENERIC-*.bin, from "
            "https://micropython.org/download/ESP32_GENERIC"
        )
    address = _address(path, content)
    table = partitions.read_table(content[partitions.OFFSET - address :][: partitions.SIZE])
    chip, expected = _chip(path, content)
    if address != expected:
        raise Fault(f"{path}: boot loader of {chip}, but its table is where it is not looked for")
    image_size(content[: partitions.OFFSET - address], f"the boot loader in {path}")
    app = next((part for part in table if part.type == partitions.TYPE_APP), None)
    if app is None:
        raise Fault(f"{path}: its partition table names no application")
    code = content[app.offset - address : app.end - address]
    size = image_size(code, f"the application in {path}")
    flash_size = 0x100000 << (content[3] >> 4)
    return FirmwareFile(content, chip, address, flash_size, table, app, size, _version_of(code))


def image_size(data: bytes, what: str) -> int:
    """Return the bytes of the image at the beginning of `data`, after a look at its checksums.

    Raises:
        Fault: it is not complete, or damaged.
    """
    try:
        magic, segments, _, _, _, _, has_hash = _HEADER.unpack_from(data)
        if magic != _MAGIC or not 1 <= segments <= _SEGMENTS:
            raise Fault(f"{what} has no valid header")
        checksum, position = _CHECKSUM_SEED, _HEADER.size
        for _ in range(segments):
            _, length = _SEGMENT.unpack_from(data, position)
            position += _SEGMENT.size
            checksum = reduce(xor, data[position : position + length], checksum)
            position += length
        position |= 15  # the checksum is the last byte of a block of 16
        if data[position] != checksum:
            raise Fault(f"{what} is damaged: wrong checksum")
        position += 1
        if has_hash:
            if hashlib.sha256(data[:position]).digest() != data[position : position + 32]:
                raise Fault(f"{what} is damaged: wrong SHA-256")
            position += 32
    except (struct.error, IndexError):
        raise Fault(f"{what} is not complete") from None
    return position


def _address(path: Path, content: bytes) -> int:
    for address in _ADDRESSES:
        if partitions.is_table(content[partitions.OFFSET - address :][:2]):
            return address
    raise Fault(
        f"{path} has no partition table: it is an application alone (for an update), "
        "not a whole firmware"
    )


def _chip(path: Path, content: bytes) -> tuple[str, int]:
    number = _HEADER.unpack_from(content)[5]
    if number not in _CHIPS:
        raise Fault(f"{path} is for chip number {number}, which yard does not know")
    return _CHIPS[number]


def _version_of(code: bytes) -> str:
    if code[_DESCRIPTION : _DESCRIPTION + 4] != _DESCRIPTION_MAGIC:
        return ""
    text = code[_VERSION].split(b"\0")[0].decode("ascii", "replace")
    return text if text.isprintable() else ""

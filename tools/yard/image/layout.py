# SPDX-License-Identifier: MIT
"""Where in the flash of a board what lies."""

from dataclasses import dataclass

from yard.fault import Fault
from yard.image import partitions
from yard.image.firmware_file import FirmwareFile
from yard.image.partitions import Partition

ERASED = 0xFF
_SMALLEST = 64 * 1024  # of a file system, in bytes
_LABEL = "vfs"
_FAT = 0x81  # the subtype that MicroPython gives to its file system, whatever that is


@dataclass(frozen=True)
class Region:
    """A part of the image: offset and size in bytes, and how much of it is used."""

    name: str
    offset: int
    size: int
    used: int


def filesystem_area(firmware: FirmwareFile, flash_size: int) -> Partition:
    """Return where MicroPython looks for its file system.

    Up to 1.25 the table has an entry `vfs`. From 1.26 on it has none, and the area is what is
    behind all entries, up to the end of the flash.

    Raises:
        Fault: there is no room for one, or a partition lies beyond the end of the flash.
    """
    for part in firmware.partitions:
        if part.end > flash_size:
            raise Fault(
                f"{part.label} ends at 0x{part.end:x}, but the flash at 0x{flash_size:x}: "
                "choose a firmware for a flash of this size, or another --flash-size"
            )
    for part in firmware.partitions:
        if part.type == partitions.TYPE_DATA and part.label == _LABEL:
            return part
    start = max(part.end for part in firmware.partitions)
    if flash_size - start < _SMALLEST:
        raise Fault(
            f"behind 0x{start:x} no room is left for a file system in 0x{flash_size:x} bytes"
        )
    return Partition(_LABEL, partitions.TYPE_DATA, _FAT, start, flash_size - start)


def merge(firmware: FirmwareFile, area: Partition, filesystem: bytes) -> bytes:
    """Return the flash from address 0 to the end of the file system.

    Raises:
        Fault: the firmware file reaches into the file system.
    """
    end = firmware.address + len(firmware.content)
    if end > area.offset and firmware.content[area.offset - firmware.address :].strip(b"\xff"):
        raise Fault(f"the firmware ends at 0x{end:x}, behind the begin of its file system")
    image = bytearray([ERASED]) * area.end
    image[firmware.address : min(end, area.offset)] = firmware.content[
        : area.offset - firmware.address
    ]
    image[area.offset : area.end] = filesystem
    return bytes(image)


def regions(firmware: FirmwareFile, area: Partition, used: int) -> list[Region]:
    """Return what lies where; used: bytes of the file system."""
    boot_end = partitions.OFFSET - firmware.address
    found = [
        Region("boot loader", firmware.address, boot_end, _used(firmware.content[:boot_end])),
        Region("partition table", partitions.OFFSET, partitions.SECTOR, partitions.SIZE),
    ]
    for part in firmware.partitions:
        if part.label != area.label:
            found.append(Region(part.label, part.offset, part.size, _used_of(firmware, part)))
    found.append(Region(area.label, area.offset, area.size, used))
    return sorted(found, key=lambda region: region.offset)


def _used_of(firmware: FirmwareFile, part: Partition) -> int:
    if part == firmware.app:
        return firmware.app_size
    return _used(firmware.content[part.offset - firmware.address : part.end - firmware.address])


def _used(data: bytes) -> int:
    return len(data.rstrip(b"\xff"))

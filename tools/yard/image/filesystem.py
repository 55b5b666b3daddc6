# SPDX-License-Identifier: MIT
"""A file system as MicroPython makes it on an ESP32: littlefs with blocks of 4096 bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from littlefs import LittleFS, LittleFSError

from yard.fault import Fault

BLOCK = 4096
# What ports/esp32 formats with. Files up to the size of the cache lie in their directory, and can
# only be read with a cache that large.
_GRAIN = 32
_CACHE = 4 * _GRAIN
_DISK_VERSION = 0x00020000


@dataclass(frozen=True)
class FileSystem:
    """image: its bytes. files: how many it holds. used, free: bytes, in whole blocks."""

    image: bytes
    files: int
    used: int

    @property
    def free(self) -> int:
        """What a board can still write."""
        return len(self.image) - self.used


def build(files: Mapping[str, bytes], size: int) -> FileSystem:
    """Return a file system of `size` bytes. files: content by path.

    Raises:
        Fault: it does not fit.
    """
    disk = LittleFS(
        mount=False,
        block_size=BLOCK,
        block_count=size // BLOCK,
        read_size=_GRAIN,
        prog_size=_GRAIN,
        lookahead_size=_GRAIN,
        cache_size=_CACHE,
        disk_version=_DISK_VERSION,
    )
    disk.format()
    disk.mount()
    try:
        for path, content in sorted(files.items()):
            disk.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
            with disk.open(path, "wb") as file:
                file.write(content)
    except LittleFSError as error:
        if error.code != LittleFSError.Error.LFS_ERR_NOSPC:
            raise
        raise Fault(f"the firmware does not fit into a file system of {size} bytes") from None
    used = disk.used_block_count * BLOCK
    disk.unmount()
    return FileSystem(bytes(disk.context.buffer), len(files), used)

# SPDX-License-Identifier: MIT
"""A littlefs in memory whose power is lost at a chosen write."""

import os

import vfs

BLOCK = 4096
FOLDER = "/ram"

_ERASED = b"\xff" * BLOCK


class PowerLost(Exception):
    """Raised out of the block device."""


class Flash:
    """The flash of a board. `content`: what `keep` remembered."""

    def __init__(self, blocks=64):
        self.data = bytearray(b"\xff" * (blocks * BLOCK))
        self.content = None

    def keep(self):
        """Remember what is on it."""
        self.content = bytes(self.data)

    def put_back(self):
        """Have on it what was kept."""
        self.data[:] = self.content

    def fill(self, files):
        """Format it and put files on it, path to content; returns itself."""
        vfs.VfsLfs2.mkfs(_Device(self.data, None))
        with Powered(self):
            for path, content in files.items():
                write(path, content)
        return self


class Powered:
    """`with Powered(flash):` has the power on; lost_at: the write from now on at which it is lost.

    Its folder is the current one then.
    """

    def __init__(self, flash, lost_at=None):
        self._flash = flash
        self._lost_at = lost_at

    def __enter__(self):
        self._device = _Device(self._flash.data, self._lost_at)
        vfs.mount(vfs.VfsLfs2(self._device), FOLDER)
        os.chdir(FOLDER)

    def __exit__(self, *_):
        os.chdir("/")
        vfs.umount(FOLDER)
        self._device.dead = True


class _Device:
    """The block device, as an ESP32 has it, from power-on until power is lost.

    The write that fails has written half of its bytes: littlefs must not rely on them. After
    power-off it is dead, as files are closed when they are collected. Nothing is allocated then.
    """

    def __init__(self, data, lost_at):
        self._data = data
        self._left = lost_at
        self.dead = False

    def readblocks(self, block, buffer, offset=0):
        start = block * BLOCK + offset
        _copy(self._data, start, buffer, 0, len(buffer))

    def writeblocks(self, block, buffer, offset=0):
        self._change(block * BLOCK + offset, buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self._data) // BLOCK
        if operation == 5:
            return BLOCK
        if operation == 6:
            self._change(argument * BLOCK, _ERASED)
        return 0

    def _change(self, start, buffer):
        if self.dead:
            return
        size = len(buffer)
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                size = size // 2 if self._left == 0 else 0
        _copy(buffer, 0, self._data, start, size)
        if size < len(buffer):
            raise PowerLost


def _copy(source, at, target, to, size):
    try:
        target[to : to + size] = memoryview(source)[at : at + size]
    except MemoryError:  # in a collection; a loop needs none
        for i in range(size):
            target[to + i] = source[at + i]


def write(path, content):
    """Write a file; folders on the way are made."""
    at = path.find("/")
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError:
            pass
        at = path.find("/", at + 1)
    with open(path, "w") as f:
        f.write(content)


def tree(folder=""):
    """Return the content of each file by its path."""
    found = {}
    for name, kind, *_ in os.ilistdir(folder) if folder else os.ilistdir():
        path = folder + "/" + name if folder else name
        if kind == 0x4000:
            found.update(tree(path))
        else:
            with open(path) as f:
                found[path] = f.read()
    return found

# SPDX-License-Identifier: MIT
"""The flash of a board in a file, mounted as the ESP32 mounts it."""

import os

import vfs
from micropython import const

_BLOCK = const(4096)
_FOLDER = "/flash"


class FlashImage:
    """Block device over the file system that `yard image --filesystem` makes.

    As flash does, it keeps what was written when the node is killed.
    """

    def __init__(self, path):
        self._file = open(path, "r+b")
        self._blocks = self._file.seek(0, 2) // _BLOCK

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * _BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._file.seek(block * _BLOCK + offset)
        self._file.write(buffer)
        self._file.flush()

    def ioctl(self, operation, _):
        return {4: self._blocks, 5: _BLOCK}.get(operation, 0)


def mount(path):
    """Make the file system in the file `path` the current folder; return its name."""
    vfs.mount(vfs.VfsLfs2(FlashImage(path)), _FOLDER)
    os.chdir(_FOLDER)
    return _FOLDER

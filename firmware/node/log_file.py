# SPDX-License-Identifier: MIT
"""What the console shows, in the file `log.txt`, too. Imported if LOG_FILE_KB is set.

When it has reached half of its size it becomes `log.old`, and a new one begins.
"""

import asyncio
import os

from micropython import const

_FILE = "log.txt"
_OLD = "log.old"
_PAUSE_S = const(3)  # lines that come meanwhile are written together: flash wears
_WAITING = const(64)  # lines


class LogFile:
    """node: has `spawn`. size: bytes of both files together.

    Attribute: `lost`, how many lines could not be written.
    """

    def __init__(self, node, size):
        self._node = node
        self._half = size // 2
        self._lines = []
        self._busy = False
        self.lost = 0

    def __call__(self, line):
        """Take a line; it is written within 3 s."""
        if len(self._lines) >= _WAITING:
            self._lines.pop(0)
            self.lost += 1
        self._lines.append(line)
        if not self._busy:
            self._busy = True
            self._node.spawn("log.file", self._write_soon)

    async def _write_soon(self):
        while self._lines:
            await asyncio.sleep(_PAUSE_S)
            self.write()
        self._busy = False

    def write(self):
        """Write what waits, now."""
        lines, self._lines = self._lines, []
        try:
            with open(_FILE, "a") as f:
                for line in lines:
                    f.write(line)
                    f.write("\n")
                full = f.tell() >= self._half
            if full:
                os.rename(_FILE, _OLD)
        except OSError as e:
            self.lost += len(lines)
            print("%s cannot be written: %s" % (_FILE, e))

# SPDX-License-Identifier: MIT
"""What a node must know after a power loss: a small file that is never half written."""

import asyncio
import errno
import json
import os

from micropython import const

_FILE = "kept.json"
_NEW = "kept.new"
_PAUSE_S = const(5)  # at least, between two writes: flash wears


class Kept:
    """Values by key, in a file.

    node: has `log` and `spawn`. A file that is damaged counts as empty and is told on the log.
    """

    def __init__(self, node):
        self._node = node
        self._values = self._read()
        self._changed = False
        self._busy = False

    def get(self, key):
        """Return the value of `key`, None if there is none."""
        return self._values.get(key)

    def put(self, key, value):
        """Keep a value that JSON knows; None forgets it. It is written soon, and only if new."""
        values = self._values
        if values.get(key) == value:
            return
        if value is None:
            del values[key]
        else:
            values[key] = value
        self._changed = True
        if not self._busy:
            self._busy = True
            self._node.spawn("kept", self._write_changes)

    def _read(self):
        try:
            with open(_FILE) as f:
                values = json.load(f)
            if isinstance(values, dict):
                return values
            self._warn("it holds no object")
        except OSError as e:
            if e.errno != errno.ENOENT:
                self._warn("errno %d" % e.errno)
        except ValueError:
            self._warn("no JSON")
        return {}

    def _warn(self, reason):
        self._node.log.warn("kept", "%s is damaged (%s); what it kept is lost", _FILE, reason)

    async def _write_changes(self):
        while self._changed:
            self._changed = False
            try:
                self._write()
            except OSError as e:
                self._changed = True
                self._node.log.error("kept", "%s cannot be written: %s", _FILE, e)
            await asyncio.sleep(_PAUSE_S)
        self._busy = False

    def _write(self):
        with open(_NEW, "w") as f:
            json.dump(self._values, f)
        os.rename(_NEW, _FILE)

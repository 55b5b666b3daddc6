# SPDX-License-Identifier: MIT
"""A folder for one test: working directory and first on `sys.path`, gone afterwards."""

import errno
import os
import sys
import time


class Scratch:
    """`with Scratch() as folder: folder.write("a/b.py", text)`"""

    def __enter__(self):
        self._back = os.getcwd()
        self.path = "%s/scratch-%d" % (self._back, time.ticks_us())
        os.mkdir(self.path)
        os.chdir(self.path)
        sys.path.insert(0, self.path)
        return self

    def __exit__(self, *_):
        sys.path.remove(self.path)
        for name, module in tuple(sys.modules.items()):
            origin = getattr(module, "__file__", None) or getattr(module, "__path__", None)
            if isinstance(origin, str) and origin.startswith(self.path):
                del sys.modules[name]
        os.chdir(self._back)
        _remove(self.path)

    def write(self, path, text):
        """Write the file `path`, relative to the folder; folders on the way are made."""
        for i, c in enumerate(path):
            if c == "/":
                _make(path[:i])
        with open(path, "w") as f:
            f.write(text)


def _make(folder):
    try:
        os.mkdir(folder)
    except OSError as e:
        if e.errno != errno.EEXIST:
            raise


def _remove(path):
    for name, kind, *_ in os.ilistdir(path):
        if kind == 0x4000:
            _remove(path + "/" + name)
        else:
            os.remove(path + "/" + name)
    os.rmdir(path)

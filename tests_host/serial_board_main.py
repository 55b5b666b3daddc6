# SPDX-License-Identifier: MIT
"""What the unix port of MicroPython runs to be a board on a serial port: see serial_board.py.

The current folder is the flash. Afterwards the interpreter goes on as a REPL, as on a board.
$BOARD_RUN: run.py of yard's port. The file ../power, where there is one, has the changes of the
file system until power is lost; -1 afterwards.
"""

import builtins
import os
import sys

EXIT_RESET = 75


POWER = "../power"


def die():
    os.system("kill -9 $PPID")


class Files:
    """Stands in for `os`, and loses power before the change that is one too many."""

    def __init__(self):
        for name in dir(os):
            if not name.startswith("__"):
                setattr(self, name, getattr(os, name))
        for name in ("mkdir", "remove", "rename", "rmdir"):
            setattr(self, name, self._counted(getattr(os, name)))
        with open(POWER) as f:
            self.left = int(f.read())

    def _counted(self, function):
        def change(*args):
            self.spend()
            return function(*args)

        return change

    def spend(self, open=open):
        self.left -= 1
        with open(POWER, "w") as f:
            f.write(str(self.left))
        if self.left < 0:
            die()


def limit_power():
    files = Files()
    real_open = open

    class Written:
        """A file whose writes are changes; half of what is written last arrives."""

        def __init__(self, file):
            self._file = file
            self.close = file.close

        def write(self, data):
            if not files.left:
                self._file.write(data[: len(data) // 2])
                self._file.flush()
            files.spend()
            return self._file.write(data)

        def __enter__(self):
            return self

        def __exit__(self, *args):
            self.close()

    def counting_open(path, mode="r", **options):
        if "w" not in mode:
            return real_open(path, mode, **options)
        files.spend()
        return Written(real_open(path, mode, **options))

    builtins.open = counting_open
    sys.modules["os"] = files


try:
    os.stat(POWER)
    limit_power()
except OSError:  # power without a limit
    print()
RUN = os.getenv("BOARD_RUN")
sys.path[0] = RUN.rpartition("/")[0]
try:
    execfile(RUN)  # noqa: F821
except SystemExit as e:
    if e.args[0] == EXIT_RESET:
        die()  # whoever watches the process gives power back

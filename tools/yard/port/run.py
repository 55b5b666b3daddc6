# SPDX-License-Identifier: MIT
"""Runs the firmware as an ESP32 runs it: boot.py, then main.py.

`micropython tools/yard/port/run.py` in the folder that is the node's flash, with the environment
that `yard.sim.node` gives it; `$YARD_FIRMWARE` may name another folder with the firmware.

Exit status: 0 when main.py returned, 70 when an exception left it (a real board would show its
REPL), 74 when the board is gone, 75 after `machine.reset()`, 76 after `machine.deepsleep()`,
130 after Ctrl-C.
"""

import os
import sys

import board_link
import micropython

_EXIT_INTERRUPTED = 130


class _Micropython:
    """The module `micropython` with what only the ESP32 has of it."""

    def __init__(self):
        for name in dir(micropython):
            if not name.startswith("__"):
                setattr(self, name, getattr(micropython, name))

    def alloc_emergency_exception_buf(self, size):
        """Do nothing: memory does not run out here."""


def main():
    """Run the firmware; returns the exit status."""
    firmware = os.getenv("YARD_FIRMWARE") or sys.path[0] + "/../../../firmware"
    sys.modules["micropython"] = _Micropython()
    board_link.link()
    try:
        _run(firmware + "/boot.py")
    except Exception as e:  # noqa: BLE001 - main.py follows all the same
        sys.print_exception(e)
    try:
        _run(firmware + "/main.py")
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    except Exception as e:  # noqa: BLE001 - it is told to whoever watches the console
        sys.print_exception(e)
        return board_link.EXIT_CRASHED
    return 0


def _run(path):
    execfile(path, {"__name__": "__main__"})  # noqa: F821


sys.exit(main())

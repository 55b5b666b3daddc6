# SPDX-License-Identifier: MIT
"""Runs the firmware as an ESP32 runs it: boot.py, then main.py.

`micropython tools/yard/port/run.py`, where `$YARD_LINK` names the socket of the board and the
current folder is the node's flash: config.py, components.json and lib/ are found there. The
firmware itself is that of this repository, or the folder named by `$YARD_FIRMWARE`. With
`$YARD_IMAGE`, a file of `yard image --filesystem`, both are in that.

Exit status: 0 when main.py returned, 70 when an exception left it (a real board would show its
REPL), 74 when the board is gone, 75 after `machine.reset()`, 76 after `machine.deepsleep()`,
130 after Ctrl-C. With `$YARD_REPL` the REPL follows Ctrl-C, as on a board; Ctrl-D ends it.
"""

import os
import sys

_EXIT_INTERRUPTED = 130


def main():
    """Run the firmware; returns the exit status."""
    firmware = os.getenv("YARD_FIRMWARE") or sys.path[0] + "/../../../firmware"
    image = os.getenv("YARD_IMAGE")
    if image:
        import flash_image

        firmware = flash_image.mount(image)
    _set_path(firmware)
    # Not before the path is set: they need what is frozen.
    import board_link

    _complete_micropython()
    board_link.link()
    try:
        _run(firmware + "/boot.py")
    except Exception as e:  # noqa: BLE001 - main.py follows all the same
        sys.print_exception(e)
    try:
        _run(firmware + "/main.py")
    except KeyboardInterrupt:
        if os.getenv("YARD_REPL"):
            os.unsetenv("HOME")  # where the history of a person's own sessions is kept
            os.putenv("MICROPYINSPECT", "1")
        return _EXIT_INTERRUPTED
    except Exception as e:  # noqa: BLE001 - it is told to whoever watches the console
        sys.print_exception(e)
        return board_link.EXIT_CRASHED
    return 0


def _set_path(firmware):
    """As on a board: the root of the flash, what is frozen, and /lib, installed packages first.

    The folder that $MQTT_AS_PATH names counts as installed.
    """
    port = sys.path[0]
    installed = [os.getcwd() + "/lib", os.getenv("MQTT_AS_PATH") or ""]
    sys.path[:] = ["", firmware, port, ".frozen"] + installed + [firmware + "/lib"]


def _complete_micropython():
    """Put what only the ESP32 has of it into the module `micropython`."""
    import micropython

    class Complete:
        def alloc_emergency_exception_buf(self, size):
            """Do nothing: memory does not run out here."""

    complete = Complete()
    for name in dir(micropython):
        if not name.startswith("__"):
            setattr(complete, name, getattr(micropython, name))
    sys.modules["micropython"] = complete


def _run(path):
    execfile(path, {"__name__": "__main__"})  # noqa: F821


sys.exit(main())

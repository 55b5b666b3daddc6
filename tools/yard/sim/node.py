# SPDX-License-Identifier: MIT
"""How the node is started: MicroPython with the parts of an ESP32 that the unix port lacks."""

import os
import shutil
import sys
from pathlib import Path

from yard.fault import Fault
from yard.places import PORT

RESET_STATUSES = (75, 76)  # of the simulated machine.reset() and machine.deepsleep()
LINK_VARIABLE = "YARD_LINK"
REPL_VARIABLE = "YARD_REPL"


def find_micropython() -> str:
    """Return the interpreter: $MICROPYTHON, else the one beside this Python.

    Raises:
        Fault: there is none.
    """
    chosen = os.environ.get("MICROPYTHON")
    found = shutil.which(chosen or Path(sys.executable).with_name("micropython"))
    if found:
        return str(Path(found).resolve())
    if chosen:
        raise Fault(f"MICROPYTHON={chosen} is no program")
    raise Fault("no MicroPython here: run make setup, or set MICROPYTHON to a unix port of 1.22+")


def command(micropython: str) -> list[str]:
    """Return the command that runs the firmware; the current folder is the node's flash."""
    return [micropython, str(PORT / "run.py")]


def environment(link: Path) -> dict[str, str]:
    """Return the variables of a node with a console; link: the socket of the board."""
    return {LINK_VARIABLE: str(link), REPL_VARIABLE: "1"}

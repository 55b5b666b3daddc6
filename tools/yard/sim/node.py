# SPDX-License-Identifier: MIT
"""How the node is started: MicroPython with the parts of an ESP32 that the unix port lacks."""

import os
import shutil
import sys
from pathlib import Path

from yard.fault import Fault
from yard.places import FIRMWARE, PORT, TOOLS

RESET_STATUS = 75  # exit status of the simulated machine.reset()
LINK_VARIABLE = "YARD_LINK"


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
    """Return the command that runs the firmware in the current folder."""
    return [micropython, str(PORT / "run.py")]


def environment(link: Path) -> dict[str, str]:
    """Return the variables that the node needs; `link` is the socket of the board.

    The empty entry of the path is the node's file system. A folder named by $MQTT_AS_PATH goes
    before our own libraries, as a package that is installed on a board does.
    """
    folders = [str(PORT), str(TOOLS), "", str(FIRMWARE)]
    if original := os.environ.get("MQTT_AS_PATH"):
        folders.append(str(Path(original).resolve()))
    folders += [str(FIRMWARE / "lib"), ".frozen"]
    return {"MICROPYPATH": ":".join(folders), LINK_VARIABLE: str(link)}

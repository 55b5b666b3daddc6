# SPDX-License-Identifier: MIT
"""An echo node on Peter Hinch's mqtt_as: what that client alone costs, without any bus.

The package is distributed from its repository only, so the environment variable MQTT_AS_PATH has
to name a folder that holds `mqtt_as/`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from benchmarks.board import SimulatedBoard
from benchmarks.process import Broken, Process
from benchmarks.target import Target, Topics, start
from yard.places import PORT, TOOLS
from yard.sim.node import LINK_VARIABLE, find_micropython

NAME = "mqtt_as echo"
PATH_VARIABLE = "MQTT_AS_PATH"

_SCRIPT = Path(__file__).with_name("echo_node.py")
_PREFIX = "echo"
_OUTPUTS = 128


def original(path: str | None) -> Path:
    """Return the folder with the original mqtt_as that $MQTT_AS_PATH names.

    Raises:
        Broken: it names none.
    """
    if not path:
        raise Broken(f"{PATH_VARIABLE} is not set")
    if not (Path(path) / "mqtt_as" / "__init__.py").is_file():
        raise Broken(f"{PATH_VARIABLE}={path} has no mqtt_as/__init__.py")
    return Path(path).resolve()


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 of the package, because its version says little: it seldom changes."""
    return hashlib.sha256((folder / "mqtt_as" / "__init__.py").read_bytes()).hexdigest()


async def start_echo(port: int, folder: Path) -> Target:
    """Start it on the mqtt_as in `folder`."""
    folders = [str(PORT), str(TOOLS), str(folder), ".frozen"]

    def launch(scratch: Path, board: SimulatedBoard) -> Process:
        # The board is there for `network`: a station that is on the air, and no chips.
        environment = {"MICROPYPATH": ":".join(folders), LINK_VARIABLE: str(board.link)}
        command = [find_micropython(), str(_SCRIPT), str(port), _PREFIX]
        return Process(command, scratch / "echo.log", scratch, environment)

    return await start(NAME, port, _topics(), 0, 0, launch)


def _topics() -> Topics:
    names = [f"{_PREFIX}/{output}" for output in range(_OUTPUTS)]
    return Topics(
        outputs=[(f"{name}/set".encode(), f"{name}/state".encode()) for name in names],
        states=f"{_PREFIX}/+/state".encode(),
        online=(f"{_PREFIX}/available".encode(), b"online"),
    )

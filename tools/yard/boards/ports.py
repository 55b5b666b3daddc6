# SPDX-License-Identifier: MIT
"""Which serial port a board is at."""

import typer
from serial.tools import list_ports

from yard.fault import Fault


def choose(wanted: str | None) -> str:
    """Return the port that was asked for, else the only one that has a board; says which.

    Raises:
        Fault: there is no board, or more than one.
    """
    port = wanted or _only()
    typer.echo(f"yard: board at {port}", err=True)
    return port


def _only() -> str:
    # Ports of a computer itself have no USB id; a board always has one.
    found = sorted((p for p in list_ports.comports() if p.vid is not None), key=lambda p: p.device)
    if not found:
        raise Fault(
            "no board on any USB port: plug it in with a cable that carries data, "
            "or name its port with --port"
        )
    if len(found) > 1:
        names = ", ".join(f"{p.device} ({p.description})" for p in found)
        raise Fault(f"several boards, choose one with --port: {names}")
    return str(found[0].device)

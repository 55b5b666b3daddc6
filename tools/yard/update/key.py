# SPDX-License-Identifier: MIT
"""The secret that a node and who changes it have in common."""

import os
import sys
from pathlib import Path

import typer

from yard.fault import Fault

SHORTEST_KEY = 16


def read_key(file: Path | None, variable: str, setting: str) -> str:
    """Return the key: of a file, else of the environment, else the person is asked.

    Args:
        file: that holds nothing else, or None.
        variable: of the environment.
        setting: of the node, which has the same key.

    Raises:
        Fault: there is none, or no node would take it.
    """
    if file:
        key = file.read_text(encoding="utf-8").strip()
    elif variable in os.environ:
        key = os.environ[variable]
    elif sys.stdin.isatty():
        key = str(typer.prompt(f"{setting} of the node", hide_input=True, err=True))
    else:
        raise Fault(f"no terminal to ask for the node's {setting}: set {variable}")
    if len(key) < SHORTEST_KEY:
        raise Fault(f"the key of a node has at least {SHORTEST_KEY} characters ({setting})")
    return key

# SPDX-License-Identifier: MIT
"""Loads a configuration with the firmware itself, under MicroPython, on a board that is not there.

The node's own loader, components and settings run; nothing goes to a network.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from yard.check.source import Source
from yard.places import FIRMWARE, PORT, TOOLS
from yard.sim.node import find_micropython

LIMIT_S = 60.0

_PROGRAM = Path(__file__).with_name("on_node") / "load.py"
_LAST_LINES = 3  # of the output of a node that came to no end


def dry_load(source: Source, config: Path | None, limit_s: float = LIMIT_S) -> list[Any]:
    """Load a configuration and return the lines of the report, see `on_node/load.py`.

    Args:
        source: the configuration. Modules beside it, and in a folder `lib` there, can be named.
        config: the settings, None for the defaults.
        limit_s: when the node is given up.

    Raises:
        Fault: there is no MicroPython.
    """
    micropython = find_micropython()
    with tempfile.TemporaryDirectory(prefix="yard-check-") as name:
        flash = Path(name)
        for target, file in source.files.items():
            (flash / target).parent.mkdir(exist_ok=True)
            shutil.copyfile(file, flash / target)
        if config:
            shutil.copyfile(config, flash / "config.py")
        report = flash / "report.jsonl"
        folders = ["", FIRMWARE, PORT, ".frozen", *module_folders(source.path)]
        folders += [FIRMWARE / "lib", TOOLS]
        command = [micropython, str(_PROGRAM), str(report), *map(str, folders)]
        output = _run(command, flash, limit_s)
        lines = list(_lines(report))
    if not any("done" in line for line in lines):
        lines.append({"component": "", "phase": "start", "message": _no_end(lines, output)})
    return lines


def module_folders(path: Path) -> list[Path]:
    """Return where modules of a person's own lie, for a configuration."""
    folder = path.resolve().parent
    return [folder, folder / "lib"]


def _run(command: list[str], flash: Path, limit_s: float) -> str:
    """Return what the node said last."""
    try:
        done = subprocess.run(
            command,
            cwd=flash,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        return f"{_tail(expired.output or b'')} (given up after {limit_s:g} s)"
    return _tail(done.stdout)


def _tail(output: bytes) -> str:
    lines = output.decode(errors="backslashreplace").splitlines()
    return " | ".join(line.strip() for line in lines[-_LAST_LINES:])


def _lines(report: Path) -> Iterator[Any]:
    if report.exists():
        for line in report.read_text(encoding="utf-8", errors="backslashreplace").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                return  # the node ended while it wrote


def _no_end(lines: list[Any], output: str) -> str:
    loaded = [line["loaded"] for line in lines if "loaded" in line]
    after = f'after "{loaded[-1]}"' if loaded else "at the start"
    return f"loading came to no end {after}: {output}"

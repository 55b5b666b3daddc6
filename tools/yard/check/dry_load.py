# SPDX-License-Identifier: MIT
"""Loads a configuration with the firmware itself, under MicroPython, on a board that is not there.

The node's own loader, components and settings run; nothing goes to a network.
"""

import json
import shutil
import signal
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
_LAST_WORDS_S = 5.0
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
        output, in_time = _run(command, flash, limit_s)
        lines = list(_lines(report))
    if not any("done" in line for line in lines):
        how = f"ended: {_tail(output)}" if in_time else f"came to no end in {limit_s:g} s"
        lines.append(_stuck(lines, source, how) | {"trace": output})
    return lines


def module_folders(path: Path) -> list[Path]:
    """Return where modules of a person's own lie, for a configuration."""
    folder = path.resolve().parent
    return [folder, folder / "lib"]


def _run(command: list[str], flash: Path, limit_s: float) -> tuple[str, bool]:
    """Return what the node said, and whether it ended by itself."""
    with subprocess.Popen(
        command,
        cwd=flash,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
    ) as node:
        try:
            return node.communicate(timeout=limit_s)[0], True
        except subprocess.TimeoutExpired:
            node.send_signal(signal.SIGINT)  # so that it tells where it is
        try:
            return node.communicate(timeout=_LAST_WORDS_S)[0], False
        except subprocess.TimeoutExpired:
            node.kill()
            return node.communicate()[0], False


def _tail(output: str) -> str:
    return " | ".join(line.strip() for line in output.splitlines()[-_LAST_LINES:])


def _lines(report: Path) -> Iterator[Any]:
    if report.exists():
        for line in report.read_text(encoding="utf-8", errors="backslashreplace").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                return  # the node ended while it wrote


def _stuck(lines: list[Any], source: Source, how: str) -> dict[str, str]:
    """Return the line of a report for what loading came to no end with."""
    told = {line.get("loaded", line.get("component")) for line in lines}
    waiting = [name for name in source.members if name not in told]
    if len(waiting) == 1:
        return {"component": waiting[0], "phase": "start", "message": f"it {how}"}
    loaded = [line["loaded"] for line in lines if "loaded" in line]
    after = f'after "{loaded[-1]}"' if loaded else "at the start"
    return {"component": "", "phase": "start", "message": f"what is loaded {after} {how}"}

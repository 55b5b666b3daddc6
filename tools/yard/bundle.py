# SPDX-License-Identifier: MIT
"""The firmware as it lies on a board: every file by its path there."""

import tempfile
from pathlib import Path

from yard.compile.kept import compile_firmware

LIST = "deployed.txt"  # the paths of all of them; what it names may be replaced or removed later


def python_files(firmware: Path) -> dict[str, bytes]:
    """Return the Python files below a folder, compiled ones or source."""
    paths = sorted(path for path in firmware.rglob("*") if path.suffix in (".py", ".mpy"))
    return {path.relative_to(firmware).as_posix(): path.read_bytes() for path in paths}


def compiled_files(firmware: Path) -> dict[str, bytes]:
    """Return the compiled firmware."""
    with tempfile.TemporaryDirectory(prefix="yard-") as name:
        folder = Path(name)
        compile_firmware(firmware, folder)
        return python_files(folder)


def firmware_files(firmware: Path) -> dict[str, bytes]:
    """Return the compiled firmware, and the list of its files."""
    files = compiled_files(firmware)
    files[LIST] = "".join(f"{path}\n" for path in sorted(files)).encode()
    return files

# SPDX-License-Identifier: MIT
"""The firmware as it lies on a board: every file by its path there."""

import tempfile
from pathlib import Path

from yard.compile.firmware import compile_firmware

LIST = "deployed.txt"  # the paths of all of them; what it names may be replaced or removed later


def firmware_files(firmware: Path) -> dict[str, bytes]:
    """Return the compiled firmware, and the list of its files."""
    with tempfile.TemporaryDirectory(prefix="yard-") as name:
        folder = Path(name)
        compile_firmware(firmware, folder)
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    files[LIST] = "".join(f"{path}\n" for path in sorted(files)).encode()
    return files

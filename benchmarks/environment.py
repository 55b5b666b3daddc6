# SPDX-License-Identifier: MIT
"""Virtual environments of programs that the project itself does not need, below `.cache/`."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.process import Broken
from yard.places import ROOT

_CACHE = ROOT / ".cache" / "peers"
_LAST_LINES = 4


def python_with(requirements: Path) -> Path:
    """Return the Python of an environment with `requirements`, made by pip where it is missing.

    Raises:
        Broken: it cannot be made, for instance without a network.
    """
    folder = _CACHE / requirements.stem
    python = folder / "bin" / "python"
    stamp = folder / "requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"making {folder.relative_to(ROOT)} ...", file=sys.stderr)
    try:
        venv.create(folder, clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Broken(f"{folder.relative_to(ROOT)} cannot be made: {error}") from error
    install = [str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = "\n".join(done.stderr.splitlines()[-_LAST_LINES:])
        raise Broken(f"pip could not install {requirements.relative_to(ROOT)}: {reason}")
    stamp.write_text(wanted)
    return python

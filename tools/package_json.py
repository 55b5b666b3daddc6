# SPDX-License-Identifier: MIT
"""Writes package.json, the list of files that mip copies to a board: `make package`."""

import json
import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def package() -> str:
    """Return the content of package.json for the files that are in firmware/ now."""
    firmware = ROOT / "firmware"
    files = sorted(path.relative_to(firmware).as_posix() for path in firmware.rglob("*.py"))
    version = runpy.run_path(str(firmware / "node" / "__init__.py"))["VERSION"]
    urls = ",\n".join("    " + json.dumps([file, f"firmware/{file}"]) for file in files)
    return f'{{\n  "urls": [\n{urls}\n  ],\n  "deps": [],\n  "version": "{version}"\n}}\n'


if __name__ == "__main__":
    (ROOT / "package.json").write_text(package(), encoding="utf-8")

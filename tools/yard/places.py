# SPDX-License-Identifier: MIT
"""Where the parts of the project lie; the program runs from a checkout (editable installation)."""

from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]
ROOT = TOOLS.parent
FIRMWARE = ROOT / "firmware"
PORT = TOOLS / "yard" / "port"

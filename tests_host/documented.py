# SPDX-License-Identifier: MIT
"""Code that docs/configuration.md shows, for tests that run it."""

from __future__ import annotations

import re

from yard.places import ROOT


def documented(name: str) -> str:
    """Return the block of Python that defines the class `name`."""
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (block,) = [block for block in blocks if f"class {name}(" in block]
    return str(block)

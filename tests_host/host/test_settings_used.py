# SPDX-License-Identifier: MIT
"""Every setting is read somewhere in the firmware, and nothing else is read as one."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

FIRMWARE = Path(__file__).parents[2] / "firmware"
TABLE = FIRMWARE / "node" / "settings_args.py"


def uses(tree: ast.AST) -> set[str]:
    """Return the attributes of all that is called `settings`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.isupper():
            owner = node.value
            name = getattr(owner, "attr", None) or getattr(owner, "id", None)
            if name == "settings":
                found.add(node.attr)
    return found


def all_uses() -> set[str]:
    return set().union(
        *(uses(ast.parse(path.read_text(encoding="utf-8"))) for path in FIRMWARE.rglob("*.py"))
    )


def test_uses_are_found_however_the_settings_are_reached() -> None:
    tree = ast.parse("settings.A; node.settings.B; self.component.node.settings.C(x.D, 'E')")
    assert uses(tree) == {"A", "B", "C"}


def test_every_setting_is_read_and_every_one_that_is_read_exists() -> None:
    assert all_uses() == set(runpy.run_path(str(TABLE))["SETTINGS"])

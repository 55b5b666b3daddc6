# SPDX-License-Identifier: MIT
"""Whatever a component calls its tasks, the node knows whose they are: they end with it."""

from __future__ import annotations

import ast
import runpy
from collections.abc import Iterator
from pathlib import Path

FIRMWARE = Path(__file__).parents[2] / "firmware"


def names_of_tasks(tree: ast.AST) -> Iterator[str]:
    """Yield what each `spawn("kind " + component.name, ...)` calls the task of a component x."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name = node.args[0] if node.func.attr == "spawn" and node.args else None
        if not isinstance(name, ast.BinOp) or not isinstance(name.left, ast.Constant):
            continue
        if isinstance(name.right, ast.Attribute) and name.right.attr == "name":
            yield str(name.left.value) + "x"


def test_names_are_found_wherever_the_component_stands() -> None:
    text = 'self.node.spawn("a " + self.name, f); n.spawn("b " + c.name, f); n.spawn("c", f)'
    assert list(names_of_tasks(ast.parse(text))) == ["a x", "b x"]


def test_tasks_with_a_word_before_the_name_are_those_of_their_component() -> None:
    is_of = runpy.run_path(str(FIRMWARE / "node" / "crashes.py"))["is_of"]
    found = {
        name
        for path in (FIRMWARE / "components").rglob("*.py")
        for name in names_of_tasks(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert "bus x" in found
    assert [name for name in sorted(found) if not is_of(name, "x")] == []

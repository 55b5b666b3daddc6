# SPDX-License-Identifier: MIT
"""Writes the descriptions of arguments as a node needs them: as JSON, without texts for people.

A node does not look at these texts, and has the rows of a table described under a name of their
own. Each word in a dictionary of a program would be interned, that is stay in memory for ever;
those in JSON go with the description. One that is made with what other modules describe stays a
program, without the texts.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

_FOR_PEOPLE = ("doc", "unit")
_ROWS = "each"  # what the component itself checks


def for_node(source: str) -> str | None:
    """Return the text of a module of descriptions as a node needs it.

    Returns:
        None for a module that needs others, or has functions for others.
    """
    if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(ast.parse(source))):
        return None
    scope: dict[str, Any] = {}
    exec(source, scope)
    public = {name: value for name, value in scope.items() if not name.startswith("_")}
    if any(map(callable, public.values())):
        return None
    return _module({name: _json(_less(value)) for name, value in public.items()})


def without_texts(source: str) -> str:
    """Return a module of descriptions that cannot become JSON without its texts for people."""
    tree = ast.parse(source)
    places = {
        node.name: [argument.arg for argument in node.args.args].index("doc")
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and "doc" in [a.arg for a in node.args.args]
    }
    return ast.unparse(ast.fix_missing_locations(_WithoutTexts(places).visit(tree)))


class _WithoutTexts(ast.NodeTransformer):
    """places: of the text among the arguments of functions that make descriptions."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self._places = places

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        pairs = list(zip(node.keys, node.values, strict=True))
        kept = [(key, value) for key, value in pairs if not _is_for_people(key, value)]
        node.keys, node.values = [key for key, _ in kept], [value for _, value in kept]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name):
            if node.func.id == "dict":
                node.keywords = [
                    keyword
                    for keyword in node.keywords
                    if not _is_for_people(ast.Constant(keyword.arg), keyword.value)
                ]
            elif node.func.id in self._places:
                node.args[self._places[node.func.id]] = ast.Constant("")
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and _is_for_people(target.slice, node.value):
            return None
        return self.generic_visit(node)


def _is_for_people(key: ast.expr | None, value: ast.expr) -> bool:
    # An argument of that name has a description.
    named = isinstance(key, ast.Constant) and key.value in _FOR_PEOPLE
    return named and not isinstance(value, ast.Dict | ast.Call)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _module(texts: Mapping[str, str]) -> str:
    """Return a module that makes of a text what it says when somebody asks for it."""
    if len(texts) == 1:
        return "".join(f"from json import loads\n{n} = loads({t!r})\n" for n, t in texts.items())
    # Who needs one of several does not need the others.
    lines = ["from json import loads", "def __getattr__(name):"]
    for name, text in texts.items():
        lines += [
            f" if name == {name!r}:",
            f"  value = globals()[name] = loads({text!r})",
            "  return value",
        ]
    return "\n".join([*lines, " raise AttributeError(name)", ""])


def _less(value: Any) -> Any:
    """Return a description without what a node does not need."""
    if isinstance(value, dict):
        return {k: {} if k == _ROWS else _less(v) for k, v in value.items() if not _is_text(k, v)}
    if isinstance(value, list | tuple):
        return [_less(item) for item in value]
    return value


def _is_text(key: str, value: Any) -> bool:
    # An argument of that name has a dictionary.
    return key in _FOR_PEOPLE and not isinstance(value, dict)

# SPDX-License-Identifier: MIT
"""Leaves out of the descriptions of arguments what is for people: a node does not look at it.

Of `mcp23017_args`, which every node with an expander reads when it starts, that is a third.
"""

from __future__ import annotations

import ast
from typing import Any

_FOR_PEOPLE = ("doc", "unit")


def without_texts(source: str) -> str | None:
    """Return the text of a module of descriptions without the texts for people.

    Returns:
        None for a module that needs others, or has functions for others.
    """
    if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(ast.parse(source))):
        return None
    scope: dict[str, Any] = {}
    exec(source, scope)
    public = {name: value for name, value in scope.items() if not name.startswith("_")}
    less = {name: _without_texts(value) for name, value in public.items()}
    if any(map(callable, public.values())):
        return None
    return "".join(f"{name} = {value!r}\n" for name, value in less.items())


def _without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        # An argument of that name has a dictionary.
        kept = {k: v for k, v in value.items() if k not in _FOR_PEOPLE or isinstance(v, dict)}
        return {key: _without_texts(item) for key, item in kept.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without_texts(item) for item in value)
    return value

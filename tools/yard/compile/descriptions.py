# SPDX-License-Identifier: MIT
"""Writes the descriptions of arguments as a node needs them: as JSON, without texts for people.

A node does not look at these texts, and has the rows of a table described under a name of their
own. Each word in a dictionary of a program would be interned, that is stay in memory for ever;
those in JSON go with the description.
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

# SPDX-License-Identifier: MIT
"""Whether the description of an argument is one: docs/design.md, "Argument descriptions"."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yard.check.positions import Keys, Position

Spec = dict[str, Any]
Check = Callable[[object, Spec, str], list[str]]

_TEXT: Spec = {"type": "str"}
_NUMBER: Spec = {"type": "float"}
_SIDE: Spec = {"type": "str", "choices": ("input", "output")}
_OBJECT: Spec = {"type": "dict"}
_WITH_KEYS: Spec = {"type": "dict", "keys": {"keys": {"required": True}, "type": {}, "doc": {}}}
_DESCRIPTION: Spec = {
    "type": "dict",
    "keys": {
        "type": {
            "type": "str",
            "choices": ("int", "float", "bool", "str", "list", "dict", "ref", "any"),
        },
        "required": {"type": "bool"},
        "default": {},
        "min": _NUMBER,
        "max": _NUMBER,
        "choices": {},
        "chars": _TEXT,
        "unit": _TEXT,
        "doc": _TEXT,
        "item": _OBJECT,
        "each": _WITH_KEYS,
        "keys": _OBJECT,
        "object": _WITH_KEYS,
        "for": _SIDE,
        "claim": _SIDE,
        "by": _TEXT,
        "when": {},
        "of": _TEXT,
        "names": _OBJECT,
        "place": {"type": "int", "min": 0},
    },
}


def description_faults(arguments: dict[str, Spec], check: Check, path: str = "") -> list[str]:
    """Return what is wrong with the descriptions of arguments, each with its path.

    Args:
        arguments: name to description.
        check: that of `lib/schema.py`.
        path: what comes before the names.
    """
    faults = []
    for key, spec in arguments.items():
        faults += _faults(spec, check, f"{path}{key}")
    return faults


def _faults(spec: Spec, check: Check, path: str) -> list[str]:
    faults = check(spec, _DESCRIPTION, path)
    if faults:
        return faults
    if not isinstance(spec.get("choices", ()), (list, tuple)):
        return [f"{path}.choices: expected a list"]
    for part in ("item", "each", "object"):
        if part in spec:
            faults += _faults(spec[part], check, f"{path}.{part}")
    return faults + description_faults(spec.get("keys", {}), check, f"{path}.keys.")


def description_places(path: Path) -> dict[Keys, Position]:
    """Return where the keys of `ARGS` stand in a file, by class, argument and so on."""
    found: dict[Keys, Position] = {}
    for statement in ast.parse(path.read_bytes()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "ARGS":
            _note(statement.value, (), found)
    return found


def _note(value: ast.expr, above: Keys, found: dict[Keys, Position]) -> None:
    if isinstance(value, ast.Dict):
        for key, inner in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                place = (*above, key.value)
                found[place] = Position(key.lineno, key.col_offset + 1)
                _note(inner, place, found)

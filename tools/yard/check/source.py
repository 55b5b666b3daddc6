# SPDX-License-Identifier: MIT
"""What a configuration consists of, and where its parts stand: the three sources of the node."""

import ast
import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from yard.check.positions import Keys, Position, positions
from yard.sim.components import firmware_module

WHOLE = "components.json"
ORDER = "_order.json"
PROGRAM = "components.py"
_FOLDER = "components"


class Place(NamedTuple):
    """A place in one of the files; line and column count from 1."""

    file: Path
    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """The definitions of the components of a node.

    Attributes:
        path: the file that was named.
        files: all files, by what they are called on the node.
        members: definitions by name, as far as they can be read without running anything.
        places: of everything in the files, by component, key, argument and so on.
    """

    path: Path
    files: dict[str, Path]
    members: dict[str, Any]
    places: dict[Keys, Place]

    @property
    def start(self) -> Place:
        """Where faults of the whole are shown."""
        return Place(self.path, 1, 1)


def read(path: Path) -> Source:
    """Read a configuration.

    Args:
        path: `_order.json`, to which the files in the folder `components` beside it belong,
            `components.py`, or a components.json under any name.
    """
    if path.name == ORDER:
        return _several(path)
    if path.name == PROGRAM:
        words: dict[Keys, Place] = {(word,): Place(path, *at) for word, at in _words(path)}
        return Source(path, {PROGRAM: path}, {}, words)
    return Source(path, {WHOLE: path}, _members(path), _places(path, ()))


def _several(order: Path) -> Source:
    files = {ORDER: order}
    members = {}
    places = {("_order",): Place(order, 1, 1), **_places(order, ("_order",))}
    for path in sorted((order.parent / _FOLDER).glob("*.json")):
        files[f"{_FOLDER}/{path.name}"] = path
        members[path.stem] = _members(path)
        places[path.stem,] = Place(path, 1, 1)
        places |= _places(path, (path.stem,))
    return Source(order, files, members, places)


def _members(path: Path) -> dict[str, Any]:
    """Return the members of an object in a file, up to the first fault."""
    reader = firmware_module("json_stream")
    members: dict[str, Any] = {}
    # The node tells what is wrong, and where.
    with contextlib.suppress(reader.JSONError):
        for key, value, _ in reader.members(io.BytesIO(path.read_bytes())):
            members[key] = value
    return members


def _places(path: Path, above: Keys) -> dict[Keys, Place]:
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    found = positions(text).items()
    return {(*above, *keys): Place(path, *position) for keys, position in found}


def _words(path: Path) -> Iterator[tuple[str, Position]]:
    """Yield the texts in a program, the first of several that are equal last."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    for node in sorted(texts, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        if isinstance(node.value, str):
            yield node.value, Position(node.lineno, node.col_offset + 1)

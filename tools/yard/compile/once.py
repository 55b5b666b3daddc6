# SPDX-License-Identifier: MIT
"""Keeps of modules that are imported once as little in memory as can be.

MicroPython interns the name and the path of every module that it imports, and each text of up to
10 bytes that is in it; they stay for ever, also when the module has gone. So these modules have
short names on a board, and lie in `lib`; and their short texts become bytes, which go with them.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Mapping
from pathlib import PurePath
from zlib import crc32

from yard.compile.names import POOL, identifiers

_LONGEST_INTERNED = 10  # MICROPY_ALLOC_PARSE_INTERN_STRING_LEN
# Names of functions that intern what they are given.
_INTERNING = frozenset({"getattr", "hasattr", "setattr", "delattr", "__import__", "import_once"})
_IMPORT = re.compile(r'import_once\("([\w.]+)"\)')
# What people import at the REPL, and what is copied as a file.
_BY_NAME = frozenset({"node.manage", "node.switch"})
# The loader makes the names of these.
_DESCRIPTIONS = re.compile(r"components\..*_args")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def imported_once(sources: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the modules that nobody imports but by `import_once("name")`."""
    once: set[str] = set()
    kept: set[str] = set()
    for text in sources.values():
        once.update(_IMPORT.findall(text))
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Import(names=names):
                    kept.update(alias.name for alias in names)
                case ast.ImportFrom(module=str(name), names=names):
                    kept.add(name)
                    kept.update(f"{name}.{alias.name}" for alias in names)
    return frozenset(once & sources.keys() - kept)


def short_names(once: Collection[str]) -> dict[str, str]:
    """Return what modules that are imported once are called on a board.

    A name depends on nothing but that of the module, so that what has not changed need not be
    copied again.

    Raises:
        ValueError: two modules would be called the same.
    """
    names = {name: _short_name(name) for name in once if not _DESCRIPTIONS.fullmatch(name)}
    for name in _BY_NAME & names.keys():
        del names[name]
    if len(set(names.values())) < len(names):
        raise ValueError("two modules get the same short name; call one of them otherwise")
    return names


def _short_name(name: str) -> str:
    number = crc32(name.encode())
    return "_" + "".join(_DIGITS[number // 36**i % 36] for i in range(3))


def with_short_imports(text: str, names: Mapping[str, str]) -> str:
    """Return a module that imports others by their short names."""
    return _IMPORT.sub(lambda found: f'import_once("{names.get(found[1], found[1])}")', text)


def board_path(module: str, relative: PurePath, names: Mapping[str, str]) -> PurePath:
    """Return where a module lies on a board. relative: where it lies in the firmware."""
    return PurePath("lib", names[module] + relative.suffix) if module in names else relative


def interned_anyway(texts: Mapping[str, str], once: Collection[str]) -> frozenset[str]:
    """Return the names, and the short texts of the modules that stay. texts: what is compiled."""
    known = {*POOL, *dir(builtins)}
    for name, text in texts.items():
        tree = ast.parse(text)
        known |= identifiers(tree)
        if name not in once:
            constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
            known.update(node.value for node in constants if isinstance(node.value, str))
    return frozenset(known)


def without_short_texts(text: str, known: Collection[str]) -> str:
    """Return a module that is imported once with its short texts as bytes, but for the `known`."""
    tree = _ToBytes(known).visit(ast.parse(text))
    return ast.unparse(ast.fix_missing_locations(tree))


class _ToBytes(ast.NodeTransformer):
    def __init__(self, known: Collection[str]) -> None:
        self._known = known

    def visit_Call(self, node: ast.Call) -> ast.AST:
        interns = isinstance(node.func, ast.Name) and node.func.id in _INTERNING
        return node if interns else self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        is_docstring = isinstance(node.value, ast.Constant)
        return node if is_docstring else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        text = node.value
        if not isinstance(text, str) or text in self._known:
            return node
        if not 0 < len(text.encode()) <= _LONGEST_INTERNED:
            return node
        return ast.Call(ast.Attribute(ast.Constant(text.encode()), "decode", ast.Load()), [], [])

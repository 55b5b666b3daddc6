# SPDX-License-Identifier: MIT
"""Writes the modules of the firmware with short names; all else stays as it was, line by line."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Container, Iterator, Mapping

from yard.compile.names import POOL, Module, choose, identifiers

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Place = tuple[int, int]  # line, column


class Shortener:
    """Renames what is private in a firmware or in INSIDE, and arguments of what is private.

    sources: text of each of its modules, by the name that imports it.

    Attributes:
        names: what each private name becomes.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = dict(sources)
        self._trees = {name: ast.parse(source) for name, source in sources.items()}
        self._modules = {name: Module.of(tree) for name, tree in self._trees.items()}
        self._keywords = {word for module in self._modules.values() for word in module.keywords}
        self.names = choose(self._modules)

    def shortened(self, module: str) -> str:
        """Return the text of a module with its names shortened."""
        source = self._sources[module]
        lines = source.splitlines()
        words = _words(source, self.names)
        edits = {place: self.names[word] for place, word in words.items() if word in self.names}
        functions = self._arguments(self._trees[module], {})
        for function, short in () if self._modules[module].spreads else functions:
            first = (function.lineno, function.col_offset)
            last = (function.end_lineno or 0, function.end_col_offset or 0)
            for place, word in words.items():
                row, column = place
                is_attribute = lines[row - 1][column - 1 : column] == "."
                if first <= place < last and word in short and not is_attribute:
                    edits[place] = short[word]
        return _edited(source, words, edits)

    def original(self, module: str, name: str) -> str:
        """Return what a function that a traceback shows is called in the source of a module."""
        here = self._modules[module].identifiers
        return next((old for old, new in self.names.items() if new == name and old in here), name)

    def _arguments(
        self, tree: ast.AST, outer: Mapping[str, str], private: bool = False
    ) -> Iterator[tuple[_Function, Mapping[str, str]]]:
        """Yield private functions, and what those arguments become that are never given by name.

        outer: what the arguments of the functions around become.
        """
        for node in ast.iter_child_nodes(tree):
            inner, short = private, outer
            if isinstance(node, ast.ClassDef | _Function):
                inner = private or node.name in self.names
            if inner and isinstance(node, _Function):
                short = {**outer, **self._short_arguments(node, outer)}
                yield node, short
            yield from self._arguments(node, short, inner)

    def _short_arguments(self, function: _Function, outer: Mapping[str, str]) -> dict[str, str]:
        inside = identifiers(function)
        taken = inside.union(self.names.get(n, n) for n in inside).union(outer.values())
        free = (name for name in POOL if name not in taken)
        args = {part.arg for part in ast.walk(function.args) if isinstance(part, ast.arg)}
        args -= self._keywords | _named_inside(function) | {"self"}
        return {arg: next(free) for arg in sorted(args)}


def _named_inside(function: ast.AST) -> set[str]:
    """Return what functions, imports and handlers of exceptions inside a function are called."""
    keys = ("name", "asname", "module")
    found = (getattr(part, key, None) or "" for part in ast.walk(function) for key in keys)
    return {word for name in found for word in name.split(".")}


def _words(source: str, names: Container[str]) -> dict[_Place, str]:
    """Return the words of a text; of those after a dot, which are attributes, the `names`."""
    words = {}
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and (before != "." or token.string in names):
            words[token.start] = token.string
        before = token.string
    return words


def _edited(source: str, words: Mapping[_Place, str], edits: Mapping[_Place, str]) -> str:
    lines = source.splitlines(keepends=True)
    for row, column in sorted(edits, reverse=True):
        line = lines[row - 1]
        end = column + len(words[row, column])
        lines[row - 1] = line[:column] + edits[row, column] + line[end:]
    return "".join(lines)

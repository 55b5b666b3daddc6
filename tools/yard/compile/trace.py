# SPDX-License-Identifier: MIT
"""Gives the tracebacks of a compiled node the names of the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from yard.compile.firmware import module_name, names_on_board, read_sources
from yard.compile.join import JOINED, join
from yard.compile.shorten import Shortener

# In JSON a quote and the end of a line have a backslash.
_SAID = re.compile(
    r'File (?P<quote>\\?")(?P<file>[^"\\]+)(?P=quote), line \d+(?:, in (?P<function>[\w<>]+))?'
    r"|(?P<error>(?:Attribute|Import|Name|Type)Error: )(?P<message>(?:(?!\\n)[^\n])*)"
)
_QUOTED = re.compile(r"'(\w+)'( object)?")

_Class = (ast.ClassDef,)
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


class SourceNames:
    """What a firmware calls the things that its compiled modules call otherwise.

    firmware: the folder of its source. In another version of it names may stand for others.
    """

    def __init__(self, firmware: Path) -> None:
        sources = read_sources(firmware)
        on_board = names_on_board(firmware)
        self._modules = {on_board.get(name, name): name for name in sources}
        self._shortener = Shortener(join(sources))
        self._paths = {
            module_name(path.relative_to(firmware)): path.relative_to(firmware.parent).as_posix()
            for path in firmware.rglob("*.py")
        }
        trees = {name: ast.parse(text) for name, text in sources.items()}
        self._functions = {name: set(_names(tree, _Function)) for name, tree in trees.items()}
        self._classes = _by_short(trees, self._shortener.names)
        self._raised_in: str | None = None  # the module of the traceback that is being read

    def translate(self, text: str) -> str:
        """Return a text with the names of the source in its tracebacks, all else as it is.

        A traceback may go on in the text of the next call.
        """
        return _SAID.sub(self._translated, text)

    def _translated(self, said: re.Match[str]) -> str:
        if said["file"]:
            self._raised_in = self._modules.get(said["file"])
            return self._frame(said) if self._raised_in else said[0]
        module, self._raised_in = self._raised_in, None
        if not module:  # not in compiled code of ours, whose words mean what they say
            return said[0]

        def named(quoted: re.Match[str]) -> str:
            word, thing = quoted[1], quoted[2] or ""
            known = self._classes.get(word, word) if thing else self._original(module, word)
            return f"'{known}'{thing}"

        return said["error"] + _QUOTED.sub(named, said["message"])

    def _frame(self, said: re.Match[str]) -> str:
        """Return a line of a traceback without the number of the line, which is 1 in all."""
        module, quote, function = self._modules[said["file"]], said["quote"], said["function"]
        members = (*JOINED.get(module, ()), module)
        where = ""
        if function:
            function = self._original(module, function)
            where = f", in {function}"
            members = tuple(m for m in members if function in self._functions[m]) or members
        files = " or ".join(f"{quote}{self._paths[member]}{quote}" for member in members)
        return f"File {files}{where}"

    def _original(self, module: str, word: str) -> str:
        """Return what a word is in the source of a module."""
        return self._modules.get(word) or self._shortener.original(module, word)


def _names(tree: ast.AST, kinds: tuple[type[ast.AST], ...]) -> Iterator[str]:
    """Yield the names of classes or functions."""
    return (node.name for node in ast.walk(tree) if isinstance(node, kinds))  # type: ignore[attr-defined]


def _by_short(trees: Mapping[str, ast.AST], names: Mapping[str, str]) -> dict[str, str]:
    """Return the classes that have each short name; a traceback does not say of which module."""
    classes: dict[str, set[str]] = {}
    for tree in trees.values():
        for name in _names(tree, _Class):
            classes.setdefault(names.get(name, name), set()).add(name)
    return {short: " or ".join(sorted(found)) for short, found in classes.items()}

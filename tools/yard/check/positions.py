# SPDX-License-Identifier: MIT
"""Where the values of a components.json stand in the file.

`json` and the libraries that allow comments do not keep positions, and those that do keep them
do not allow the comments that the node allows. Whether the file is right is not said here: that
is the business of the node's own reader.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

Keys = tuple[str | int, ...]
Tokens = Iterator[tuple[str, "Position"]]

_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*|//[^\n]*|/\*.*?\*/) | "(?:[^"\\]|\\.)*" | [{}\[\],:]
    | [^\s{}\[\],:"\#/]+""",
    re.VERBOSE | re.DOTALL,
)


class Position(NamedTuple):
    """A place in a file; line and column count from 1."""

    line: int
    column: int


def positions(text: str) -> dict[Keys, Position]:
    """Return the position of each member (of its key) and list item, by its path.

    Of a file with a fault in it, what stands before the fault.
    """
    found: dict[Keys, Position] = {}
    tokens = _tokens(text)
    # What is wrong from some place on is left where it is.
    with contextlib.suppress(StopIteration, ValueError, RecursionError):
        _value(next(tokens)[0], tokens, (), found)
    return found


def _tokens(text: str) -> Tokens:
    line, line_start, at = 1, 0, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return
        token = match.group()
        if match["skip"] is None:
            yield token, Position(line, at - line_start + 1)
        if "\n" in token:
            line += token.count("\n")
            line_start = at + token.rindex("\n") + 1
        at = match.end()


def _value(token: str, tokens: Tokens, path: Keys, found: dict[Keys, Position]) -> None:
    """Note the positions of what is in the value that begins with `token`."""
    if token == "{":
        _members(tokens, path, found)
    elif token == "[":
        _items(tokens, path, found)


def _members(tokens: Tokens, path: Keys, found: dict[Keys, Position]) -> None:
    token, position = next(tokens)
    while token != "}":
        member = (*path, json.loads(token))
        found.setdefault(member, position)
        if next(tokens)[0] != ":":
            raise ValueError
        _value(next(tokens)[0], tokens, member, found)
        token, position = next(tokens)
        if token == ",":
            token, position = next(tokens)


def _items(tokens: Tokens, path: Keys, found: dict[Keys, Position]) -> None:
    token, position = next(tokens)
    number = 0
    while token != "]":
        found[*path, number] = position
        _value(token, tokens, (*path, number), found)
        number += 1
        token, position = next(tokens)
        if token == ",":
            token, position = next(tokens)

# SPDX-License-Identifier: MIT
"""The files of a stopped board."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable

from yard.boards.repl import Repl
from yard.fault import Fault

_CHUNK = 1536  # bytes in one line of code for the board, a multiple of 3
_BLOCK = 4096  # bytes: what a file takes in LittleFS is whole blocks
_RESERVE = 16 * _BLOCK  # for folders, two blocks each


class BoardFiles:
    """Reads and writes the file system. repl: a stopped board."""

    def __init__(self, repl: Repl) -> None:
        self._repl = repl

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of every file by its path, computed on the board."""
        rows = [json.loads(line) for line in self._repl.run("tree()").splitlines()]
        return {path: digest for path, _, digest in rows}

    def read(self, path: str) -> bytes:
        """Return what is in a file."""
        lines = self._repl.run(f"send({path!r})").split()
        return b"".join(map(base64.b64decode, lines))

    def write(self, path: str, content: bytes, wrote: Callable[[int], None]) -> None:
        """Write a file and compare it with what the board reads back.

        wrote: is told the bytes after each piece.

        Raises:
            Fault: it reads back otherwise.
        """
        pieces = [content[at : at + _CHUNK] for at in range(0, len(content), _CHUNK)] or [b""]
        code = f"begin({path!r})\n"
        for piece in pieces[:-1]:
            self._repl.run(f"{code}{_add(piece)}")
            code = ""
            wrote(len(piece))
        if self._repl.run(f"{code}{_add(pieces[-1])}end({path!r})").strip() != digest(content):
            raise Fault(f"{path} reads back from the board otherwise than it was written")
        wrote(len(pieces[-1]))

    def rename(self, old: str, new: str) -> None:
        """Rename a file; one that is there is replaced."""
        self._repl.run(f"os.rename({old!r}, {new!r})")

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._repl.run(f"os.remove({path!r})")

    def remove_folder(self, path: str) -> None:
        """Remove a folder with all that is in it, if it is there."""
        self._repl.run(f"remove_folder({path!r})")

    def begins_with(self, path: str, text: str) -> bool:
        """Return whether a file is there and begins so."""
        return self._repl.run(f"begins_with({path!r}, {text!r})").strip() == "True"

    def check_room(self, contents: list[bytes]) -> None:
        """Raise a Fault if the board has no room for so much more."""
        needed = sum(-(-len(content) // _BLOCK) * _BLOCK for content in contents) + _RESERVE
        free = int(self._repl.run("free()"))
        if free < needed:
            raise Fault(f"the board has {free} bytes left, {needed} are needed")


def _add(piece: bytes) -> str:
    return f"add({base64.b64encode(piece).decode()!r})\n"


def digest(content: bytes) -> str:
    """Return the SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()

# SPDX-License-Identifier: MIT
"""Replaces files on a board so that it boots whenever this is interrupted.

1. New files are written beside the old ones, below deploy.tmp. Whoever is interrupted here has the
   old board. What arrived whole is not copied again next time.
2. on_board/finish.py is renamed to main.py: the one moment at which the old board becomes the new.
3. The board restarts. That main.py removes and renames, main.py last. If power is lost meanwhile,
   it is still main.py and goes on at the next start.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from yard.boards.files import BoardFiles, digest
from yard.boards.repl import Repl

_FINISH = (Path(__file__).parent / "on_board" / "finish.py").read_text(encoding="utf-8")
_RESTART = "\nimport machine\n\nmachine.reset()\n"
_MARK = _FINISH.partition("\n")[0]
_WAITING = "deploy.tmp"
_FILES = f"{_WAITING}/files/"
MAIN = "main.py"


@dataclass(frozen=True)
class Change:
    """What is to be different on a board: content by path, paths to remove."""

    write: dict[str, bytes]
    remove: list[str]

    @property
    def size(self) -> int:
        """Bytes to write."""
        return sum(map(len, self.write.values()))


def present(repl: Repl) -> dict[str, str]:
    """Return the hash of each file on the board, once an interrupted switch has been completed."""
    files = BoardFiles(repl)
    if files.begins_with(MAIN, _MARK):
        repl.run(_FINISH)
    return files.hashes()


def change(wanted: dict[str, bytes], there: dict[str, str], unwanted: Collection[str]) -> Change:
    """Return what makes the board have `wanted` and nothing of `unwanted`."""
    write = {path: data for path, data in wanted.items() if there.get(path) != digest(data)}
    remove = sorted((set(unwanted) & there.keys()) - wanted.keys())
    return Change(write, remove)


def stage(repl: Repl, wanted: Change, there: dict[str, str], wrote: Callable[[int], None]) -> None:
    """Bring a change to the board and make it the one that the next restart completes.

    there: as `present` told. wrote: is told the bytes after each piece.

    Raises:
        Fault: it has no room or is gone; then the old files are what it has.
    """
    files = BoardFiles(repl)
    later = {_FILES + path: data for path, data in wanted.write.items() if path != MAIN}
    whole = {path for path, data in later.items() if there.get(path) == digest(data)}
    for path in there:
        if path.startswith(_WAITING + "/") and path not in whole:
            files.remove(path)
    missing = {path: data for path, data in later.items() if path not in whole}
    files.check_room(list(missing.values()))
    wrote(sum(len(later[path]) for path in whole))
    for path, data in missing.items():
        files.write(path, data, wrote)
    _commit(files, wanted, wrote)


def _commit(files: BoardFiles, wanted: Change, wrote: Callable[[int], None]) -> None:
    """Write what completes the change, and put it in the place of main.py."""
    paths = "".join(f"{path}\n" for path in wanted.remove if path != MAIN)
    files.write(f"{_WAITING}/remove.txt", paths.encode(), _ignore)
    if MAIN in wanted.write:
        files.write(f"{_WAITING}/{MAIN}", wanted.write[MAIN], wrote)
    elif MAIN not in wanted.remove:
        files.copy(MAIN, f"{_WAITING}/{MAIN}")
    files.write(f"{_WAITING}/finish.py", (_FINISH + _RESTART).encode(), _ignore)
    files.rename(f"{_WAITING}/finish.py", MAIN)


def _ignore(_: int) -> None:
    """Small files of our own are not worth a mark on the progress bar."""


__all__ = ["MAIN", "Change", "change", "present", "stage"]

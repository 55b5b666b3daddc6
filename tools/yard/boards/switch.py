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
from yard.boards.progress import bar
from yard.boards.repl import Repl

_FINISH = (Path(__file__).parent / "on_board" / "finish.py").read_text(encoding="utf-8")
_RESTART = "\nimport machine\n\nmachine.reset()\n"
_MARK = "\n".join(_FINISH.split("\n")[:2])
WAITING = "deploy.tmp"
_FILES = f"{WAITING}/files/"
MAIN = "main.py"


@dataclass(frozen=True)
class Change:
    """What is to be different on a board.

    write: content by path. remove: paths. main: main.py as it will be, None for none.
    """

    write: dict[str, bytes]
    remove: list[str]
    main: bytes | None

    @property
    def size(self) -> int:
        """Bytes to write."""
        return sum(map(len, self.write.values()))

    def __bool__(self) -> bool:
        return bool(self.write or self.remove)


def present(repl: Repl) -> dict[str, str]:
    """Return the hash of each file on the board, once an interrupted switch has been completed."""
    files = BoardFiles(repl)
    if files.begins_with(MAIN, _MARK):
        repl.run(_FINISH)
    return files.hashes()


def abandon_update(repl: Repl) -> None:
    """Forget an update over MQTT that the node has not confirmed: it could undo a switch.

    To be called before `present`. What it has put in place stays until then.
    """
    repl.run("abandon_update()")


def change(wanted: dict[str, bytes], there: dict[str, str], unwanted: Collection[str]) -> Change:
    """Return what makes the board have `wanted` and nothing of `unwanted`."""
    write = {path: data for path, data in wanted.items() if there.get(path) != digest(data)}
    old = {path for path in there if not path.startswith(WAITING)}
    remove = sorted(old & set(unwanted) - wanted.keys())
    return Change(write, remove, wanted.get(MAIN))


def bring(repl: Repl, wanted: Change, there: dict[str, str]) -> None:
    """Bring a change to the board, which completes it when it restarts.

    there: as `present` told.

    Raises:
        Fault: it has no room or is gone; then the old files are what it has.
    """
    files = BoardFiles(repl)
    if not wanted:
        files.remove_folder(WAITING)  # what an interrupted switch may have left
        return
    with bar("copy", wanted.size) as wrote:
        _stage(files, wanted, there, wrote)
    files.rename(f"{WAITING}/finish.py", MAIN)


def _stage(
    files: BoardFiles, wanted: Change, there: dict[str, str], wrote: Callable[[int], None]
) -> None:
    """Write everything beside the old files."""
    new = {_FILES + path: data for path, data in wanted.write.items() if path != MAIN}
    whole = {path for path, data in new.items() if there.get(path) == digest(data)}
    for path in there:
        if path.startswith(WAITING + "/") and path not in whole:
            files.remove(path)
    files.check_room([data for path, data in new.items() if path not in whole])
    for path, data in new.items():
        if path in whole:
            wrote(len(data))
        else:
            files.write(path, data, wrote)
    remove = "".join(f"{path}\n" for path in wanted.remove if path != MAIN)
    files.write(f"{WAITING}/remove.txt", remove.encode(), _ignore)
    if wanted.main is not None:
        files.write(f"{WAITING}/{MAIN}", wanted.main, wrote if MAIN in wanted.write else _ignore)
    files.write(f"{WAITING}/finish.py", (_FINISH + _RESTART).encode(), _ignore)


def _ignore(_: int) -> None:
    """Files of a few bytes are not worth a mark on the progress bar."""

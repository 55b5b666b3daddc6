# SPDX-License-Identifier: MIT
"""`yard backup` and `yard restore`: the files of a board in an archive, and back."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from yard.boards import ports, running
from yard.boards.archive import Archive, is_secret, read, write
from yard.boards.files import BoardFiles
from yard.boards.progress import bar
from yard.boards.repl import Repl
from yard.boards.switch import WAITING, abandon_update, bring, change, present
from yard.fault import Fault

_MPY = "import sys\nprint(getattr(sys.implementation, '_mpy', 0) & 255)"


def run_backup(port: str | None, target: Path, without_secrets: bool, as_json: bool) -> None:
    """Write the archive and say what is in it."""
    port = ports.choose(port)
    archive = backup(port, without_secrets)
    try:
        write(target, archive)
    except OSError as error:
        raise Fault(f"{target}: {error.strerror}") from error
    secret = sorted(archive.secret)
    count = len(archive.files) - (len(secret) if without_secrets else 0)
    if as_json:
        row = {"port": port, "file": str(target), "files": count, "secret": secret}
        typer.echo(json.dumps(row | {"without_secrets": without_secrets}))
        return
    typer.echo(f"{count} files of the board are in {target}")
    if secret:
        names = ", ".join(secret)
        typer.echo(f"left out: {names}" if without_secrets else f"it holds secrets: {names}")


def backup(port: str, without_secrets: bool, patience_s: float = 10) -> Archive:
    """Return the files of a board and let its node run on."""
    with Repl(port, patience_s) as repl:
        repl.stop()
        mpy = int(repl.run(_MPY))
        there = [path for path in present(repl) if not path.startswith(WAITING)]
        board = BoardFiles(repl)
        files = {}
        with bar("read", len(there)) as did:
            for path in there:
                files[path] = board.read(path)
                did(1)
        repl.restart()
    return Archive(files, {p for p, c in files.items() if is_secret(p, c)}, mpy, without_secrets)


def run_restore(port: str | None, source: Path, as_json: bool) -> None:
    """Restore and say what was done."""
    archive = read(source)
    port = ports.choose(port)
    copied, removed = restore(port, archive)
    if as_json:
        typer.echo(json.dumps({"port": port, "copied": copied, "removed": removed}))
    else:
        typer.echo(f"{len(copied)} files copied, {len(removed)} removed")


def restore(port: str, archive: Archive, patience_s: float = 10) -> tuple[list[str], list[str]]:
    """Make the files of a board those of an archive; its secrets stay where that has none.

    Returns:
        Paths that were written and removed.

    Raises:
        Fault: its MicroPython cannot run them.
    """
    with Repl(port, patience_s) as repl:
        repl.stop()
        takes = int(repl.run(_MPY))
        if takes != archive.mpy and any(path.endswith(".mpy") for path in archive.files):
            raise Fault(
                f"the archive is of a MicroPython with .mpy version {archive.mpy}, this board "
                f"takes {takes}: yard flash the older one, or yard deploy"
            )
        abandon_update(repl)
        there = present(repl)
        extra = there.keys() - archive.files.keys()
        if archive.without_secrets:
            board = BoardFiles(repl)
            extra -= {path for path in extra if is_secret(path, board.read(path))}
        wish = change(archive.files, there, extra)
        bring(repl, wish, there)
        repl.restart()
        if any(path.startswith("node/") for path in archive.files):
            running.wait(repl)
    return sorted(wish.write), wish.remove

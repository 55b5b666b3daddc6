# SPDX-License-Identifier: MIT
"""`yard deploy`: brings the firmware to a board, only what changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from yard.boards import ports, running
from yard.boards.files import BoardFiles
from yard.boards.repl import Repl
from yard.boards.switch import abandon_update, bring, change, present
from yard.bundle import LIST, compiled_files, python_files
from yard.fault import Fault
from yard.own_files import read_components, read_python
from yard.places import FIRMWARE

KEPT = ("config.py", "components.json", "credentials.py")  # the person's own, unless told
_OWN_FOLDERS = ("node/", "update/")  # nothing of anybody else lies there
_UPDATE_SUFFIXES = (".new", ".old")  # of what `yard update` has begun
_SUFFIXES = {".py": ".mpy", ".mpy": ".py"}


@dataclass(frozen=True)
class Result:
    """What a deploy did, for scripts."""

    port: str
    board: str
    copied: list[str]
    removed: list[str]
    unchanged: int
    node: str


def run(port: str | None, source: bool, own: Mapping[str, Path], as_json: bool) -> None:
    """Deploy and say what was done. own: files of the person's by their path on the board."""
    contents = {
        path: read_components(file) if path.endswith(".json") else read_python(file)
        for path, file in own.items()
    }
    files = python_files(FIRMWARE) if source else compiled_files(FIRMWARE)
    result = deploy(ports.choose(port), files | contents)
    if as_json:
        typer.echo(json.dumps(vars(result)))
        return
    typer.echo(
        f"{len(result.copied)} files copied, {len(result.removed)} removed, "
        f"{result.unchanged} as they were; {result.node} runs on {result.board}"
    )


def deploy(
    port: str,
    wanted: dict[str, bytes],
    patience_s: float = 10,
    start_s: float = running.LIMIT_S,
) -> Result:
    """Make a board have the files `wanted`, restart it, wait for its node.

    patience_s: how long the board may be silent. start_s: how long the node may take to start.

    Raises:
        Fault: the board takes no such files, is gone, or its node does not run.
    """
    firmware = sorted(wanted.keys() - set(KEPT))
    wanted = wanted | {LIST: "".join(f"{path}\n" for path in firmware).encode()}
    with Repl(port, patience_s) as repl:
        repl.stop()
        board = _check_version(repl, wanted)
        abandon_update(repl)
        there = present(repl)
        wish = change(wanted, there, set(_outdated(repl, wanted, there)))
        bring(repl, wish, there)
        repl.restart()
        node = running.wait(repl, start_s)
    copied = sorted(wish.write.keys() - {LIST})
    return Result(port, board, copied, wish.remove, len(wanted) - len(wish.write), node)


def _check_version(repl: Repl, wanted: Mapping[str, bytes]) -> str:
    """Return what the board is; raise a Fault if its MicroPython cannot read the files."""
    code = "import sys\nprint(getattr(sys.implementation, '_mpy', 0) & 255)\nprint(sys.version)"
    code += "\nprint(getattr(sys.implementation, '_machine', sys.platform))"
    takes, version, machine = repl.run(code).strip().splitlines()
    # https://docs.micropython.org/en/latest/reference/mpyfiles.html: the second byte.
    needed = {data[1] for path, data in wanted.items() if path.endswith(".mpy")}
    if needed - {int(takes)}:
        raise Fault(
            f"the firmware compiles to .mpy version {max(needed)}, MicroPython on the board "
            f"({version}) takes {takes}: yard flash brings another one, --source needs none"
        )
    return machine.strip()


def _outdated(repl: Repl, wanted: Mapping[str, bytes], there: Mapping[str, str]) -> Iterator[str]:
    """Yield what is on the board and must not stay: of an older firmware, or in a file's way."""
    before: set[str] = set()
    if LIST in there:
        lines = BoardFiles(repl).read(LIST).decode(errors="replace").splitlines()
        before = set(lines) - set(KEPT)
    yield from before
    for path in before | wanted.keys():
        yield from (path + suffix for suffix in _UPDATE_SUFFIXES)
    for path in wanted:
        stem, dot, suffix = path.rpartition(".")
        if path not in KEPT and dot + suffix in _SUFFIXES:
            yield stem + _SUFFIXES[dot + suffix]  # of the same name, so one hides the other
    yield from (path for path in there if path.startswith(_OWN_FOLDERS))

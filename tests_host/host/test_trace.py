# SPDX-License-Identifier: MIT
"""`yard trace`: tracebacks of a compiled node with the names of the source."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from desk import YARD
from yard.compile.firmware import names_on_board, read_sources
from yard.compile.join import join
from yard.compile.kept import compile_firmware
from yard.compile.shorten import Shortener
from yard.compile.trace import SourceNames
from yard.places import FIRMWARE
from yard.sim.node import find_micropython

SHORT = names_on_board(FIRMWARE)

pytestmark = pytest.mark.timeout(300)  # a busy computer takes long to read all of the firmware


@pytest.fixture(scope="module")
def short() -> dict[str, str]:
    """What each private name becomes."""
    return Shortener(join(read_sources(FIRMWARE))).names


@pytest.fixture(scope="module")
def source() -> SourceNames:
    return SourceNames(FIRMWARE)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A firmware of a few modules, compiled beside it."""
    texts = {
        "main.py": "",
        "node/a.py": "from import_once import import_once\n\n\ndef begin():\n"
        '    import_once("node.b")._check(_Thing())\n\n\n'
        "class _Thing:\n    def __init__(self):\n        self._size = 1\n",
        "node/b.py": "def _check(thing):\n    return _inner(thing)\n\n\n"
        "def _inner(thing):\n    return thing._missing\n",
        "lib/import_once.py": (FIRMWARE / "lib" / "import_once.py").read_text(),
    }
    for path, text in texts.items():
        file = tmp_path / "firmware" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    compile_firmware(tmp_path / "firmware", tmp_path / "board")
    return tmp_path


def test_what_micropython_prints_has_the_names_of_the_source(small: Path) -> None:
    board = small / "board"
    printed = subprocess.run(
        [find_micropython(), "-c", "import node.a\nnode.a.begin()"],
        env={**os.environ, "MICROPYPATH": f".frozen:{board}:{board / 'lib'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout
    assert "_check" not in printed and "node.b" not in printed, "it is not compiled"
    assert SourceNames(small / "firmware").translate(printed).splitlines() == [
        "Traceback (most recent call last):",
        '  File "<stdin>", line 2, in <module>',
        '  File "firmware/node/a.py", in begin',
        '  File "firmware/node/b.py", in _check',
        '  File "firmware/node/b.py", in _inner',
        "AttributeError: '_Thing' object has no attribute '_missing'",
    ]


def test_all_else_stays_as_it_is(source: SourceNames) -> None:
    text = (
        "12.345 info     node: Switchyard 0.1.0\r\n"
        "Traceback (most recent call last):\n"
        '  File "node/loader.py", line 33, in _load\n'
        '  File "components/mine.py", line 4, in bytecode\n'
        '  File "mine", line 1, in isupper\n'
        "AttributeError: 'bytecode' object has no attribute 'isupper'\n"
        "\x1b[1m"
    )
    assert source.translate(text) == text


def test_a_function_of_joined_modules_is_in_the_file_that_defines_it(source: SourceNames) -> None:
    assert source.translate('File "node.app", line 1, in spawn') == (
        'File "firmware/node/tasks.py" or "firmware/node/app.py", in spawn'
    )
    assert source.translate('File "bus_worker", line 1, in submit') == (
        'File "firmware/lib/bus_worker.py", in submit'
    )


def test_a_class_that_may_be_one_of_several_shows_all(tmp_path: Path) -> None:
    firmware = tmp_path / "firmware"
    firmware.mkdir()
    (firmware / "p.py").write_text("class _Lamp:\n    pass\n")
    (firmware / "q.py").write_text("class _Bell:\n    pass\n")
    names = Shortener(read_sources(firmware)).names
    assert names["_Lamp"] == names["_Bell"], "they need not be told apart"
    said = "File \"p\", line 1, in ring\nAttributeError: '%s' object has no attribute 'x'"
    told = "File \"firmware/p.py\", in ring\nAttributeError: '%s' object has no attribute 'x'"
    translated = SourceNames(firmware).translate(said % names["_Lamp"])
    assert translated == told % "_Bell or _Lamp"


def test_a_traceback_may_come_line_by_line_or_within_json(
    source: SourceNames, short: dict[str, str]
) -> None:
    lines = [
        f'  File "{SHORT["node.definition"]}", line 1, in {short["_visit"]}',
        f"AttributeError: 'int' object has no attribute '{short['_spec']}'",
    ]
    told = [
        '  File "firmware/node/definition.py", in _visit',
        "AttributeError: 'int' object has no attribute '_spec'",
    ]
    assert [source.translate(line) for line in lines] == told
    row = json.dumps({"payload": "\n".join(lines)})
    assert json.loads(source.translate(row)) == {"payload": "\n".join(told)}


def test_a_missing_module_has_its_name_back(source: SourceNames) -> None:
    said = (
        f"File \"node.app\", line 1, in run\nImportError: no module named '{SHORT['node.start']}'"
    )
    assert source.translate(said).endswith("no module named 'node.start'")


def test_the_command_reads_a_file_or_its_input(tmp_path: Path) -> None:
    said = f'  File "{SHORT["node.start"]}", line 1, in run\n\xff\n'.encode("latin-1")
    told = b'  File "firmware/node/start.py", in run\n\xff\n'
    (tmp_path / "reset.txt").write_bytes(said)

    def trace(*arguments: str) -> bytes:
        command = [*YARD, "trace", *arguments]
        return subprocess.run(command, input=said, capture_output=True, check=True).stdout

    assert trace(str(tmp_path / "reset.txt")) == told
    assert trace("-") == trace() == told


def test_each_line_is_shown_when_it_comes() -> None:
    with subprocess.Popen(
        [*YARD, "trace"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write(b"one line\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"one line\n"

# SPDX-License-Identifier: MIT
"""yard flash: esptool against a chip that speaks its loader's protocol."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import json
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from esp_chip import ESP32_C3_ID, EspChip
from terminal import Terminal, with_errors
from yard.boards import micropython, ports
from yard.boards.flash import flash
from yard.fault import Fault

YARD = str(Path(sys.executable).with_name("yard"))
BAUD = 460800


def image(chip_id: int = 0, bootloader: int = 0x1000, start: int = 0x1000) -> bytes:
    """A firmware file for the flash from `start` on: bootloader, partition table, application."""
    whole = bytearray(b"\xff" * 0x14000)
    whole[bootloader : bootloader + 24] = (
        bytes([0xE9, 1, 2, 0x20]) + bytes(8) + bytes([chip_id]) + bytes(11)
    )
    whole[0x8000:0x8002] = b"\xaa\x50"
    whole[0x10000:0x14000] = bytes(range(256)) * 64
    return bytes(whole[start:])


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[EspChip]:
    made = EspChip(tmp_path)
    yield made
    made.close()


def file(folder: Path, content: bytes) -> str:
    path = folder / "firmware.bin"
    path.write_bytes(content)
    return str(path)


def test_micropython_is_written_where_the_chip_looks_for_it(chip: EspChip, tmp_path: Path) -> None:
    done = flash(chip.port, file(tmp_path, image()), None, False, BAUD)
    assert (done.chip, done.flash, done.address) == ("ESP32", "4MB", 0x1000)
    assert chip.flash[0x1000 : 0x1000 + len(image())] == image()
    assert not chip.erased


def test_an_image_of_the_whole_flash_is_written_from_its_beginning(
    chip: EspChip, tmp_path: Path
) -> None:
    done = flash(chip.port, file(tmp_path, image(start=0)), None, False, BAUD)
    assert done.address == 0
    assert chip.flash[: len(image(start=0))] == image(start=0)


def test_a_chip_whose_bootloader_is_at_the_beginning(tmp_path: Path) -> None:
    chip = EspChip(tmp_path, ESP32_C3_ID)
    try:
        content = image(ESP32_C3_ID, bootloader=0, start=0)
        done = flash(chip.port, file(tmp_path, content), None, False, BAUD)
        assert (done.chip, done.address) == ("ESP32-C3", 0)
        assert chip.flash[: len(content)] == content
    finally:
        chip.close()


def test_the_whole_flash_is_erased_when_asked(chip: EspChip, tmp_path: Path) -> None:
    chip.flash[0x300000] = 0
    flash(chip.port, file(tmp_path, image()), None, True, BAUD)
    assert chip.erased
    assert chip.flash[0x300000] == 0xFF


def test_what_the_flash_does_not_hold_is_a_fault(chip: EspChip, tmp_path: Path) -> None:
    chip.damaged = 0x2000
    with pytest.raises(Fault, match=r"MD5|hash"):
        flash(chip.port, file(tmp_path, image()), None, False, BAUD)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no firmware", "is no MicroPython for ESP32"),
        (image(ESP32_C3_ID), "is for another chip than ESP32"),
        (image() + bytes(4 << 20), "the flash 4MB"),
    ],
)
def test_what_is_not_for_the_chip_is_not_written(
    chip: EspChip, tmp_path: Path, content: bytes, why: str
) -> None:
    with pytest.raises(Fault, match=why):
        flash(chip.port, file(tmp_path, content), None, False, BAUD)
    assert set(chip.flash) == {0xFF}


def test_the_command_says_port_chip_and_address(chip: EspChip, tmp_path: Path) -> None:
    command = [YARD, "flash", "--port", chip.port, "--firmware", file(tmp_path, image()), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert (told["port"], told["chip"], told["address"]) == (chip.port, "ESP32", 0x1000)
    assert f"board at {chip.port}" in done.stderr


# More than one message to the chip: what repeats is packed into one.
LARGE = image() + random.Random(0).randbytes(0x10000)


def test_the_bar_follows_what_is_written(
    chip: EspChip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []

    @contextlib.contextmanager
    def bar(_title: str, total: int) -> Iterator[Callable[[int], None]]:
        assert total == 100
        yield steps.append

    monkeypatch.setattr("yard.boards.flash.bar", bar)
    flash(chip.port, file(tmp_path, LARGE), None, False, BAUD)
    assert sum(steps) == 100
    assert len([step for step in steps if step > 0]) > 2


def test_a_person_sees_the_bar_at_its_end(chip: EspChip, tmp_path: Path) -> None:
    firmware = file(tmp_path, LARGE)
    terminal = Terminal(with_errors([YARD, "flash", "--port", chip.port, "--firmware", firmware]))
    try:
        terminal.wait_for("bytes, verified")
        assert re.findall(r"(\d+)%", terminal.output)[-1] == "100"
    finally:
        terminal.close()


# -- files and versions ---------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that stands for micropython.org; the cache is a scratch folder."""
    folder = tmp_path / "server"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setattr(micropython, "URL", f"http://127.0.0.1:{running.server_port}/")
        yield folder
        running.shutdown()


NAME = "ESP32_GENERIC-20260406-v1.28.0.bin"


def test_a_version_is_downloaded_once_and_kept(server: Path) -> None:
    (server / NAME).write_bytes(image())
    assert micropython.find("1.28.0", "ESP32", None).read_bytes() == image()
    (server / NAME).unlink()
    assert micropython.find("v1.28.0", "ESP32", None).read_bytes() == image()


def test_a_kept_file_that_changed_is_not_used(server: Path) -> None:
    (server / NAME).write_bytes(image())
    micropython.find("1.28.0", "ESP32", None).write_bytes(b"changed")
    with pytest.raises(Fault, match="delete it to have it anew"):
        micropython.find("1.28.0", "ESP32", None)


def test_a_hash_that_was_given_counts(server: Path) -> None:
    (server / NAME).write_bytes(image())
    right = hashlib.sha256(image()).hexdigest()
    assert micropython.find("1.28.0", "ESP32", right.upper())
    with pytest.raises(Fault, match="not 00"):
        micropython.find("1.28.0", "ESP32", "00" * 32)


@pytest.mark.parametrize(
    ("wanted", "chip", "why"),
    [
        ("1.28.0", "ESP32", "cannot be downloaded"),
        ("0.9", "ESP32", "no MicroPython 0.9 for ESP32"),
        ("1.28.0", "ESP8266", "no MicroPython 1.28.0 for ESP8266"),
    ],
)
def test_what_cannot_be_had_says_what_can(server: Path, wanted: str, chip: str, why: str) -> None:
    with pytest.raises(Fault, match=why):
        micropython.find(wanted, chip, None)
    assert not list((server.parent / "cache").rglob("*.bin"))


def test_a_file_that_is_not_there_is_said_before_a_board_is_touched() -> None:
    with pytest.raises(Fault, match=r"nothing\.bin: no such file, and no version such as"):
        flash("/dev/null", "nothing.bin", None, False, BAUD)


# -- ports ----------------------------------------------------------------------------------


def found(monkeypatch: pytest.MonkeyPatch, *devices: str) -> None:
    infos = [SimpleNamespace(device=d, description=f"bridge {d[-1]}", vid=0x10C4) for d in devices]
    infos.append(SimpleNamespace(device="/dev/ttyS0", description="n/a", vid=None))
    monkeypatch.setattr(ports.list_ports, "comports", lambda: infos)


def test_the_only_board_is_taken_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, "/dev/ttyUSB0")
    assert ports.choose(None) == "/dev/ttyUSB0"
    assert capsys.readouterr().err == "yard: board at /dev/ttyUSB0\n"


def test_no_board_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch)
    with pytest.raises(Fault, match=r"^no board on any USB port: [^\n]*--port$"):
        ports.choose(None)


def test_several_boards_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, "/dev/ttyUSB1", "/dev/ttyUSB0")
    with pytest.raises(Fault, match=r"/dev/ttyUSB0 \(bridge 0\), /dev/ttyUSB1 \(bridge 1\)$"):
        ports.choose(None)
    assert ports.choose("/dev/ttyUSB1") == "/dev/ttyUSB1"


@pytest.mark.parametrize(
    "command", ["flash", "deploy", "provision", "console", "backup", "restore"]
)
def test_every_command_has_help(command: str) -> None:
    done = subprocess.run([YARD, command, "--help"], capture_output=True, text=True, check=True)
    assert "--port" in done.stdout

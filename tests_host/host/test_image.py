# SPDX-License-Identifier: MIT
"""`yard image`: the flash of a board, parsed back, and its file system as MicroPython sees it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import esp_firmware
from yard import cli
from yard.compile.kept import compile_firmware
from yard.image.partitions import Partition, read_table
from yard.places import FIRMWARE, PORT
from yard.sim.node import find_micropython

MB = 1 << 20
BLOCK = 4096


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Image = Callable[..., Done]

pytestmark = pytest.mark.timeout(600)  # a busy computer takes a minute to compile the firmware


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled firmware, once for all tests."""
    folder: Path = tmp_path_factory.mktemp("compiled")
    compile_firmware(FIRMWARE, folder)
    return folder


@pytest.fixture
def image(
    tmp_path: Path,
    compiled: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Image:
    """Function that is `yard image -o node.bin` in a scratch folder."""

    def copy(_firmware: Path, target: Path) -> None:
        shutil.copytree(compiled, target, dirs_exist_ok=True)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr("sys.argv", ["yard", "image", "-o", "node.bin", *arguments])
        monkeypatch.setattr("yard.bundle.compile_firmware", copy)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    monkeypatch.chdir(tmp_path)
    return run


def store(folder: Path, content: bytes) -> str:
    (folder / "micropython.bin").write_bytes(content)
    return "--firmware=micropython.bin"


def made(image: Image, *arguments: str) -> dict[str, Any]:
    done = image(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def in_micropython(script: str, filesystem: Path) -> str:
    """Run a script in a MicroPython whose current folder is a file system."""
    head = f"import sys; sys.path.append({str(PORT)!r}); import flash_image\n"
    head += (
        f"flash_image.mount({str(filesystem)!r})\nsys.path[:] = ['', '.frozen', '/flash/lib']\n"
    )
    command = [find_micropython(), "-c", head + script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


# -- a whole flash --------------------------------------------------------------------------


def test_every_region_is_at_its_offset(image: Image, tmp_path: Path) -> None:
    content = esp_firmware.firmware()
    report = made(image, store(tmp_path, content))
    flash = (tmp_path / "node.bin").read_bytes()
    assert len(flash) == 4 * MB == report["flash_size"]
    assert flash[:0x1000] == b"\xff" * 0x1000
    assert flash[0x1000 : 0x1000 + len(content)] == content
    assert set(flash[0x1000 + len(content) : 2 * MB]) == {0xFF}
    assert flash[2 * MB + 8 : 2 * MB + 16] == b"littlefs"
    assert read_table(flash[0x8000:]) == [Partition(*row) for row in esp_firmware.SINCE_1_26]
    assert [(r["name"], r["offset"], r["size"]) for r in report["regions"]] == [
        ("boot loader", 0x1000, 0x7000),
        ("partition table", 0x8000, 0x1000),
        ("nvs", 0x9000, 0x6000),
        ("phy_init", 0xF000, 0x1000),
        ("factory", 0x10000, 0x1F0000),
        ("vfs", 2 * MB, 2 * MB),
    ]


def test_the_report_tells_what_is_used_and_free(
    image: Image, compiled: Path, tmp_path: Path
) -> None:
    report = made(image, store(tmp_path, esp_firmware.firmware()))
    used = {region["name"]: region["used"] for region in report["regions"]}
    assert used["factory"] == len(esp_firmware.application())
    assert used["vfs"] == report["used"] == 2 * MB - report["free"]
    assert report["files"] == sum(p.is_file() for p in compiled.rglob("*")) + 1  # the list
    assert report["micropython"] == esp_firmware.VERSION
    assert (report["chip"], report["address"]) == ("ESP32", 0)


def test_a_person_reads_it_as_a_table(image: Image, tmp_path: Path) -> None:
    done = image(store(tmp_path, esp_firmware.firmware()))
    assert done.returncode == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "ESP32 with 4 MB of flash, MicroPython v1.26.1"
    assert "0x010000 1984 KB 5 KB factory" in lines
    assert lines[-1] == "node.bin is written; it belongs to address 0x0"


@pytest.mark.parametrize("entries", [esp_firmware.SINCE_1_26, esp_firmware.UP_TO_1_25])
def test_the_file_system_is_where_micropython_looks_for_it(
    image: Image, tmp_path: Path, entries: Any
) -> None:
    made(image, store(tmp_path, esp_firmware.firmware(esp_firmware.table(entries))))
    flash = (tmp_path / "node.bin").read_bytes()
    (tmp_path / "area.bin").write_bytes(flash[2 * MB :])
    assert "main.py" in in_micropython("import os; print(os.listdir())", tmp_path / "area.bin")


def test_a_larger_flash_gives_a_larger_file_system(image: Image, tmp_path: Path) -> None:
    report = made(image, store(tmp_path, esp_firmware.firmware()), "--flash-size", "16")
    assert (tmp_path / "node.bin").stat().st_size == 16 * MB
    assert report["used"] + report["free"] == 14 * MB
    flash = (tmp_path / "node.bin").read_bytes()
    blocks = struct.unpack_from("<I", flash, 2 * MB + 28)
    assert blocks == (14 * MB // BLOCK,), "what the super block says must be what the board has"


def test_an_entry_of_the_table_goes_before_the_end_of_the_flash(
    image: Image, tmp_path: Path
) -> None:
    content = esp_firmware.firmware(esp_firmware.table(esp_firmware.UP_TO_1_25))
    report = made(image, store(tmp_path, content), "--flash-size", "16")
    assert report["regions"][-1]["size"] == 2 * MB


def test_the_boot_loader_of_an_esp32_s3_is_at_0(image: Image, tmp_path: Path) -> None:
    content = esp_firmware.firmware(chip=9, flash=3)
    report = made(image, store(tmp_path, content))
    flash = (tmp_path / "node.bin").read_bytes()
    assert flash[: len(content)] == content
    assert (report["chip"], report["flash_size"]) == ("ESP32-S3", 8 * MB)


# -- the file system ------------------------------------------------------------------------


def test_micropython_reads_what_was_put_in(image: Image, tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text("NODE_ID = 'hall'\n")
    (tmp_path / "c.json").write_text("{}  // nothing yet\n")
    report = made(image, "--filesystem", "--config", "config.py", "--components", "c.json")
    script = """if 1:
        import os, node
        print(open("config.py").read() + open("components.json").read(), end="")
        print(node.VERSION, sorted(os.listdir()), os.statvfs("/flash")[:4])"""
    lines = in_micropython(script, tmp_path / "node.bin").splitlines()
    assert lines[:2] == ["NODE_ID = 'hall'", "{}  // nothing yet"]
    assert all(f"'{name}'" in lines[2] for name in ("boot.py", "config.py", "lib", "setup.mpy"))
    free = int(lines[2].rstrip(")").rpartition(", ")[2]) * BLOCK
    # MicroPython counts the two blocks of each folder twice.
    folders = sum(path.is_dir() for path in FIRMWARE.rglob("*"))
    assert report["free"] - 2 * folders * BLOCK <= free <= report["free"]
    assert report["address"] == 2 * MB


def test_micropython_writes_to_it(image: Image, tmp_path: Path) -> None:
    made(image, "--filesystem")
    write = "f = open('kept.json', 'w'); f.write('{}' * 5000); f.close()"
    in_micropython(write, tmp_path / "node.bin")
    assert in_micropython("print(open('kept.json').read() == '{}' * 5000)", tmp_path / "node.bin")


def test_every_file_is_as_it_was_compiled(image: Image, compiled: Path, tmp_path: Path) -> None:
    made(image, "--filesystem")
    script = """if 1:
        import os, hashlib, binascii
        def show(folder):
            for name, kind, *_ in os.ilistdir(folder):
                path = folder + "/" + name
                if kind == 0x4000:
                    show(path)
                elif name != "deployed.txt":
                    with open(path, "rb") as f:
                        print(path, binascii.hexlify(hashlib.sha256(f.read()).digest()).decode())
        show("/flash")"""
    seen = sorted(in_micropython(script, tmp_path / "node.bin").splitlines())
    assert seen == sorted(
        f"/flash/{path.relative_to(compiled).as_posix()} "
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in compiled.rglob("*")
        if path.is_file()
    )


def test_esptool_agrees_that_it_is_a_firmware(tmp_path: Path) -> None:
    (tmp_path / "app.bin").write_bytes(esp_firmware.application())
    command = [sys.executable, "-m", "esptool", "image-info", str(tmp_path / "app.bin")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "Chip ID: 0 (ESP32)" in done.stdout
    assert re.search(r"Checksum: .* \(valid\)", done.stdout)
    assert re.search(r"Validation hash: .* \(valid\)", done.stdout)
    assert f"App version: {esp_firmware.VERSION}" in done.stdout


# -- what is refused ------------------------------------------------------------------------

GOOD = esp_firmware.firmware()


def flipped(offset: int) -> bytes:
    """Return the firmware with one bit changed; offset: in the flash."""
    at = offset - 0x1000
    return GOOD[:at] + bytes([GOOD[at] ^ 1]) + GOOD[at + 1 :]


OVERLAP = (("factory", 0, 0, 0x10000, 0x100000), ("vfs", 1, 0x81, 0x100000, 0x100000))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no firmware for an ESP32"),
        (b"hello", "no firmware for an ESP32"),
        (esp_firmware.application(), "no partition table"),
        (GOOD[:0x8000], "not complete"),
        (GOOD[:-100], "not complete"),
        (flipped(0x1030), "boot loader in micropython.bin is damaged"),
        (flipped(0x10040), "application in micropython.bin is damaged"),
        (flipped(0x8005), "partition table of the firmware is damaged"),
        (esp_firmware.firmware(esp_firmware.table(OVERLAP)), "vfs overlaps factory"),
        (esp_firmware.firmware(flash=0), "but the flash at 0x100000"),
        (esp_firmware.firmware(flash=1), "no room is left for a file system"),
    ],
)
def test_a_firmware_that_cannot_work_is_refused_in_one_line(
    image: Image, tmp_path: Path, content: bytes, told: str
) -> None:
    done = image(store(tmp_path, content))
    assert done.returncode == 1
    assert done.stderr.startswith("yard: ") and done.stderr.count("\n") == 1
    assert told in done.stderr
    assert not (tmp_path / "node.bin").exists()


def test_a_broken_config_is_refused_without_showing_it(image: Image, tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text("A = 1\nWIFI_PASSWORD = 'secret\n")
    done = image("--filesystem", "--config", "config.py")
    assert done.returncode == 1
    assert "config.py, line 2" in done.stderr
    assert "secret" not in done.stderr


def test_broken_components_are_refused_with_their_line(image: Image, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"a": {}\n "b"')
    done = image("--filesystem", "--components", "c.json")
    assert done.returncode == 1
    assert "c.json, line 2" in done.stderr

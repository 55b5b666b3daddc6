# SPDX-License-Identifier: MIT
"""MicroPython's own firmware files: which there are, where from, what is in them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from yard.fault import Fault

URL = "https://micropython.org/resources/firmware/"
DEFAULT = "1.28.0"
# Releases, with the date that is in the names of their files.
RELEASES = {
    "1.22.2": "20240222",
    "1.23.0": "20240602",
    "1.24.0": "20241025",
    "1.24.1": "20241129",
    "1.25.0": "20250415",
    "1.26.1": "20250911",
    "1.27.0": "20251209",
    "1.28.0": "20260406",
    "1.29.0": "20260824",
}
BOARDS = {
    "ESP32": "ESP32_GENERIC",
    "ESP32-S2": "ESP32_GENERIC_S2",
    "ESP32-S3": "ESP32_GENERIC_S3",
    "ESP32-C3": "ESP32_GENERIC_C3",
    "ESP32-C6": "ESP32_GENERIC_C6",
}
_TIMEOUT_S = 60
_LARGEST = 16 << 20
# Facts of ESP-IDF: an image begins with 0xE9 and has the chip's number at offset 12, the partition
# table begins with 0xAA 0x50 and lies at 0x8000 of the flash.
_IMAGE = 0xE9
_CHIP = slice(12, 14)
_TABLE = b"\xaa\x50"
_TABLE_AT = 0x8000


def is_version(text: str) -> bool:
    """Return whether a text names a version, not a file."""
    return text.removeprefix("v").replace(".", "").isdigit()


def find(wanted: str, chip: str, sha256: str | None) -> Path:
    """Return the firmware file: the one that is named, or the version for a chip, downloaded once.

    sha256: what the file must have; without it the hash of the first download counts.

    Raises:
        Fault: there is none, or it is not the one that it should be.
    """
    if is_version(wanted):
        path = _cached(wanted.removeprefix("v"), chip)
        expected = sha256 or _recorded(path)
    else:
        path, expected = Path(wanted), sha256
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from error
    if expected and found != expected.lower():
        raise Fault(f"{path} has SHA-256 {found}, not {expected}: delete it to have it anew")
    return path


def address(image: bytes, chip: str, chip_id: int, bootloader: int) -> int:
    """Return where in the flash a firmware file belongs.

    chip_id: the chip's number in images. bootloader: where the flash has it.

    Raises:
        Fault: it is no firmware, or one for another chip.
    """
    for start in (bootloader, 0):
        first = bootloader - start  # of the bootloader, in the file
        table = _TABLE_AT - start
        if image[table : table + 2] == _TABLE and image[first : first + 1] == bytes([_IMAGE]):
            break
    else:
        raise Fault(
            f"this is no MicroPython for {chip}: its bootloader or its partition table is not "
            f"where {chip} has it; .bin files of {URL} and yard image are"
        )
    numbers = image[first:][_CHIP]
    if int.from_bytes(numbers, "little") != chip_id:
        raise Fault(f"this MicroPython is for another chip than {chip}")
    return start


def _cached(version: str, chip: str) -> Path:
    """Return the file of a release, downloaded if it is not here yet."""
    if version not in RELEASES or chip not in BOARDS:
        known = f"versions {', '.join(RELEASES)} for {', '.join(BOARDS)}"
        raise Fault(f"no MicroPython {version} for {chip} is known here, but {known}; name a file")
    name = f"{BOARDS[chip]}-{RELEASES[version]}-v{version}.bin"
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "switchyard"
    path = folder / name
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _download(URL + name, path)
        except OSError as error:
            raise Fault(
                f"{URL + name} cannot be downloaded ({error}): download it elsewhere and give "
                "the file to --firmware"
            ) from error
    return path


def _download(url: str, path: Path) -> None:
    from urllib.request import urlopen  # slow to import, rarely needed

    with urlopen(url, timeout=_TIMEOUT_S) as answer:
        content = answer.read(_LARGEST)
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    # First: a file without it would be taken unchecked.
    _record(path).write_text(hashlib.sha256(content).hexdigest() + "\n", encoding="ascii")
    new.replace(path)


def _record(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _recorded(path: Path) -> str | None:
    record = _record(path)
    return record.read_text(encoding="ascii").strip() if record.exists() else None

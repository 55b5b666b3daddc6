# SPDX-License-Identifier: MIT
"""The firmware as it can lie on a board: compiled, as source, or in a ROM file system."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import micropython32
from benchmarks.probed import Start
from yard.compile.firmware import compile_text, module_name, names_on_board
from yard.compile.kept import compile_firmware
from yard.places import FIRMWARE, PORT

PINS = 16  # of a chip

_FIRST = 0x20
_DEBOUNCE_MS = 100
_PROBE = Path(__file__).resolve().with_name("node_probe.py")

# https://docs.micropython.org/en/latest/reference/romfs.html
_ROM_HEADER = b"\xd2\xcd\x31"
_RECORD_DATA = 2
_RECORD_FOLDER = 4
_RECORD_FILE = 5


@dataclass(frozen=True)
class Deployment:
    """The firmware in a scratch folder, and how a node is started from it."""

    micropython: Path
    firmware: Path
    port: Path
    sizes: dict[str, int]  # of every .mpy file of the firmware
    names: dict[str, str]  # of modules that are called otherwise there, by what they are there

    def start(self, chips: int, inputs: int = 0, heap: int | None = None, *options: str) -> Start:
        """Return how to start a node with `chips` full expanders, `inputs` inputs on each."""
        text = components(chips, inputs)
        start = Start(
            self.micropython, self.firmware, self.port, text, options=options, names=self.names
        )
        return start if heap is None else replace(start, heap=heap)


@contextmanager
def deployed() -> Iterator[Deployment]:
    """Compile the firmware and what stands in for the ESP32 into a scratch folder.

    Raises:
        micropython32.Unavailable: there is no interpreter.
    """
    micropython = micropython32.find()
    with tempfile.TemporaryDirectory(prefix="switchyard-memory-") as name:
        folder = Path(name)
        sizes = compile_firmware(FIRMWARE, folder / "firmware")
        _compile_others(PORT, folder / "port")
        _compile_others(_PROBE.parent, folder / "port", _PROBE.name)
        names = {short: name for name, short in names_on_board(FIRMWARE).items()}
        yield Deployment(micropython, folder / "firmware", folder / "port", sizes, names)


def components(chips: int, inputs: int) -> str:
    """Return a components.json: the first `inputs` pins of each chip are inputs."""
    i2c = {"scl": 22, "sda": 21, "freq": 100000}
    whole: dict[str, object] = {
        "i2c": {"package": ".machine.i2c", "component": "I2C", "constructor_args": i2c}
    }
    for chip in range(chips):
        arguments = {
            "i2c": "@i2c",
            "address": _FIRST + chip,
            "pins": [_pin(chip, pin, pin < inputs) for pin in range(PINS)],
        }
        whole[f"chip{chip}"] = {
            "package": ".devices.mcp23017",
            "component": "MCP23017",
            "constructor_args": arguments,
        }
    return json.dumps(whole)


def _pin(chip: int, pin: int, is_input: bool) -> dict[str, object]:
    number = chip * PINS + pin + 1
    if is_input:
        button = {"pin": pin, "type": "binary_sensor", "name": f"Button {number}"}
        return button | {"id": f"in{pin}", "debounce": _DEBOUNCE_MS}
    return {"pin": pin, "type": "switch", "name": f"Relay {number}", "id": f"out{pin}"}


def _compile_others(source: Path, target: Path, pattern: str = "*.py") -> None:
    """Compile what is no firmware: every module below `source` whose name fits."""
    for path in sorted(source.rglob(pattern)):
        relative = path.relative_to(source)
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        compile_text(path.read_text(), module_name(relative), target / relative)


def copy_source(target: Path) -> None:
    """Copy the modules of the firmware."""
    shutil.copytree(FIRMWARE, target, ignore=shutil.ignore_patterns("__pycache__"))


def rom_image(folder: Path) -> bytes:
    """Return the image of a ROM file system with the content of `folder`."""
    records = _records(folder)
    return _ROM_HEADER + _number(len(records)) + records


def _records(folder: Path) -> bytes:
    records = []
    for path in sorted(folder.iterdir()):
        name = path.name.encode()
        if path.is_dir():
            kind, content = _RECORD_FOLDER, _records(path)
        else:
            kind, content = _RECORD_FILE, _record(_RECORD_DATA, path.read_bytes())
        records.append(_record(kind, _number(len(name)) + name + content))
    return b"".join(records)


def _record(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _number(len(payload)) + payload


def _number(value: int) -> bytes:
    """Return a number in groups of seven bits, the highest first."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.insert(0, 0x80 | value & 0x7F)
    return bytes(groups)

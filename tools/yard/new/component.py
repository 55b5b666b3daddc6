# SPDX-License-Identifier: MIT
"""`yard new component`: writes a component that runs, to be changed."""

import json
import keyword
import re
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

from yard.fault import Fault
from yard.places import FIRMWARE

_TEMPLATES = Path(__file__).with_name("templates")
_COMPONENTS = FIRMWARE / "components"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")

# What an example with a pin needs besides.
_BOARD = {
    "i2c": {
        "package": ".machine.i2c",
        "component": "I2C",
        "constructor_args": {"scl": 22, "sda": 21},
    },
    "board1": {
        "package": ".devices.mcp23017",
        "component": "MCP23017",
        "constructor_args": {
            "i2c": "@i2c",
            "address": "0x20",
            "pins": [{"pin": 0, "type": "light", "name": "Lamp"}],
        },
    },
}


@dataclass(frozen=True)
class Kind:
    """A kind of template.

    Attributes:
        room: the folder of `firmware/components` for it.
        arguments: of the example in components.json.
        needs: further components of the example.
    """

    room: str
    arguments: dict[str, Any]
    needs: dict[str, Any] = field(default_factory=dict)


KINDS = {
    "sensor": Kind("sensors", {"interval_reading": 2, "interval_publish": 5}),
    "switch": Kind("devices", {}),
    "component": Kind("logic", {"pin": "@board1.0", "interval": 2}, _BOARD),
}
PROGRAM = "components.py"


def write_component(name: str, kind: str, folder: Path | None) -> tuple[list[Path], str]:
    """Write the files of a new component; return them, and a components.json that tries it.

    Args:
        name: of the module, and of the component in the example.
        kind: one of `KINDS`.
        folder: where, None for the place in `firmware/components`.

    Raises:
        Fault: the name cannot be, or there is such a file.
    """
    _check(name)
    room = KINDS[kind].room
    target = folder or _COMPONENTS / room
    # Beside components.json a module has no package.
    module = f"components/{room}/{name}" if folder is None else name
    texts = {
        target / f"{name}.py": _filled(kind, name, module),
        target / f"{name}_args.py": _filled(f"{kind}_args", name, module),
    }
    _write(texts)
    member = {
        "package": f".{room}.{name}" if folder is None else name,
        "component": _class_name(name),
        "constructor_args": KINDS[kind].arguments,
    }
    return list(texts), _one_line_each({**KINDS[kind].needs, name: member})


def write_program(name: str, folder: Path) -> Path:
    """Write a components.py with a component `name`; return its path.

    Raises:
        Fault: the name cannot be, or there is such a file.
    """
    _check(name)
    path = folder / PROGRAM
    _write({path: _filled("program", name, PROGRAM)})
    return path


def _check(name: str) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name.endswith("_args"):
        raise Fault(
            f'"{name}" cannot be the name of a component: it must be a name of Python, '
            "1 to 32 small letters, digits and _, such as cellar_door"
        )


def _filled(template: str, name: str, module: str) -> str:
    text = (_TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")
    title = name.replace("_", " ").capitalize()
    return Template(text).substitute(name=name, cls=_class_name(name), title=title, module=module)


def _one_line_each(members: dict[str, Any]) -> str:
    lines = [f"  {json.dumps(name)}: {json.dumps(member)}" for name, member in members.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _class_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _write(texts: dict[Path, str]) -> None:
    for path in texts:
        if path.exists():
            raise Fault(f"{path} exists: choose another name, or delete it")
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Fault(f"{path}: {error.strerror}") from error

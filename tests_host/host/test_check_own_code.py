# SPDX-License-Identifier: MIT
"""`yard check`: what it says of the faults in a component that somebody writes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from yard.check.catalogue import Catalogue
from yard.check.faults import ConfigurationFault
from yard.check.run import check

HEAD = """\
import asyncio
from node.component import Component, ConfigError, Entity


class Own(Component):
"""
OWN_LINE = HEAD.count("\n")


def configuration(folder: Path, module: str, args: str = "", **arguments: Any) -> Path:
    """A configuration with the component `mine` of a module beside it."""
    (folder / "own.py").write_text(module)
    if args:
        (folder / "own_args.py").write_text(args)
    path = folder / "components.json"
    member = {"package": "own", "component": "Own", "constructor_args": arguments}
    path.write_text(json.dumps({"mine": member}, indent=1))
    return path


def only_fault(folder: Path, module: str, args: str = "", **arguments: Any) -> ConfigurationFault:
    (fault,) = check(configuration(folder, module, args, **arguments))
    assert fault.component == "mine"
    return fault


# What follows the head, phase, message, and which line of it is to blame.
FAULTS = {
    "a syntax error": ("    x = = 1\n", "import", "SyntaxError: invalid syntax", 1),
    "an import of what is not there": (
        "    import nowhere\n",
        "import",
        "ImportError: no module named 'nowhere'",
        1,
    ),
    "a constructor that raises": (
        "    def __init__(self):\n        self.x = 1\n        raise OSError('no')\n",
        "construct",
        "OSError: no",
        3,
    ),
    "a start that raises": (
        "    async def start(self):\n        self.node.nothing()\n",
        "start",
        "AttributeError: 'Node' object has no attribute 'nothing'",
        2,
    ),
    "a task that dies": (
        "    async def start(self):\n        self.node.spawn(self.name, self.run)\n"
        "    async def run(self):\n        return 1 / 0\n",
        "task",
        "ZeroDivisionError: divide by zero",
        4,
    ),
    "an entity that cannot tell its state": (
        "    async def start(self):\n        self.node.add_entity(self, Thing('a', 'A'))\n"
        "class Thing(Entity):\n    platform = 'sensor'\n    def state(self):\n"
        "        return str(1 / 0)\n",
        "online",
        "ZeroDivisionError: divide by zero",
        6,
    ),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_an_exception_is_told_with_the_line_that_raised_it(tmp_path: Path, kind: str) -> None:
    code, phase, message, line = FAULTS[kind]
    fault = only_fault(tmp_path, HEAD + code)
    assert (fault.phase, fault.message) == (phase, message)
    assert fault.hint == f"see {tmp_path / 'own.py'}:{OWN_LINE + line}"
    assert (Path(fault.file).name, fault.line) == ("components.json", 2)


def test_the_line_is_one_of_the_module_itself_when_what_it_uses_raises(tmp_path: Path) -> None:
    module = (
        "from components.sensors.base import Sensor\n"
        "class Own(Sensor):\n    def __init__(self):\n"
        "        self.measures('temperature', -40, 125)\n"
    )
    assert only_fault(tmp_path, module).hint == f"see {tmp_path / 'own.py'}:4"


def test_files_below_the_current_folder_are_shown_as_they_are_called_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir("house")
    fault = only_fault(Path("house"), HEAD + FAULTS["a start that raises"][0])
    assert fault.hint == f"see house/own.py:{OWN_LINE + 2}"


def test_a_component_that_ends_the_whole_node_is_told(tmp_path: Path) -> None:
    code = "    async def start(self):\n        raise SystemExit(3)\n"
    fault = only_fault(tmp_path, HEAD + code)
    assert fault.message.startswith("it ended")


def test_an_announcement_that_is_no_json_is_a_fault(tmp_path: Path) -> None:
    code = (
        "    async def start(self):\n"
        "        self.node.add_entity(self, Thing('a', 'A', {'unit_of_meas': asyncio}))\n"
        "class Thing(Entity):\n    platform = 'sensor'\n    def state(self):\n"
        "        return b'1'\n"
    )
    fault = only_fault(tmp_path, HEAD + code)
    assert (fault.phase, fault.message) == ("online", "ValueError: syntax error in JSON")
    assert "options" in fault.hint


def test_an_entity_whose_id_cannot_be_part_of_a_topic_is_a_fault(tmp_path: Path) -> None:
    code = "    async def start(self):\n        self.node.add_entity(self, Entity('my door'))\n"
    assert 'in the object_id "my door"' in only_fault(tmp_path, HEAD + code).message


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("    def start(self):\n        pass\n", "async def"),
        (
            "    async def start(self):\n        self.node.spawn(self.name, self.run())\n"
            "    async def run(self):\n        await asyncio.sleep(1)\n",
            "without ()",
        ),
        ("    def __init__(self):\n        self.node.log\n", "from start() on"),
        ("    def __init__(self, a, b):\n        pass\n", "constructor_args"),
    ],
    ids=["start is not async", "a task that is called", "node in the constructor", "missing"],
)
def test_what_beginners_do_is_told_with_what_would_be_right(
    tmp_path: Path, code: str, hint: str
) -> None:
    fault = only_fault(tmp_path, HEAD + code)
    assert hint in fault.message + fault.hint


def test_an_argument_that_a_constructor_does_not_have_is_told_where_it_stands(
    tmp_path: Path,
) -> None:
    code = "    def __init__(self, interval=1):\n        pass\n"
    fault = only_fault(tmp_path, HEAD + code, period=2)
    assert (fault.key, fault.line) == ("period", 6)
    assert fault.message == "TypeError: unexpected keyword argument 'period'"


def test_a_program_that_raises_is_told_with_its_line(tmp_path: Path) -> None:
    program = tmp_path / "components.py"
    program.write_text("COMPONENTS = {}\n\n1 / 0\n")
    (fault,) = check(program)
    assert (fault.file, fault.line, fault.hint) == (str(program), 3, "")


# -- a description that is none -----------------------------------------------------------

MODULE = HEAD + "    def __init__(self, interval=1):\n        pass\n"


@pytest.mark.parametrize(
    ("description", "key", "message"),
    [
        ({"type": "foat"}, "interval.type", 'unknown value "foat"'),
        ({"typ": "float"}, "interval", 'unknown key "typ"'),
        ({"type": "float", "min": "0"}, "interval.min", "expected a number, not text"),
        ({"type": "list", "item": {"type": 1}}, "interval.item.type", "expected text"),
        (
            {"type": "dict", "keys": {"on": {"typ": "int"}}},
            "interval.keys.on",
            'unknown key "typ"',
        ),
    ],
)
def test_a_wrong_description_is_told_in_its_own_file(
    tmp_path: Path, description: object, key: str, message: str
) -> None:
    args = f"ARGS = {{\n    'Own': {{\n        'interval': {description!r}\n    }}\n}}\n"
    fault = only_fault(tmp_path, MODULE, args, interval=2)
    assert (fault.file, fault.line) == (str(tmp_path / "own_args.py"), 3)
    assert (fault.phase, fault.key) == ("check", key)
    assert fault.message.startswith(message)


def test_every_description_that_is_shipped_is_one() -> None:
    catalogue = Catalogue()
    for package in catalogue.packages.values():
        for component in package.classes:
            assert catalogue.description_faults(package.name, component) == [], component

# SPDX-License-Identifier: MIT
"""`yard check`: what it finds in configurations, and where it says that it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import YARD
from yard.check.catalogue import Catalogue
from yard.check.dry_load import dry_load
from yard.check.faults import Faults
from yard.check.run import TOLD, check, described
from yard.check.source import read

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "components.json.example"


def yard_check(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*YARD, "check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    return path


def found_on_lines(path: Path, config: Path | None = None) -> dict[str, list[str]]:
    """The faults as `file:line` to texts."""
    found: dict[str, list[str]] = {}
    for fault in check(path, config):
        text = str(fault).split(": ", 1)[1]
        found.setdefault(f"{Path(fault.file).name}:{fault.line}", []).append(text)
    return found


def noted_on_lines(*paths: Path) -> dict[str, list[str]]:
    """What the comments `//! text` and `#! text` in the files say that is wrong on their line."""
    return {
        f"{path.name}:{number}": re.split(r" \| ", note[1])
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (note := re.search(r"(?://|#)! (.*)", line))
    }


# Each comment with an exclamation mark says what is wrong on its line.
FAULTY = Path(__file__).with_name("faulty_components.json").read_text()
ADC = {"package": ".machine.adc", "component": "ADC", "constructor_args": {"pin": 35}}


CONFIG = """\
# settings
MQTT_HSOT = "broker"  #! unknown setting "MQTT_HSOT"; did you mean "MQTT_HOST"?
MQTT_PORT = "1883"  #! MQTT_PORT: expected a whole number, not text
LOG_LEVEL = (
    "info"
)
"""


def test_every_fault_is_told_at_once_with_its_line_its_key_and_a_hint(tmp_path: Path) -> None:
    components = write(tmp_path / "components.json", FAULTY)
    config = write(tmp_path / "config.py", CONFIG)
    found, noted = found_on_lines(components, config), noted_on_lines(components, config)
    assert found.keys() == noted.keys()
    for place, texts in noted.items():
        assert len(texts) == len(found[place]), (place, found[place])
        for text, told in zip(texts, found[place], strict=True):
            assert told.startswith(text), place


def test_the_column_is_that_of_the_key(tmp_path: Path) -> None:
    components = write(tmp_path / "components.json", FAULTY)
    lines = FAULTY.splitlines()
    for fault in check(components):
        rest = lines[fault.line - 1][fault.column - 1 :]
        key = re.split(r"[.\]]", fault.key)[-1] or fault.component
        unknown = re.match(r'unknown key "(.*)"', fault.message)
        if fault.message.startswith(("required", "expected an object")):
            assert rest.startswith(("{", "4"))  # the row
        else:
            assert rest.startswith(f'"{unknown[1] if unknown else key}":'), fault


def test_a_byte_order_mark_of_an_editor_changes_nothing(tmp_path: Path) -> None:
    mark = "\ufeff"
    good = write(tmp_path / "good.json", mark + EXAMPLE.read_text())
    assert check(good, None) == []
    components = write(tmp_path / "components.json", mark + '{"a": {"package": "x"}}')
    assert [(f.line, f.column) for f in check(components, None)] == [(1, 2), (1, 8)]


def test_a_good_configuration_is_status_0_and_nothing_on_stdout() -> None:
    done = yard_check(EXAMPLE)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    assert done.stderr == f"no faults in {EXAMPLE}\n"


def test_the_settings_of_the_example_are_without_fault(tmp_path: Path) -> None:
    config = write(tmp_path / "config.py", (ROOT / "config_example.py").read_text())
    assert check(EXAMPLE, config) == []


def test_faults_are_status_1_and_lines_that_editors_can_jump_to(tmp_path: Path) -> None:
    components = write(tmp_path / "components.json", FAULTY)
    done = yard_check(components)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert len(lines) == len(noted_on_lines(components))
    assert all(re.match(rf"{re.escape(str(components))}:\d+:\d+: .", line) for line in lines)
    assert done.stderr == f"{len(lines)} faults in {components}\n"


def test_json_lines_for_scripts(tmp_path: Path) -> None:
    member = {"package": ".machine.adc", "component": "ADC", "constructor_args": {"pin": 99}}
    components = write(tmp_path / "components.json", {"adc": member})
    done = yard_check(components, "--json")
    assert done.returncode == 1
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {
            "file": str(components),
            "line": 6,
            "column": 4,
            "component": "adc",
            "key": "pin",
            "phase": "check",
            "message": "99 is above the highest value 48",
            "hint": "whole number, 0 to 48: GPIO number: 32 to 39 of an ESP32",
        }
    ]


def test_a_damaged_file_tells_where_and_what_before_it_is_wrong(tmp_path: Path) -> None:
    text = """\
{
  "adc": {"package": ".machine.adc", "component": "ADC",
          "constructor_args": {"pin": 99}}, //! adc.pin: 99 is above
  "i2c": {"package": ".machine.i2c" "component": "I2C"}, //! expected "}" or "," after the value
  "adc2": {"package": ".machine.adc", "component": "ADC"}
}
"""
    components = write(tmp_path / "components.json", text)
    config = write(tmp_path / "config.py", "MQTT_PORT = None  #! MQTT_PORT: expected a whole")
    found, noted = found_on_lines(components, config), noted_on_lines(components, config)
    assert found.keys() == noted.keys()
    assert all(found[place][0].startswith(noted[place][0]) for place in noted)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"a"', '{"a": {"b": [1, {"c"', "\x00", '{"\\ud800": 1}']
)
def test_what_is_no_configuration_is_a_fault(tmp_path: Path, text: str) -> None:
    assert check(write(tmp_path / "components.json", text))


def test_a_config_py_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    config = write(tmp_path / "config.py", "MQTT_PORT = 1883\n1 / 0  #! ZeroDivisionError\n")
    assert found_on_lines(EXAMPLE, config) == {
        "config.py:2": ["ZeroDivisionError; none of it is used"]
    }


def test_a_setting_that_misses_another_is_told_where_it_is_set(tmp_path: Path) -> None:
    config = write(tmp_path / "config.py", '# TLS\nMQTT_TLS = True\nMQTT_TLS_CA = ""\n')
    (place,) = found_on_lines(EXAMPLE, config)
    assert place == "config.py:3"


OWN_MODULE = """\
import asyncio
from node.component import Component, ConfigError

class Raises(Component):
    def __init__(self, when, number=1):
        self.when = when
        if number > 9:
            raise ConfigError("at most 9", "number")
        if when == "construct":
            raise OSError("no such thing")

    async def start(self):
        if self.when == "start":
            raise KeyError("lost")
        self.node.spawn(self.name, self.run)

    async def run(self):
        if self.when == "task":
            raise ValueError("dead")
        while True:
            await asyncio.sleep(1)

def hangs():
    while True:
        pass
"""
OWN_ARGS = """\
ARGS = {"Raises": {"when": {"type": "str", "choices": ("construct", "start", "task", "never")},
                   "number": {"type": "int"}}}
"""


def own(tmp_path: Path, component: str = "Raises", **arguments: Any) -> Path:
    """A configuration with one component of a module that lies beside it."""
    write(tmp_path / "own.py", OWN_MODULE)
    write(tmp_path / "own_args.py", OWN_ARGS)
    member = {"package": "own", "component": component, "constructor_args": arguments}
    return write(tmp_path / "components.json", {"mine": member})


@pytest.mark.parametrize(
    ("arguments", "phase", "key", "message"),
    [
        ({"when": "construct"}, "construct", "", "OSError: no such thing"),
        ({"when": "start"}, "start", "", "KeyError: lost"),
        ({"when": "task"}, "task", "", "ValueError: dead"),
        ({"when": "never", "number": 10}, "construct", "number", "at most 9"),
        ({"when": "nevr"}, "check", "when", 'unknown value "nevr"'),
    ],
)
def test_components_of_a_persons_own_are_loaded_from_the_folder_of_the_file(
    tmp_path: Path, arguments: dict[str, Any], phase: str, key: str, message: str
) -> None:
    (fault,) = check(own(tmp_path, **arguments))
    assert (fault.component, fault.phase, fault.key) == ("mine", phase, key)
    assert fault.message == message


@pytest.mark.parametrize("args", ["ARGS = 3", 'ARGS = {"Raises": 3}', "1 / 0", "ARGS ="])
def test_a_description_that_is_none_is_a_fault_of_its_component(tmp_path: Path, args: str) -> None:
    components = own(tmp_path, when="never")
    write(tmp_path / "own_args.py", args)
    (fault,) = check(components)
    assert (fault.component, fault.phase) == ("mine", "check")


def test_a_fault_does_not_write_to_the_terminal_what_is_in_the_file(tmp_path: Path) -> None:
    member = {**ADC, "constructor_args": {"\x1b[2J": 1}}
    done = yard_check(write(tmp_path / "components.json", {"adc": member}))
    assert "unknown key" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_component_without_fault_of_a_persons_own_is_without_fault(tmp_path: Path) -> None:
    assert check(own(tmp_path, when="never")) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [("import nothing_of_this_name", "nothing_of_this_name"), ("def", "SyntaxError")],
)
def test_a_module_that_cannot_be_imported_is_a_fault_of_its_component(
    tmp_path: Path, text: str, message: str
) -> None:
    components = own(tmp_path, when="never")
    write(tmp_path / "own.py", text)
    (fault,) = check(components)
    assert (fault.component, fault.phase) == ("mine", "import")
    assert message in fault.message


def test_a_component_that_never_comes_back_is_given_up(tmp_path: Path) -> None:
    source = read(own(tmp_path, "hangs"))
    line = dry_load(source, None, limit_s=6)[-1]  # a computer that stalls begins late
    fault = Faults(source, CATALOGUE).raised(*(line[key] for key in TOLD))
    assert (fault.component, fault.phase) == ("mine", "start")
    assert fault.message == "it came to no end in 6 s"
    loop = OWN_MODULE.splitlines().index("    while True:") + 1
    assert fault.hint in [f"see {tmp_path / 'own.py'}:{line}" for line in (loop, loop + 1)]


def test_arguments_by_place_are_checked_as_those_by_name(tmp_path: Path) -> None:
    bus = {"package": ".machine.i2c", "component": "I2C", "constructor_args": [22, 21, 5]}
    (fault,) = check(write(tmp_path / "components.json", {"bus": bus}))
    assert (fault.component, fault.key) == ("bus", "freq")


def test_without_micropython_it_is_one_line_that_says_so() -> None:
    environment = os.environ | {"MICROPYTHON": "/nowhere/micropython"}
    command = [*YARD, "check", str(EXAMPLE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert done.stderr == "yard: MICROPYTHON=/nowhere/micropython is no program\n"


def test_a_file_that_is_not_there_is_status_2() -> None:
    assert yard_check("nowhere.json").returncode == 2


def several(tmp_path: Path, order: object, **components: object) -> Path:
    """A configuration of several files."""
    (tmp_path / "components").mkdir()
    for name, content in components.items():
        write(tmp_path / "components" / f"{name}.json", content)
    return write(tmp_path / "_order.json", order)


def test_a_configuration_of_several_files_without_fault(tmp_path: Path) -> None:
    assert check(several(tmp_path, ["adc"], adc=ADC)) == []


def test_faults_of_several_files_are_told_with_their_file(tmp_path: Path) -> None:
    damaged = '{"package": ".machine.adc",\n "component" "ADC"}'
    wrong = {**ADC, "constructor_args": {"pin": 99}}
    order = several(tmp_path, ["adc", "adcc"], adc=wrong, broken=damaged)
    found = found_on_lines(order)
    assert found.keys() == {"adc.json:5", "broken.json:2", "_order.json:1"}
    assert found["adc.json:5"][0].startswith("adc.pin: 99 is above the highest value 48")
    assert found["broken.json:2"][0].startswith('broken: expected ":" after the key')
    assert found["_order.json:1"][0].startswith('_order: there is no component "adcc"')


def test_the_faults_of_a_program_are_told_with_the_line_of_the_name(tmp_path: Path) -> None:
    text = f"""\
ADC = {ADC!r}
COMPONENTS = {{
    "one": ADC,
    "two": dict(ADC, constructor_args={{"pin": 99}}),
}}
"""
    (fault,) = check(write(tmp_path / "components.py", text))
    assert (fault.component, fault.key, fault.line) == ("two", "pin", 4)


@pytest.mark.parametrize("text", ["COMPONENTS = {", "1 / 0", "", "COMPONENTS = 3"])
def test_a_program_that_cannot_be_run_is_a_fault(tmp_path: Path, text: str) -> None:
    (fault,) = check(write(tmp_path / "components.py", text))
    assert fault.phase == "file"


GPIOS = (33, 35, 36, 39, 25, 26, 27, 32, 4, 13, 14, 16, 17, 18, 19, 23, 34, 5, 2, 15)
BOARD = {
    "i2c": {
        "package": ".machine.i2c",
        "component": "I2C",
        "constructor_args": {"scl": 22, "sda": 21},
    },
    "board1": {
        "package": ".devices.mcp23017",
        "component": "MCP23017",
        "constructor_args": {"i2c": "@i2c", "address": 32, "pins": [{"pin": 0, "type": "output"}]},
    },
}


def least(key: str, spec: dict[str, Any], gpios: Iterator[int]) -> object:
    """A value for a required argument."""
    if "choices" in spec:
        return spec["choices"][0]
    if spec["type"] == "ref":
        return "@board1.0" if spec.get("of") == "pin" else "@i2c"
    if spec.get("max") == 48:
        return next(gpios)
    values = {"list": [], "dict": {}, "bool": True, "str": "x" * spec.get("min", 1)}
    return values.get(spec["type"], spec.get("max" if key == "address" else "min", 1))


def test_on_the_board_of_the_check_no_shipped_component_fails_without_saying_why(
    tmp_path: Path,
) -> None:
    members: dict[str, Any] = dict(BOARD)
    gpios = iter(GPIOS * 5)
    for package in Catalogue().packages.values():
        for name, arguments in package.classes.items():
            needed = {key: known for key, known in arguments.items() if known.get("required")}
            members[name] = {
                "package": package.name,
                "component": name,
                "constructor_args": {k: least(k, v, gpios) for k, v in needed.items()},
            }
    faults = check(write(tmp_path / "components.json", members))
    # What the descriptions cannot say, such as two arguments that must differ, costs a few.
    assert len({fault.component for fault in faults}) < len(members) / 3, faults
    unexplained = [
        fault
        for fault in faults
        if fault.phase in ("file", "import", "task") or re.match(r"\w*Error\b", fault.message)
    ]
    assert unexplained == []


CATALOGUE = Catalogue()
PIECES = [*'"{}[],:\\\n', "", "//", "/*", "null", "1e9", '"pins"', "é"]


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_no_configuration_makes_the_check_itself_fail(data: st.DataObject) -> None:
    text = (ROOT / "components.json.example").read_text()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        piece = data.draw(st.sampled_from(PIECES))
        text = text[:at] + piece + text[at + data.draw(st.integers(0, 6)) :]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "components.json", text)
        source = read(path)
        faults = Faults(source, CATALOGUE)
        told = described(source.members, CATALOGUE)
        told += [(name, "pins[0].pin: wrong") for name in (*source.members, "nobody")]
        for name, message in told:
            fault = faults.fault(name, "check", message)
            lines = text.split("\n")
            assert 1 <= fault.line <= len(lines)
            assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1

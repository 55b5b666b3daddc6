# SPDX-License-Identifier: MIT
"""`yard new component`: what it writes is a component that runs."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import pytest

from desk import YARD
from rules import impure_calls, lint
from yard.check.run import check
from yard.new import component

ROOT = Path(__file__).resolve().parents[2]
KINDS = sorted(component.KINDS)


def yard_new(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*YARD, "new", "component", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)


@pytest.mark.parametrize("kind", KINDS)
def test_it_writes_a_component_and_prints_the_configuration_that_loads_it(
    tmp_path: Path, kind: str
) -> None:
    done = yard_new("cellar_door", "--kind", kind, "--folder", tmp_path)
    assert done.returncode == 0
    components = tmp_path / "components.json"
    components.write_text(done.stdout)
    assert check(components) == []
    for name in ("cellar_door.py", "cellar_door_args.py"):
        assert f"written: {tmp_path / name}\n" in done.stderr


def test_without_a_kind_it_is_a_component_that_uses_a_pin(tmp_path: Path) -> None:
    members = json.loads(yard_new("mine", "--folder", tmp_path).stdout)
    assert members["mine"]["constructor_args"]["pin"] == "@board1.0"


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_argument_is_told_by_the_description_it_writes(tmp_path: Path, kind: str) -> None:
    members = json.loads(yard_new("mine", "--kind", kind, "--folder", tmp_path).stdout)
    members["mine"]["constructor_args"]["intervall"] = 1
    components = tmp_path / "components.json"
    components.write_text(json.dumps(members))
    (fault,) = check(components)
    assert fault.message == 'unknown key "intervall"'


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["mine", "the_door_of_the_cellar_below_it"])
def test_a_component_has_at_most_30_lines_and_keeps_the_rules_of_the_project(
    tmp_path: Path, kind: str, name: str
) -> None:
    component.write_component(name, kind, tmp_path)
    assert len((tmp_path / f"{name}.py").read_text().splitlines()) <= 30
    for path in tmp_path.iterdir():
        assert impure_calls(ast.parse(path.read_text())) == []
        assert lint(path.read_text(), f"firmware/components/devices/{path.name}") == ""


def test_without_a_folder_it_goes_where_components_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(component, "_COMPONENTS", tmp_path)
    paths, example = component.write_component("cellar", "sensor", None)
    assert paths == [tmp_path / "sensors" / name for name in ("cellar.py", "cellar_args.py")]
    assert json.loads(example)["cellar"]["package"] == ".sensors.cellar"


@pytest.mark.parametrize(
    "name", ["Cellar", "1st", "my-door", "class", "x" * 33, "a_args", "", "ä"]
)
def test_a_name_that_cannot_be_is_one_line_that_says_which_can(tmp_path: Path, name: str) -> None:
    done = yard_new("--folder", tmp_path, "--", name)
    assert done.returncode == 1
    assert done.stderr.startswith(f'yard: "{name}" cannot be the name')
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine_args.py").write_text("mine")
    done = yard_new("mine", "--folder", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"yard: {tmp_path / 'mine_args.py'} exists: ")
    assert [path.name for path in tmp_path.iterdir()] == ["mine_args.py"]


def test_a_configuration_as_a_program(tmp_path: Path) -> None:
    done = yard_new("mine", "--kind", "components.py", "--folder", tmp_path)
    assert done.returncode == 0
    assert f"try it: yard sim --components {tmp_path / 'components.py'}\n" in done.stderr
    assert check(tmp_path / "components.py") == []

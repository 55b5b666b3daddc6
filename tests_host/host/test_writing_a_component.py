# SPDX-License-Identifier: MIT
"""docs/writing-a-component.md: every block of code in it is run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rules import lint
from yard.check import catalogue, dry_load
from yard.check.run import check
from yard.new import component
from yard.sim.node import find_micropython

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "writing-a-component.md").read_text()


def block(language: str, mark: str) -> str:
    """The one block of a language that contains `mark`."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (found,) = [text for text in blocks if mark in text]
    return str(found)


CELLAR = block("python", "class Cellar")
CELLAR_ARGS = block("python", 'ARGS = {"Cellar"')
CELLAR_JSON = block("json", '"cellar"')


@pytest.fixture
def firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the firmware in which the cellar of the page lies where the page says."""
    copy = tmp_path / "firmware"
    shutil.copytree(ROOT / "firmware", copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "components" / "sensors" / "cellar.py").write_text(CELLAR)
    (copy / "components" / "sensors" / "cellar_args.py").write_text(CELLAR_ARGS)
    for module in (catalogue, dry_load):
        monkeypatch.setattr(module, "FIRMWARE", copy)
    return copy


def test_the_first_component_is_what_yard_new_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(component, "_COMPONENTS", tmp_path)
    (code, args), example = component.write_component("cellar", "sensor", None)
    assert code.read_text() == CELLAR
    assert args.read_text() == CELLAR_ARGS
    assert example == CELLAR_JSON.rstrip("\n")


def test_the_first_component_loads(firmware: Path, tmp_path: Path) -> None:
    components = tmp_path / "components.json"
    components.write_text(CELLAR_JSON)
    assert check(components) == []
    components.write_text(CELLAR_JSON.replace('"interval_reading": 2', '"interval_reading": 0'))
    (fault,) = check(components)
    assert fault.key == "interval_reading"


def test_the_component_with_an_entity_loads_and_is_described(tmp_path: Path) -> None:
    (tmp_path / "uptime.py").write_text(block("python", "class Uptime"))
    (tmp_path / "uptime_args.py").write_text(block("python", '    "Uptime": {'))
    components = tmp_path / "components.json"
    member = {"package": "uptime", "component": "Uptime", "constructor_args": {"interval": 1}}
    components.write_text(json.dumps({"uptime": member}))
    assert check(components) == []
    components.write_text(json.dumps({"uptime": {**member, "constructor_args": {"interval": 0}}}))
    (fault,) = check(components)
    assert (fault.phase, fault.key) == ("check", "interval")
    (tmp_path / "uptime_args.py").unlink()
    (fault,) = check(components)
    assert (fault.phase, fault.key) == ("construct", "interval")


def test_the_class_that_uses_pins_and_a_sensor_loads(tmp_path: Path) -> None:
    (tmp_path / "alarm.py").write_text(block("python", "class Alarm"))
    components = tmp_path / "components.json"
    components.write_text(block("json", '"alarm"'))
    assert check(components) == []


def test_the_unit_test_passes(firmware: Path, tmp_path: Path) -> None:
    unit = ROOT / "tests_host" / "unit"
    test = tmp_path / "test_cellar.py"
    test.write_text(block("python", "async def test_"))
    port = ROOT / "tools" / "yard" / "port"
    path = [unit, port, ROOT / "tools", firmware, firmware / "lib", ".frozen"]
    done = subprocess.run(
        [find_micropython(), str(unit / "harness.py"), str(test)],
        env=os.environ | {"MICROPYPATH": ":".join(map(str, path))},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "::pass test_the_first_value_is_published_at_once" in done.stdout


def test_the_unit_test_keeps_the_rules_of_the_project() -> None:
    # A module that is there, or the linter does not take it for one of the project.
    code = block("python", "async def test_").replace("sensors.cellar", "sensors.htu21d")
    assert lint(code, "tests_host/unit/test_cellar.py") == ""


def test_the_editor_is_given_a_schema_that_is_there() -> None:
    settings = json.loads(block("json", "json.schemas"))
    (entry,) = settings["json.schemas"]
    assert json.loads((ROOT / entry["url"]).read_text())["$schema"]

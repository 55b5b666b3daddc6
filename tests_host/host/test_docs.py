# SPDX-License-Identifier: MIT
"""The pages for people: what they link to, tell to type and quote of components is there."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from desk import YARD
from yard.check.catalogue import Catalogue, Spec
from yard.places import ROOT
from yard.sim.components import firmware_module

PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
CATALOGUE = Catalogue()
# A busy computer takes long to ask a program for its help some times.
pytestmark = pytest.mark.timeout(300)
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


# -- links --------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)(.*?)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


# -- commands -----------------------------------------------------------------------------


@cache
def help_of(*names: str) -> str:
    """What `yard NAMES --help` prints, "" if there is no such command."""
    done = subprocess.run(
        [*YARD, *names, "--help"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "200", "TERM": "dumb"},
    )
    return done.stdout if done.returncode == 0 else ""


@every_page
def test_every_command_of_yard_exists_with_its_options(page: Path) -> None:
    for line in re.findall(r"\byard ([a-z][^`\n]*)", page.read_text(encoding="utf-8")):
        words = line.split()
        within = re.fullmatch(r"(config|new) ([a-z]+)", " ".join(words[:2]))
        shown = help_of(*words[: 2 if within else 1])
        assert shown, line
        options = re.findall(r"(?<!\S)--[a-z-]+", line)
        assert [option for option in options if option not in shown] == [], line


@every_page
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = re.findall(r"```.*?\n(.*?)```|`([^`\n]+)`", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = "\n".join("".join(part) for part in code)
    named = re.findall(r"^(?:\w+=(?:\"[^\"]*\"|\S+) )?make ([a-z][a-z-]*)", lines, re.MULTILINE)
    assert set(named) <= targets


# -- settings -----------------------------------------------------------------------------


@every_page
def test_every_setting_that_is_named_is_in_the_example(page: Path) -> None:
    example = (ROOT / "config_example.py").read_text(encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?: = [^`]*)?`", text)
    of_others = {"MQTT_AS_PATH"}  # a variable of `make test`
    settings = {name for name in named if not name.startswith("YARD_")} - of_others
    assert {name for name in settings if not re.search(rf"^#? ?{name} =", example, re.M)} == set()


# -- components ---------------------------------------------------------------------------


def members_of(block: str) -> dict[str, Any]:
    """The components of a block of JSON; rows of a pin table count as those of a chip."""
    text = block if block.startswith("{\n") else f"{{{block}}}"
    if block.startswith('{"pin"'):
        text = (
            '{"board1": {"package": ".devices.mcp23017", "component": "MCP23017", '
            f'"constructor_args": {{"i2c": "@i2c", "address": "0x20", "pins": [{block}]}}}}}}'
        )
    stream = io.BytesIO(text.encode())
    return {name: member for name, member, _ in firmware_module("json_stream").members(stream)}


JSON = re.compile(r"^```json\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    (page.name, block)
    for page in PAGES
    for block in JSON.findall(page.read_text(encoding="utf-8"))
    if "json.schemas" not in block
]


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=lambda text: text[:30])
def test_components_and_rows_that_are_shown_fit_their_descriptions(page: str, block: str) -> None:
    for name, member in members_of(block).items():
        package, component = member["package"], member["component"]
        faults = CATALOGUE.check(package, component, member.get("constructor_args", {}))
        assert faults == [], name


SECTIONS = [
    (package, component, section)
    for section in CONFIGURATION.split("\n### ")[1:]
    for package, component in re.findall(r"`(\.[\w.]+)`, `(\w+)`", section.partition("\n")[0])
]
# In a table of two components, or told beside the table.
TOLD_ELSEWHERE = {"tone", "invert", "patterns", "allow_unsafe"}


@pytest.mark.parametrize(("package", "component", "section"), SECTIONS)
def test_a_table_of_arguments_has_all_of_them_with_their_defaults(
    package: str, component: str, section: str
) -> None:
    described = CATALOGUE.arguments(package, component)
    assert described is not None
    shown = arguments_shown(section)
    if not shown:
        return
    assert described.keys() - shown.keys() <= TOLD_ELSEWHERE
    assert shown.keys() - described.keys() <= TOLD_ELSEWHERE
    for name in (shown.keys() & described.keys()) - TOLD_ELSEWHERE:
        # The name of a setting stands for its value.
        if shown[name] != "as above" and not shown[name].isupper():
            assert shown[name] == default_shown(described[name]), name


def arguments_shown(section: str) -> dict[str, str]:
    """The arguments of the first table of a section, with what it shows as default."""
    table = re.search(r"^\| argument \| default .*\n\|[-|]+\n((?:\|.*\n)+)", section, re.M)
    shown = {}
    for row in table[1].splitlines() if table else ():
        names, default, meaning = (cell.strip() for cell in row.split("|")[1:4])
        for number, name in enumerate(re.findall(r"`(\w+)`", names)):
            each = default.split(", ")
            value = each[number] if len(each) > number else default
            value = value.strip("`").replace("none", "")
            shown[name] = "as above" if meaning == "as above" else value
    return shown


def default_shown(spec: Spec) -> str:
    if spec.get("required"):
        return "required"
    return json.dumps(spec["default"]).strip('"') if "default" in spec else ""

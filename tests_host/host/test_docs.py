# SPDX-License-Identifier: MIT
"""The pages for people: what they link to, tell to type and quote of components is there."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
from collections.abc import Iterator
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


# -- errors -------------------------------------------------------------------------------

# What tells a newcomer that something does not work, while a board is set up.
SPEAKING = (
    "firmware/node/trial.py",
    "firmware/node/wifi_failure.py",
    "tools/yard/boards/*.py",
    "tools/yard/image/*.py",
    "tools/yard/update/*.py",
)
SAY_WHAT_HELPS = (
    "give --ssid and --broker, or --from FILE",
    "no terminal to ask for …: set …",
    'no line such as WIFI_SSID = "name"',
    "control characters cannot be typed at a terminal",
    "line …: SyntaxError",
    "yard flash the older one, or yard deploy",
    "answer the dialogue with yard console",
    "yard console needs a terminal",
    "no such file, and no version such as …",
    "run make boards",
    "delete it to have it anew",
    "is known here, but …; name a file",
    "download it elsewhere and give the file to --firmware",
    "the key of a node has at least … characters",
    "what its log says may help",
    "get one, such as",
    "choose a firmware for a flash of this size",
)
# Before what one of the others, or the system, says.
INTRODUCE = {
    "nothing was stored: …",
    "the node says: …",
    "Wi-Fi network …: …",
    "broker …: …",
    "… cannot be opened: …",
}


def test_every_error_that_a_newcomer_can_meet_has_a_row_or_says_what_helps() -> None:
    said = {m for pattern in SPEAKING for path in ROOT.glob(pattern) for m in messages(path)}
    assert said >= INTRODUCE
    said = {message for message in said - INTRODUCE if constant(message)}
    assert len(said) > 50
    rows = [words for text in quoted_in_tables() if (words := constant(text))]
    enough = [constant(text) for text in SAY_WHAT_HELPS]
    assert [words for words in enough if not any(is_in(words, m) for m in said)] == []
    assert [m for m in sorted(said) if not any(is_in(words, m) for words in rows + enough)] == []


def messages(path: Path) -> Iterator[str]:
    """What a module says when something is wrong, with "…" for what varies."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="Fault"), args=[said, *_]):
                yield template(said)
            case ast.Assign(targets=[ast.Name(id="reason")], value=said):
                yield template(said)
            case ast.Return() | ast.Dict() if path.is_relative_to(ROOT / "firmware"):
                yield from (template(part) for part in ast.walk(node))


def template(said: ast.AST) -> str:
    match said:
        case ast.Constant(value=str() as text):
            return re.sub("%[sd]|PORT", "…", text)
        case ast.JoinedStr(values=parts):
            return "".join(template(part) or "…" for part in parts)
    return ""


def quoted_in_tables() -> Iterator[str]:
    """What the tables of "When it does not work" have as shown."""
    for name in ("quick-start.md", "boards.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        for row in text.partition("## When it does not work")[2].splitlines():
            if row.startswith("|"):
                yield from re.findall("`([^`]+)`", row.split("|")[1])


def constant(text: str) -> list[str]:
    """The parts of a message that do not vary; numbers, names and "..." stand for what does."""
    parts = re.split(r'\d+|"[^"]*"|\.\.\.|…', text)
    return [part.strip() for part in parts if len(part.strip()) > 3]


def is_in(words: list[str], message: str) -> bool:
    """Whether a message has these words, and does not go on: "no answer" is not "... within"."""
    ends = re.search(re.escape(words[-1]) + "(?! ?[a-z])", message)
    return bool(ends) and all(word in message for word in words)


# -- what only a board shows ----------------------------------------------------------------


def test_every_record_that_a_board_is_to_show_is_one_of_the_firmware() -> None:
    trees = (ast.parse(path.read_text()) for path in (ROOT / "firmware").rglob("*.py"))
    texts = (getattr(node, "value", None) for tree in trees for node in ast.walk(tree))
    program = "\n".join(text for text in texts if isinstance(text, str))
    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    records = re.findall(r"`(?:[a-z]\w*: )+([^`]+)`", page)
    assert len(records) > 20
    # Numbers and names of the node are examples.
    parts = [p for r in records for p in re.split(r"\d+|[:,] |\.\.\.|as home/hall|as hall", r)]
    words = [part.strip(" ;") for part in parts]
    assert [text for text in words if len(text) > 3 and text not in program] == []

# SPDX-License-Identifier: MIT
"""What is installed, copied and frozen agrees with the tree."""

from __future__ import annotations

import functools
import http.server
import importlib.metadata
import json
import re
import runpy
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from yard.sim.node import find_micropython

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
FILES = sorted(p.relative_to(FIRMWARE).as_posix() for p in FIRMWARE.rglob("*.py"))
VERSION = runpy.run_path(str(FIRMWARE / "node" / "__init__.py"))["VERSION"]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


# -- one version --------------------------------------------------------------------------


def test_the_version_is_the_same_everywhere() -> None:
    assert PROJECT["version"] == VERSION
    assert importlib.metadata.version("switchyard") == VERSION, "run make setup"
    assert json.loads((ROOT / "package.json").read_text())["version"] == VERSION


def test_the_changelog_has_what_is_not_released_and_then_the_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1:2] in ([], [VERSION])


# -- the board ----------------------------------------------------------------------------


def test_package_json_lists_the_firmware_as_it_lies_there() -> None:
    made = runpy.run_path(str(ROOT / "tools" / "package_json.py"))["package"]()
    assert (ROOT / "package.json").read_text() == made, "run make package"
    assert sorted(target for target, _ in json.loads(made)["urls"]) == FILES


@pytest.fixture
def web_server() -> Iterator[str]:
    """The repository behind an HTTP server, as mip sees it."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=ROOT)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_mip_installs_the_firmware(web_server: str, tmp_path: Path) -> None:
    command = [find_micropython(), "-m", "mip", "install", "--target", str(tmp_path)]
    done = subprocess.run(
        [*command, f"{web_server}/package.json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    installed = {p.relative_to(tmp_path).as_posix(): p for p in tmp_path.rglob("*.py")}
    assert sorted(installed) == FILES
    assert all(p.read_bytes() == (FIRMWARE / name).read_bytes() for name, p in installed.items())


class Manifest:
    """Notes what manifest.py freezes: name on the board's path -> file."""

    def __init__(self) -> None:
        self.frozen: dict[str, Path] = {}
        self.included: list[str] = []

    def include(self, path: str) -> None:
        self.included.append(path)

    def module(self, path: str, base_path: str = ".", opt: int | None = None) -> None:
        assert opt == 3
        self._add(path, ROOT / base_path / path)

    def package(self, path: str, base_path: str = ".", opt: int | None = None) -> None:
        assert opt == 3
        self._add_folder(ROOT / base_path, ROOT / base_path / path)

    def freeze(self, path: str, opt: int | None = None) -> None:
        assert opt == 3
        self._add_folder(ROOT / path, ROOT / path)

    def _add_folder(self, base: Path, folder: Path) -> None:
        for file in folder.rglob("*.py"):
            self._add(file.relative_to(base).as_posix(), file)

    def _add(self, name: str, file: Path) -> None:
        assert file.is_file(), file
        assert name not in self.frozen, f"{name} is frozen twice"
        self.frozen[name] = file


def test_manifest_freezes_every_file_under_its_import_name() -> None:
    manifest = Manifest()
    functions = {n: getattr(manifest, n) for n in ("include", "module", "package", "freeze")}
    runpy.run_path(str(ROOT / "manifest.py"), functions)
    expected = {name.removeprefix("lib/"): FIRMWARE / name for name in FILES}
    assert manifest.frozen == expected
    assert manifest.included == ["$(PORT_DIR)/boards/manifest.py"]


# -- the host -----------------------------------------------------------------------------


def pins(file: str) -> dict[str, str]:
    """Name to version in a requirements file; every line must pin."""
    lines = [line for line in (ROOT / file).read_text().splitlines() if line[:1] not in ("", "#")]
    requirements = [Requirement(line) for line in lines]
    found = {}
    for requirement in requirements:
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", requirement
        found[_normal(requirement.name)] = specifier.version
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_test_environment_is_the_runtime_environment_and_more() -> None:
    for fewer in ("requirements.txt", "requirements-boards.txt"):
        assert pins(fewer).items() < pins("requirements-test.txt").items()


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        ("requirements-boards.txt", PROJECT["optional-dependencies"]["boards"]),
        ("requirements-test.txt", PROJECT["optional-dependencies"]["test"]),
    ],
)
def test_what_pyproject_asks_for_is_pinned(file: str, wanted: list[str]) -> None:
    pinned = pins(file)
    for requirement in map(Requirement, wanted):
        version = pinned[_normal(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement}, but {version}: make pins"


@pytest.mark.parametrize("file", ["requirements-boards.txt", "requirements-test.txt"])
def test_everything_that_the_pinned_packages_need_is_pinned(file: str) -> None:
    pinned = pins(file)
    for name in pinned:
        for text in importlib.metadata.requires(name) or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert _normal(needed.name) in pinned, f"{name} needs {needed}: make pins"


def test_the_environment_holds_the_pinned_versions() -> None:
    wrong = {
        name: importlib.metadata.version(name)
        for name, version in pins("requirements-test.txt").items()
        if importlib.metadata.version(name) != version
    }
    assert wrong == {}, "run make test, which brings .venv up to date"


def test_continuous_integration_runs_what_a_person_runs() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test"]

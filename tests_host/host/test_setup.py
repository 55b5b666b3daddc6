# SPDX-License-Identifier: MIT
"""`tools/setup.sh`: what it does the first time, the second time, and where it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A Python that notes every start in `asked`, and what it is to make or to install in `calls`.
# VERSION_OK and VENV_OK are exit statuses.
FAKE_PYTHON = """#!/bin/sh
echo "$*" >> asked
case "$*" in
    --version) echo "Python 3.9.2" ;;
    *version_info*\\<*) exit $VERSION_OK ;;
    *python%d*) echo "python3.11-venv" ;;
    *ensurepip*) exit $VENV_OK ;;
    "-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; cp "$0" .venv/bin/pip
        echo venv >> calls ;;
    *) echo "pip $*" >> calls; exit ${PIP_OK:-0} ;;
esac
"""


class Project:
    """A project that holds nothing but what setup.sh reads."""

    def __init__(self, folder: Path) -> None:
        (folder / "tools").mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "setup.sh", folder / "tools")
        requirements = ("requirements.txt", "requirements-boards.txt", "requirements-test.txt")
        for name in (*requirements, "pyproject.toml"):
            (folder / name).write_text(f"{name}\n")
        (folder / "python").write_text(FAKE_PYTHON)
        (folder / "python").chmod(0o755)
        self.folder = folder

    def setup(self, what: str = "runtime", **variables: str) -> subprocess.CompletedProcess[str]:
        fake = {"PYTHON": str(self.folder / "python"), "VERSION_OK": "0", "VENV_OK": "0"}
        return subprocess.run(
            [self.folder / "tools" / "setup.sh", what],
            env={**os.environ, **fake, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        """What the fake Python was asked for: `venv`, or pip's last argument."""
        path = self.folder / "calls"
        return (
            [line.split()[-1] for line in path.read_text().splitlines()] if path.exists() else []
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def test_the_first_time_makes_the_environment_and_installs(project: Project) -> None:
    done = project.setup()
    assert done.returncode == 0, done.stderr
    assert project.calls == ["venv", "requirements.txt", "."]


def test_the_second_time_does_nothing_and_says_nothing(project: Project) -> None:
    project.setup()
    asked = project.folder / "asked"
    asked.unlink()
    done = project.setup()
    assert not asked.exists(), "it started Python, which takes its time"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert project.calls == ["venv", "requirements.txt", "."]


@pytest.mark.parametrize("what", ["boards", "test"])
def test_boards_and_tests_add_to_the_environment_that_is_there(
    project: Project, what: str
) -> None:
    project.setup()
    project.setup(what)
    assert project.calls == ["venv", "requirements.txt", ".", f"requirements-{what}.txt", "."]


@pytest.mark.parametrize("file", ["requirements.txt", "pyproject.toml"])
def test_changed_requirements_are_installed(project: Project, file: str) -> None:
    project.setup()
    (project.folder / file).write_text("changed\n")
    project.setup()
    assert project.calls == ["venv", *["requirements.txt", "."] * 2]


def test_a_project_that_was_moved_gets_a_new_environment(project: Project, tmp_path: Path) -> None:
    project.setup()
    project.folder = project.folder.rename(tmp_path / "moved")
    project.setup()
    assert project.calls == ["venv", "requirements.txt", "."] * 2


def test_an_installation_that_failed_is_tried_again(project: Project) -> None:
    failed = project.setup(PIP_OK="1")
    assert failed.returncode == 1
    assert "pip could not install requirements.txt" in failed.stderr
    assert project.setup().returncode == 0


def test_a_python_that_is_too_old_is_one_line(project: Project) -> None:
    done = project.setup(VERSION_OK="1")
    assert done.returncode == 1
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert "Python 3.11 or newer is needed, here is Python 3.9.2." in done.stderr
    assert not (project.folder / ".venv").exists()


def test_a_python_without_venv_is_one_line_with_the_command_to_run(project: Project) -> None:
    done = project.setup(VENV_OK="1")
    assert done.returncode == 1
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert "Run: sudo apt-get install python3.11-venv" in done.stderr
    assert not (project.folder / ".venv").exists()


class System:
    """Commands that setup.sh meets: a user id, sudo, apt-get, all fake, and no mosquitto."""

    def __init__(self, folder: Path, user: int, sudo: bool) -> None:
        self.folder = folder
        folder.mkdir()
        self.command("id", f"echo {user}")
        self.command("sudo", 'test "$1" = -n && shift && "$@"' if sudo else "exit 1")
        self.command("apt-get", f'echo "$DEBIAN_FRONTEND $*" >> {folder}/apt')

    def command(self, name: str, script: str) -> None:
        (self.folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.folder / name).chmod(0o755)

    def setup(self) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder}:/usr/bin:/bin"
        return subprocess.run(
            [ROOT / "tools" / "setup.sh", "mosquitto"],
            env={"PATH": path, "SBIN": "/nowhere"},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def apt(self) -> str:
        path = self.folder / "apt"
        return path.read_text() if path.exists() else ""


@pytest.mark.parametrize(("user", "sudo"), [(0, False), (1000, True)])
def test_mosquitto_is_installed_by_who_may(tmp_path: Path, user: int, sudo: bool) -> None:
    system = System(tmp_path / "bin", user, sudo)
    assert system.setup().returncode == 0
    assert system.apt == "noninteractive install -qq -y --no-install-recommends mosquitto\n"


def test_who_may_not_install_mosquitto_is_told_what_to_run(tmp_path: Path) -> None:
    system = System(tmp_path / "bin", user=1000, sudo=False)
    done = system.setup()
    assert (done.returncode, system.apt) == (1, "")
    assert done.stderr == (
        "setup: mosquitto is needed for the tests. Run: sudo apt-get install mosquitto\n"
    )


def test_mosquitto_that_is_there_is_enough(tmp_path: Path) -> None:
    system = System(tmp_path / "bin", user=1000, sudo=False)
    system.command("mosquitto", "")
    assert system.setup().returncode == 0
    assert system.apt == ""

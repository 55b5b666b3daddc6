# SPDX-License-Identifier: MIT
"""Makes every test function of `test_*.py` in this folder a pytest item, run by MicroPython.

The files are parsed, never imported. All selected tests of a file run in one MicroPython process
(`harness.py`), at the first of them. When that process dies or hangs, the test that was running
fails, and the tests after it run in a new process.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIBRARY = ("tests_host/unit", "tools/yard/port", "tools", "firmware", "firmware/lib")
FILE_LIMIT_S = float(os.environ.get("UNIT_FILE_LIMIT_S", "300"))
_MARK = re.compile(r"^(.*?)::(start|pass|fail|skip) (test_\w+)(?: (.*))?$")


class Outcome(NamedTuple):
    result: str  # "pass", "fail", "skip"; "running" while its result is awaited
    text: str  # output and traceback, or the reason of a skip


class MicroPythonFailure(Exception):
    """Carries the output of a failed test."""


def interpreter() -> str:
    """The MicroPython to use: `$MICROPYTHON`, else the one beside this Python."""
    return os.environ.get("MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))


def run_process(path: Path, names: list[str]) -> tuple[str, str]:
    """Run the tests `names` of one file; returns the output and, if it was not good, its end."""
    path_list = [*(str(ROOT / folder) for folder in LIBRARY), ".frozen"]
    command = [interpreter(), str(HERE / "harness.py"), str(path), *names]
    with tempfile.TemporaryDirectory(prefix="unit-", ignore_cleanup_errors=True) as folder:
        try:
            done = subprocess.run(
                command,
                check=False,
                cwd=folder,
                env=os.environ | {"MICROPYPATH": ":".join(path_list)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=FILE_LIMIT_S,
            )
        except subprocess.TimeoutExpired as e:
            output = e.output or b""
            return output.decode(errors="replace"), f"was stopped after {FILE_LIMIT_S:g} s"
    ending = "" if done.returncode in (0, 1) else f"ended with status {done.returncode}"
    return done.stdout.decode(errors="replace"), ending


def parse(output: str) -> tuple[dict[str, Outcome], str]:
    """Results by name in the output of the harness, and what follows the last result."""
    results: dict[str, Outcome] = {}
    lines: list[str] = []
    for line in output.splitlines():
        mark = _MARK.match(line)
        if not mark:
            lines.append(line)
            continue
        before, kind, name, reason = mark.groups()
        if before:
            lines.append(before)
        if kind == "start":
            lines = []
            results[name] = Outcome("running", "")
        else:
            results[name] = Outcome(kind, reason or "" if kind == "skip" else "\n".join(lines))
            lines = []
    return results, "\n".join(lines)


def run_tests(path: Path, names: list[str]) -> dict[str, Outcome]:
    """Outcome of each of the tests `names` of one file."""
    outcomes: dict[str, Outcome] = {}
    waiting = list(names)
    while waiting:
        output, ending = run_process(path, waiting)
        results, rest = parse(output)
        if not results:  # the file itself is broken: no test began
            failure = Outcome("fail", f"{rest}\nMicroPython {ending or 'ran no test'}")
            return outcomes | dict.fromkeys(waiting, failure)
        last = list(results)[-1]
        if results[last].result == "running" or ending:
            results[last] = Outcome(
                "fail", f"{rest}\nMicroPython {ending or 'ended'} in this test"
            )
        outcomes |= results
        waiting = [name for name in waiting if name not in results]
    return outcomes


class MicroPythonTest(pytest.Item):
    """One test function."""

    def runtest(self) -> None:
        assert isinstance(self.parent, MicroPythonFile)
        outcome = self.parent.outcome_of(self)
        if outcome.result == "skip":
            pytest.skip(outcome.text)
        if outcome.result == "fail":
            raise MicroPythonFailure(outcome.text)
        if outcome.text:
            self.add_report_section("call", "MicroPython", outcome.text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style=None):  # type: ignore[no-untyped-def]
        if isinstance(excinfo.value, MicroPythonFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


class MicroPythonFile(pytest.File):
    """A test file; runs the selected ones of its tests together."""

    outcomes: dict[str, Outcome] | None = None

    def collect(self) -> Iterator[MicroPythonTest]:
        try:
            tree = ast.parse(self.path.read_text(encoding="utf-8"))
        except SyntaxError as e:
            raise self.CollectError(f"{self.path}:{e.lineno}: {e.msg}") from None
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if node.name.startswith("test_"):
                    test = MicroPythonTest.from_parent(self, name=node.name)
                    if self.config.pluginmanager.hasplugin("timeout"):
                        # The first item waits for all; the limit of the process is what counts.
                        test.add_marker(pytest.mark.timeout(0))
                    yield test

    def outcome_of(self, test: MicroPythonTest) -> Outcome:
        if self.outcomes is None:
            selected = [item.name for item in self.session.items if item.parent is self]
            self.outcomes = run_tests(self.path, selected)
        return self.outcomes[test.name]


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> MicroPythonFile:
    """Take the place of the module that pytest would import."""
    return MicroPythonFile.from_parent(parent, path=module_path)

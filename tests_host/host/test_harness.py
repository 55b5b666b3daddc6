# SPDX-License-Identifier: MIT
"""The harness of the MicroPython unit tests: what is wrong in a test makes the run fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[1] / "unit"


class Report:
    """What pytest said about the items of the sample file."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        found = re.findall(r"^(PASSED|FAILED|ERROR) \S+::(test_\w+)", text, re.MULTILINE)
        self.result = {name: result for result, name in found}


Runner = Callable[..., Report]


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    """Runs pytest with the collector of tests_host/unit over one file of the given text."""

    def _run(text: str, *tests: str, file_limit_s: float = 40) -> Report:
        path = tmp_path / "test_sample.py"
        path.write_text("import asyncio\nimport harness\n" + text)
        targets = [f"{path}::{test}" for test in tests] or [str(path)]
        options = ["-rA", "-p", "conftest", "-p", "no:cacheprovider", "-c", os.devnull]
        environment = os.environ | {
            "PYTHONPATH": str(UNIT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "UNIT_FILE_LIMIT_S": str(file_limit_s),
        }
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, "--rootdir", str(tmp_path), *targets],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Report(done.returncode, done.stdout)

    return _run


def test_every_function_is_an_item_of_its_own(run: Runner) -> None:
    report = run("def test_a():\n    pass\n\nasync def test_b():\n    await asyncio.sleep(0)\n")
    assert report.result == {"test_a": "PASSED", "test_b": "PASSED"}
    assert report.status == 0


def test_a_failing_test_fails_by_name_with_its_traceback(run: Runner) -> None:
    report = run("def test_a():\n    assert 1 == 2, 'sums'\n\ndef test_b():\n    pass\n")
    assert report.result == {"test_a": "FAILED", "test_b": "PASSED"}
    assert report.status == 1
    assert re.search(
        r'File ".*test_sample.py", line 4, in test_a\nAssertionError: sums', report.text
    )


def test_the_traceback_of_an_async_test_names_the_line(run: Runner) -> None:
    report = run("async def test_a():\n    await asyncio.sleep(0)\n    assert False\n")
    assert report.result == {"test_a": "FAILED"}
    assert "line 5, in test_a\nAssertionError" in report.text


def test_an_async_test_that_hangs_is_ended_by_the_limit(run: Runner) -> None:
    report = run(
        "harness.limit_ms = 200\n"
        "async def test_a():\n    await asyncio.sleep(60)\n\nasync def test_b():\n    pass\n"
    )
    assert report.result == {"test_a": "FAILED", "test_b": "PASSED"}
    assert "line 5, in test_a" in report.text  # where it waited
    assert "still running after 200 ms" in report.text


@pytest.mark.parametrize("name", ["SystemExit", "asyncio.CancelledError", "GeneratorExit"])
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_an_exception_that_is_no_error_is_a_failure(run: Runner, kind: str, name: str) -> None:
    report = run(f"{kind} test_a():\n    raise {name}\n\ndef test_b():\n    pass\n")
    assert report.result == {"test_a": "FAILED", "test_b": "PASSED"}
    assert f"{name.removeprefix('asyncio.')}:" in report.text


def test_a_task_that_dies_unseen_fails_the_test(run: Runner) -> None:
    report = run(
        "async def fall():\n    raise ValueError('alone')\n\n"
        "async def test_a():\n    asyncio.create_task(fall())\n    await asyncio.sleep_ms(20)\n"
    )
    assert report.result == {"test_a": "FAILED"}
    assert "a task of the test died:" in report.text
    assert "ValueError: alone" in report.text


def test_a_task_left_behind_does_not_run_in_the_next_test(run: Runner) -> None:
    report = run(
        "seen = []\n"
        "async def late():\n    await asyncio.sleep_ms(20)\n    seen.append(1)\n\n"
        "async def test_a():\n    asyncio.create_task(late())\n\n"
        "async def test_b():\n    await asyncio.sleep_ms(60)\n    assert not seen\n"
    )
    assert report.result == {"test_a": "PASSED", "test_b": "PASSED"}


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_skip_carries_its_reason(run: Runner, kind: str) -> None:
    report = run(f"{kind} test_a():\n    raise harness.Skip('needs a thing')\n")
    assert re.search(r"SKIPPED.*needs a thing", report.text)
    assert report.status == 0


def test_a_syntax_error_is_reported_with_its_line(run: Runner) -> None:
    report = run("def test_a():\n    return =\n")
    assert report.status != 0
    assert "test_sample.py:4: invalid syntax" in report.text


def test_a_syntax_error_for_micropython_alone_fails_every_test(run: Runner) -> None:
    report = run("match = {**{}}\ndef test_a():\n    pass\n\ndef test_b():\n    pass\n")
    assert report.result == {"test_a": "FAILED", "test_b": "FAILED"}
    assert "SyntaxError" in report.text


def test_an_import_that_fails_fails_every_test(run: Runner) -> None:
    report = run("import not_there\ndef test_a():\n    pass\n")
    assert report.result == {"test_a": "FAILED"}
    assert "no module named 'not_there'" in report.text


def test_a_crash_of_the_interpreter_fails_the_running_test_alone(run: Runner) -> None:
    report = run(
        "import uctypes\n"
        "def test_a():\n    pass\n\n"
        "def test_b():\n    print('near the edge')\n    uctypes.bytearray_at(8, 1)[0]\n\n"
        "def test_c():\n    pass\n"
    )
    assert report.result == {"test_a": "PASSED", "test_b": "FAILED", "test_c": "PASSED"}
    assert "near the edge" in report.text
    assert re.search(r"MicroPython ended with status -?\d+ in this test", report.text)


def test_a_test_that_never_returns_is_stopped_and_the_others_run(run: Runner) -> None:
    # The limit is long enough for test_b and for the start of test_a on a computer that stalls.
    report = run(
        "import select\ndef test_a():\n    select.poll().poll(60_000)\n\n"
        "def test_b():\n    pass\n",
        file_limit_s=6,
    )
    assert report.result == {"test_a": "FAILED", "test_b": "PASSED"}
    assert "MicroPython was stopped after 6 s in this test" in report.text


def test_only_the_selected_tests_run(run: Runner) -> None:
    report = run(
        "def test_a():\n    raise SystemExit\n\ndef test_b():\n    print('b ran')\n", "test_b"
    )
    assert report.result == {"test_b": "PASSED"}
    assert "b ran" in report.text


def harness(*args: str) -> subprocess.CompletedProcess[str]:
    interpreter = os.environ.get("MICROPYTHON") or str(
        Path(sys.executable).with_name("micropython")
    )
    return subprocess.run(
        [interpreter, str(UNIT / "harness.py"), *args],
        env=os.environ | {"MICROPYPATH": f"{UNIT}:.frozen"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_harness_alone_ends_with_a_status(tmp_path: Path) -> None:
    path = tmp_path / "test_x.py"
    path.write_text("def test_good():\n    pass\n\ndef test_bad():\n    assert False\n")
    assert harness(str(path), "test_good").returncode == 0
    assert harness(str(path), "test_bad").returncode == 1
    assert harness(str(path), "test_lost").returncode == 1
    assert harness(str(path)).returncode == 1
    assert harness("--list", str(path)).stdout.split() == ["test_good", "test_bad"]


def test_helpers_fail_when_what_they_wait_for_does_not_happen(run: Runner) -> None:
    report = run(
        "def test_a():\n    harness.raises(ValueError, int, '1')\n\n"
        "def test_b():\n    assert str(harness.raises(ValueError, int, 'x'))\n\n"
        "async def test_c():\n    await harness.run_until(lambda: False, 20)\n\n"
        "async def test_d():\n    await harness.run_until(lambda: True, 20)\n"
    )
    assert report.result == {
        "test_a": "FAILED",
        "test_b": "PASSED",
        "test_c": "FAILED",
        "test_d": "PASSED",
    }
    assert "ValueError was not raised" in report.text
    assert "still false after 20 ms" in report.text

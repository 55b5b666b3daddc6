# SPDX-License-Identifier: MIT
"""Processes that the benchmark starts: what they say goes to a file, their CPU time is read."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_STOP_S = 5.0
_POLL_S = 0.005


class Broken(Exception):
    """Something does not run as it should; the text says what and where."""


class Process:
    """A process that ends with us.

    Args:
        command: program and arguments.
        log: file for its output.
        cwd: its working directory.
        environment: variables in addition to ours.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        # setpriv replaces itself by the command, so that the process id is that of the command.
        setpriv = shutil.which("setpriv")
        bound = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [*bound, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, **(environment or {})},
            )

    def cpu_s(self) -> float:
        """Return the CPU time of all its threads so far.

        Taken from the scheduler, because the ticks of `/proc/<pid>/stat` are 10 ms.
        """
        total_ns = 0
        for task in Path(f"/proc/{self._process.pid}/task").iterdir():
            total_ns += int((task / "schedstat").read_text().split()[0])
        return total_ns / 1e9

    def wait_until(self, ready: Callable[[], bool], limit_s: float, what: str) -> None:
        """Wait for `ready()`.

        Raises:
            Broken: the process ended or the time is over.
        """
        deadline = time.monotonic() + limit_s
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Broken(f"{what}: not within {limit_s:g} s{self.said()}")
            time.sleep(_POLL_S)

    def check(self) -> None:
        """Raise Broken when it has ended."""
        if self._process.poll() is not None:
            raise Broken(f"{self._process.args!r} ended{self.said()}")

    def said(self) -> str:
        """Return the last lines of its output, for people."""
        lines = self.log.read_text(errors="replace").splitlines()[-8:]
        return "".join(f"\n  | {line}" for line in lines)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

# SPDX-License-Identifier: MIT
"""A process of ours: its own group, its output line by line, gone when we are."""

import asyncio
import contextlib
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_TERM_S = 1.0  # from SIGTERM to SIGKILL
_LONGEST_LINE = 4096  # bytes; a longer one is cut into pieces

OnLine = Callable[[str], None]
OnOutput = Callable[[bytes], None]


class Child:
    """A running process.

    Ends with its whole group by `stop`, and by the kernel should we be killed.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        output: asyncio.StreamReader,
        on_line: OnLine,
        on_output: OnOutput | None = None,
    ) -> None:
        self._process = process
        self._reader = asyncio.create_task(_read(output, on_line, on_output))

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        on_line: OnLine,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> "Child":
        """Start `command`; `on_line` gets each line of its output, without the line end.

        Args:
            command: program and arguments.
            on_line: called in the event loop.
            cwd: working directory of the process.
            environment: variables in addition to ours.
        """
        process = await spawn(command, cwd, environment, DEVNULL, PIPE, STDOUT)
        assert process.stdout is not None
        return cls(process, process.stdout, on_line)

    async def wait(self) -> int:
        """Wait for the end and all output; return the status, negative for a signal."""
        status = await self._process.wait()
        # A process that the child left behind may hold the pipe open.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TERM_S):
                await asyncio.shield(self._reader)
        return status

    def kill(self) -> None:
        """End the group at once."""
        self.signal(signal.SIGKILL)

    async def stop(self) -> None:
        """End the group: asked first, killed after a second."""
        self.signal(signal.SIGTERM)
        # What is not gone by then is killed, with whatever else is left of the group.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TERM_S):
                await self._process.wait()
        self.signal(signal.SIGKILL)
        await self._process.wait()
        self._reader.cancel()

    def signal(self, number: int) -> None:
        """Send a signal to the group."""
        # The group may outlive its leader, so the leader's end is no reason to skip this.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


async def spawn(
    command: Sequence[str],
    cwd: Path | None,
    environment: Mapping[str, str] | None,
    stdin: int,
    stdout: int,
    stderr: int,
) -> asyncio.subprocess.Process:
    """Start a process in a group of its own that ends with us."""
    return await asyncio.create_subprocess_exec(
        *_bound_to_us(command),
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


async def _read(output: asyncio.StreamReader, on_line: OnLine, on_output: OnOutput | None) -> None:
    rest = b""
    # The end of a terminal whose other side is closed is an OSError.
    with contextlib.suppress(OSError):
        while chunk := await output.read(_LONGEST_LINE):
            if on_output is not None:
                on_output(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) >= _LONGEST_LINE:
                lines.append(rest)
                rest = b""
            for line in lines:
                on_line(_text(line))
    if rest:
        on_line(_text(rest))


def describe(status: int) -> str:
    """Return in words how a process ended."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")


def _bound_to_us(command: Sequence[str]) -> list[str]:
    """Return `command` such that the kernel kills it when we die in whatever way.

    setpriv is a part of every Debian and Ubuntu; elsewhere a killed yard may leave its children.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else list(command)

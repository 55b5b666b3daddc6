# SPDX-License-Identifier: MIT
"""The node's serial console: a pseudo-terminal between the node's process and us."""

import asyncio
import contextlib
import os
import pty
import signal
import termios
import tty
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from yard.sim.child import Child, OnLine, OnOutput, spawn

_INTERRUPT = 0x03  # Ctrl-C


class SerialChild(Child):
    """A process on a pseudo-terminal, which passes bytes on as a serial port does."""

    _terminal: IO[bytes]  # our side

    @classmethod
    async def start_on_terminal(
        cls,
        command: Sequence[str],
        on_line: OnLine,
        on_output: OnOutput,
        cwd: Path,
        environment: Mapping[str, str],
    ) -> "SerialChild":
        """Start `command`; on_output gets its output as it comes, on_line line by line."""
        master, slave = pty.openpty()
        _set_modes(slave)
        try:
            process = await spawn(command, cwd, environment, slave, slave, slave)
        except OSError:
            os.close(master)
            raise
        finally:
            os.close(slave)
        terminal = os.fdopen(master, "rb", buffering=0)
        child = cls(process, await _reader(terminal), on_line, on_output)
        child._terminal = terminal
        return child

    def type(self, data: bytes) -> None:
        """Send what a person types; what does not fit is lost, as it is in a serial port."""
        if self._terminal.closed:
            return  # the process has ended
        master = self._terminal.fileno()
        # The process has no controlling terminal, so nobody else makes a signal of Ctrl-C. Where
        # the process reads keys itself it has switched ISIG off.
        modes: list[int] = termios.tcgetattr(master)
        if _INTERRUPT in data and modes[tty.LFLAG] & termios.ISIG:
            self.signal(signal.SIGINT)
        with contextlib.suppress(BlockingIOError):
            os.write(master, data)


def _set_modes(terminal: int) -> None:
    """No echo, no editing; a line end becomes CR LF, as in MicroPython's console."""
    tty.setraw(terminal)
    modes = termios.tcgetattr(terminal)
    modes[tty.OFLAG] |= termios.OPOST | termios.ONLCR
    # An interrupt throws away nothing that is on its way.
    modes[tty.LFLAG] |= termios.ISIG | termios.NOFLSH
    termios.tcsetattr(terminal, termios.TCSANOW, modes)


async def _reader(terminal: IO[bytes]) -> asyncio.StreamReader:
    """Return what reads from our side and closes it at the end."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), terminal
    )
    return reader

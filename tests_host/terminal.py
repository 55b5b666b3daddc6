# SPDX-License-Identifier: MIT
"""A program on a pseudo-terminal, as a person sees it."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

from desk import LIMIT_S, wait_until

_HOME = "\x1b[H"  # each picture of a full-screen program begins so
_REVERSE = re.compile(r"\x1b\[(\d+;)*7[;m]")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """Runs a command on a terminal of `columns` times `lines`; stderr goes to `errors`."""

    def __init__(self, command: list[str], columns: int = 80, lines: int = 24) -> None:
        self._master, self._slave = pty.openpty()
        self._set_size(columns, lines)
        self._modes = termios.tcgetattr(self._slave)
        self.output = ""
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**environment, "TERM": "xterm-256color"},
        )
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def screen(self) -> list[str]:
        """The lines of the last complete picture, without colours."""
        return _lines(self._picture())

    @property
    def marked(self) -> str:
        """The lines of the last complete picture that are shown in reverse."""
        found = [line for line in self._picture().split("\n") if _REVERSE.search(line)]
        return "\n".join(_lines("\n".join(found)))

    def _picture(self) -> str:
        """Return the last picture that fills the screen, or else what was said before the first.

        A picture may arrive in pieces.
        """
        before, *pictures = self.output.split(_HOME)
        columns, height = self._size
        for picture in reversed(pictures):
            lines = _lines(picture)
            if len(lines) == height and len(lines[-1]) == columns:
                return picture
        return before

    def wait_for(self, text: str) -> str:
        """Wait until a line of the screen holds `text`; returns the line."""

        def found() -> list[str]:
            return [line for line in self.screen if text in line]

        try:
            return str(wait_until(found)[0])
        except AssertionError:
            raise AssertionError(f"no {text!r} on:\n" + "\n".join(self.screen)) from None

    def wait_marked(self, text: str) -> None:
        """Wait until the line of the cursor holds `text`."""
        try:
            wait_until(lambda: text in self.marked)
        except AssertionError:
            raise AssertionError(f"not {text!r} is marked, but {self.marked!r}") from None

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        self._set_size(columns, lines)
        self.process.send_signal(signal.SIGWINCH)

    def wait_end(self) -> int:
        """Wait for the end; returns the exit status."""
        return self.process.wait(LIMIT_S)

    @property
    def errors(self) -> str:
        """What was on stderr, when the program has ended."""
        assert self.process.stderr
        return self.process.stderr.read()

    @property
    def is_restored(self) -> bool:
        """Whether modes, screen and cursor of the terminal are as they were."""
        modes = termios.tcgetattr(self._slave) == self._modes
        screen = self.output.count("\x1b[?1049h") == self.output.count("\x1b[?1049l")
        cursor = self.output.rfind("\x1b[?25h") >= self.output.rfind("\x1b[?25l")
        return modes and screen and cursor

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._slave)

    def _set_size(self, columns: int, lines: int) -> None:
        self._size = columns, lines
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, size)

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the last one has closed its end
                os.close(self._master)
                return
            self.output += decoder.decode(data)


def with_errors(command: list[str]) -> list[str]:
    """Return the command whose stderr goes to the terminal, too."""
    return ["sh", "-c", 'exec "$@" 2>&1', "sh", *command]


def _lines(text: str) -> list[str]:
    return _CONTROL.sub("", text).replace("\r", "").split("\n")


def check_secrets_stay_hidden(command: list[str], questions: list[str], end: str) -> None:
    """Answer a command, which ends with status 1 and says `end` then; no answer may be shown."""
    terminal = Terminal(with_errors(command))
    try:
        for question in questions:
            terminal.wait_for(question)
            terminal.type("hush hush\r")
        terminal.wait_for(end)
        assert terminal.wait_end() == 1
        assert "hush" not in terminal.output
    finally:
        terminal.close()

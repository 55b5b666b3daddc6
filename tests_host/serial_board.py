# SPDX-License-Identifier: MIT
"""A board on a serial port, without hardware: a pseudo-terminal, MicroPython, a folder."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import fcntl
import os
import pty
import select
import subprocess
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from desk import LIMIT_S, wait_until
from yard.board.link import Link
from yard.model.board import Board
from yard.places import PORT
from yard.sim.node import find_micropython

_MAIN = Path(__file__).with_name("serial_board_main.py")
_RAW = b"raw REPL; CTRL-B to exit\r\n>"
_SOFT_REBOOT = b"MPY: soft reboot\r\n"
WIFI_PASSWORD = "correct horse"


class SerialBoard:
    """What an ESP32 does on its port: runs boot.py and main.py of `flash`, then a REPL.

    It restarts after machine.reset(). A soft reset at the raw REPL runs no main.py. `port` is what
    a program opens.
    """

    def __init__(self, folder: Path) -> None:
        self.flash = folder / "flash"
        self.flash.mkdir(exist_ok=True)
        self._nothing = folder / "nothing"
        self._nothing.mkdir(exist_ok=True)
        self._power = folder / "power"
        self.said = ""
        self._wire, far = pty.openpty()
        tty.setraw(far)
        self._far = far  # stays open, so that the board is there while nobody listens
        self.port = str(folder / "port")
        os.symlink(os.ttyname(far), self.port)
        self._environment = self._with_board(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._may_start = threading.Event()
        self._may_start.set()
        self._does_not_run = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _with_board(self, folder: Path) -> dict[str, str]:
        self.board = Board([0x20])
        self.board.access_points.insert(0, ("home", "020000000002", 1, -40, 3, False))
        self._loop = asyncio.new_event_loop()
        self._link = Link(self.board, str(folder / "link"), lambda: None)
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._call(self._link.start())
        return os.environ | {
            "BOARD_RUN": str(PORT / "run.py"),
            "YARD_LINK": str(folder / "link"),
            "YARD_WIFI_PASSWORD": WIFI_PASSWORD,
            "MICROPYPATH": f"{PORT}:.frozen",
        }

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT_S)

    def close(self) -> None:
        with self._without_power():
            self._ended = True
        self._thread.join(LIMIT_S)
        self._call(self._link.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        os.close(self._far)
        os.close(self._wire)

    @contextlib.contextmanager
    def _without_power(self) -> Iterator[None]:
        """Within, nothing runs and all that has run is forgotten; then the board starts."""
        self._may_start.clear()
        wait_until(self._is_stopped, what="a board without power")
        self.said = ""
        yield
        self._may_start.set()

    def _is_stopped(self) -> bool:
        """Kill what runs, until nothing does: it may just be about to start."""
        assert self._thread.is_alive(), "the thread of the board has died"
        if self._process:
            self._process.kill()
        return self._does_not_run.is_set()

    def lose_power_after(self, changes: int) -> None:
        """Restart the board; it loses power for good before one change of its files more."""
        with self._without_power():
            self._power.write_text(str(changes))

    @property
    def is_off(self) -> bool:
        """Whether it lost power."""
        # The thread of the board asks, too, while a test takes the file away.
        with contextlib.suppress(FileNotFoundError):
            return self._power.read_text() == "-1"
        return False

    def power_on(self) -> None:
        """Give power without a limit, from a start on."""
        with self._without_power():
            self._power.unlink(missing_ok=True)

    def _run(self) -> None:
        soft = False
        while not self._ended:
            self._does_not_run.clear()  # before the look at what `_without_power` clears
            if self._may_start.is_set() and not self.is_off:
                soft = self._life(soft) == 0
            else:
                self._does_not_run.set()
                self._ignore_wire()
                soft = False

    def _ignore_wire(self) -> None:
        ready, _, _ = select.select([self._wire], [], [], 0.02)
        if ready:
            os.read(self._wire, 4096)

    def _life(self, soft: bool) -> int:
        """Be the board from one start to the next; return how it ended, 0 for a soft reset."""
        environment = dict(self._environment)
        # After a soft reset at the raw REPL a board runs no main.py, boot.py does nothing here.
        environment["YARD_FIRMWARE"] = str(self._nothing if soft else self.flash)
        wire, inside = pty.openpty()
        _as_serial_port(inside)
        self._process = subprocess.Popen(
            [find_micropython(), "-i", str(_MAIN)],
            cwd=self.flash,
            env=environment,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - makes a system call, nothing else
        )
        os.close(inside)
        with contextlib.suppress(OSError):  # the process has gone
            if soft:
                os.write(wire, b"\r\x01")
                _read_until(wire, _RAW)
                os.write(self._wire, _SOFT_REBOOT + _RAW)
            self._connect(wire)
        os.close(wire)
        return self._process.wait()

    def _connect(self, wire: int) -> None:
        """Pass bytes between the two ends until the process has gone, which is an OSError."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            ready, _, _ = select.select([wire, self._wire], [], [], 0.5)
            if self._wire in ready:
                os.write(wire, os.read(self._wire, 4096))
            if wire in ready:
                data = os.read(wire, 4096)
                self.said += decoder.decode(data)
                os.write(self._wire, data)


def _as_serial_port(terminal: int) -> None:
    """Pass bytes unchanged, but let Ctrl-C interrupt, as MicroPython's serial port does."""
    tty.setraw(terminal)
    modes = termios.tcgetattr(terminal)
    modes[3] |= termios.ISIG | termios.NOFLSH
    modes[6][termios.VQUIT] = modes[6][termios.VSUSP] = b"\x00"
    termios.tcsetattr(terminal, termios.TCSANOW, modes)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read_until(wire: int, end: bytes) -> None:
    seen = b""
    while not seen.endswith(end):
        ready, _, _ = select.select([wire], [], [], LIMIT_S)
        assert ready, seen
        seen += os.read(wire, 4096)

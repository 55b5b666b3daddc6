# SPDX-License-Identifier: MIT
"""A board at its REPL: stopped, asked, restarted, listened to."""

from __future__ import annotations

import codecs
import contextlib
import io
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from yard.fault import Fault
from yard.printable import printable

_AGENT = Path(__file__).parent / "on_board" / "agent.py"
_STOP_ATTEMPTS = 4  # a board that is just starting misses the first
_LOOK_S = 0.02
_BUSY_S = 1.0  # for how long a port that somebody else has is tried
_WATCHDOG_S = 600  # longer than a copy of everything takes
_BROKEN = (TransportError, serial.SerialException, OSError, struct.error)


class BoardError(Fault):
    """What was run on the board raised an exception; `kind` is its name."""

    def __init__(self, traceback: str) -> None:
        last = traceback.strip().splitlines()[-1] if traceback.strip() else "unknown error"
        self.kind = last.partition(":")[0]
        super().__init__(f"the board reports {printable(last)}")


class _Transport(SerialTransport):  # type: ignore[misc]
    """mpremote's, where no wait for the board is longer than `patience_s`."""

    def __init__(self, port: str, patience_s: float) -> None:
        self._patience_s = patience_s
        super().__init__(port, timeout=patience_s)
        # For pseudo-terminals it would wait in read(), without an end.
        self.is_pty = False

    def read_until(self, *args: Any, timeout: float | None = None, **options: Any) -> Any:
        """Read, with mpremote's arguments."""
        limit = self._patience_s if timeout is None else min(timeout, self._patience_s)
        return super().read_until(*args, timeout=limit, **options)


class Repl:
    """The serial port of a board.

    As a context: if something goes wrong while the board is stopped, it is restarted.
    patience_s: how long the board may be silent before it counts as gone.

    Raises:
        Fault: nobody can use the port.
    """

    def __init__(self, port: str, patience_s: float = 10) -> None:
        self.port = port
        self._patience_s = patience_s
        self._is_stopped = False
        self._transport = self._opened()

    def __enter__(self) -> Repl:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is not None and self._is_stopped:
            with contextlib.suppress(Fault):
                self.stop()
                self.restart()
        self.close()

    def close(self) -> None:
        """Let others use the port."""
        # Where the board has been unplugged there is nothing left to close.
        with contextlib.suppress(OSError):
            self._transport.close()

    def stop(self) -> None:
        """End whatever runs on the board, with a fresh heap, and give it the agent."""
        limit_s = self._patience_s / _STOP_ATTEMPTS
        for attempt in reversed(range(_STOP_ATTEMPTS)):
            try:
                # mpremote prints what it did not expect, which may be anything.
                with contextlib.redirect_stdout(io.StringIO()):
                    self._transport.enter_raw_repl(timeout_overall=limit_s)
                break
            except _BROKEN as error:
                if not attempt:
                    raise Fault(
                        f"no MicroPython answers at {self.port}: yard flash puts it on a board, "
                        "the button EN restarts one that hangs"
                    ) from error
        self._is_stopped = True
        self.run(_AGENT.read_text(encoding="utf-8"))
        self.run(f"hold_watchdog({_WATCHDOG_S})")

    def run(self, code: str) -> str:
        """Run code on the stopped board and return what it prints.

        Raises:
            BoardError: it raised an exception.
            Fault: the board is gone.
        """
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                self._transport.exec_raw_no_follow(code)
                output, error = self._transport.follow(self._patience_s)
        except _BROKEN as broken:
            raise self._lost(broken) from broken
        if error:
            raise BoardError(error.decode(errors="replace"))
        return str(output.decode())

    def begin(self, code: str) -> None:
        """Run code without waiting for its end; `text` gives what it prints."""
        try:
            self._transport.exec_raw_no_follow(code)
        except _BROKEN as broken:
            raise self._lost(broken) from broken

    def restart(self) -> None:
        """Reset the board, as its button would."""
        self.begin("import machine\nmachine.reset()")
        self._is_stopped = False

    def type(self, text: str) -> None:
        """Type at what runs there, no faster than a node reads."""
        data = text.encode()
        for begin in range(0, len(data), 64):
            try:
                self._transport.serial.write(data[begin : begin + 64])
            except OSError as error:
                raise self._lost(error) from error
            time.sleep(_LOOK_S)

    def text(self, limit_s: float) -> Iterator[str]:
        """Yield what the board says, piece by piece, "" when it pauses, until the limit is over.

        A board whose USB port is its own leaves for a moment when it restarts.
        """
        deadline = time.monotonic() + limit_s
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while time.monotonic() < deadline:
            try:
                waiting = self._transport.serial.in_waiting
                data = self._transport.serial.read(waiting) if waiting else b""
            except OSError:
                data = b""
                self._reopen(deadline)
            yield decoder.decode(data)
            if not data:
                time.sleep(_LOOK_S)

    def _lost(self, error: BaseException) -> Fault:
        self._is_stopped = False
        return Fault(f"the board at {self.port} does not answer any more: {error}")

    def _reopen(self, deadline: float) -> None:
        self.close()
        while True:
            try:
                self._transport = self._opened()
                return
            except Fault:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_S)

    def _opened(self) -> _Transport:
        # What looks at a port that has just come, or a program that is ending, soon lets it go.
        deadline = time.monotonic() + _BUSY_S
        while True:
            try:
                return _Transport(self.port, self._patience_s)
            except (TransportError, ValueError) as error:
                if not Path(self.port).exists():
                    raise Fault(f"{self.port} cannot be opened: no such port") from error
                if time.monotonic() > deadline:
                    reason = "another program uses it, or your user may not (group dialout)"
                    raise Fault(f"{self.port} cannot be opened: {reason}") from error
            time.sleep(_LOOK_S)

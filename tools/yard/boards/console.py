# SPDX-License-Identifier: MIT
"""`yard console`: the terminal of a board."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import serial
import typer

from yard.boards import ports
from yard.fault import Fault

_LEAVE = b"\x1d"  # Ctrl-]
_BAUD = 115200
_BYTES = 4096


def run(port: str | None) -> None:
    """Pass keys to the board and its text to the screen until Ctrl-]."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Fault("yard console needs a terminal")
    port = ports.choose(port)
    try:
        board = serial.Serial(port, _BAUD, timeout=0, exclusive=True)
    except serial.SerialException as error:
        raise Fault(f"{port} cannot be opened: {error}") from error
    typer.echo("yard: Ctrl-] ends, Ctrl-C goes to the board", err=True)
    with board, _raw(sys.stdin.fileno()):
        lost = _pass_on(board, sys.stdin.fileno(), sys.stdout.fileno())
    typer.echo("", err=True)
    if lost:
        raise Fault(f"the board at {port} is gone")


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """Have every key at once, also Ctrl-C; restore the terminal whatever happens."""
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _pass_on(board: serial.Serial, keys: int, screen: int) -> bool:
    """Return whether the board went, otherwise the person ended it."""
    while True:
        ready, _, _ = select.select([board.fileno(), keys], [], [])
        if keys in ready:
            typed = os.read(keys, _BYTES)
            before, leave, _ = typed.partition(_LEAVE)
            board.write(before)
            if leave or not typed:
                return False
        if board.fileno() in ready:
            try:
                text = os.read(board.fileno(), _BYTES)
            except OSError:
                return True
            if not text:
                return True
            os.write(screen, text)

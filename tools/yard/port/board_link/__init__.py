# SPDX-License-Identifier: MIT
"""Joins the ESP32 modules of this folder to a simulated board.

Tests attach a board that lives in the same process:

    from board_link import attach
    from yard.model.board import Board

    board = attach(Board([0x20]))

A node that runs as a process finds its board behind the Unix socket named by `$YARD_LINK`; frames
and opcodes are those of `yard.board.link`.

A link has `about` (what the board says of itself), `transfer()`, `bus_settings()`, `recover()`,
`pin_mode()`, `pin_write()`, `pin_read()`, `exchange()`, `adc_read()`, `pwm()`, `watchdog()` and
`deep_sleep()`; also `events`, the stream that can be read when the board has something to tell, or
None, and `serve()`, which then calls `on_pin(gpio, level)` and `on_wifi(on)`.
"""

import os

from micropython import const

from board_link import interrupts

# How a transfer ended.
OK = const(0)
ENODEV = const(1)
ETIMEDOUT = const(2)

# Exit statuses of a node's process, for whoever started it.
EXIT_CRASHED = const(70)  # an exception left main.py; a real board would show its REPL
EXIT_BOARD_GONE = const(74)
EXIT_RESET = const(75)
EXIT_DEEPSLEEP = const(76)  # after the sleep, so start it again at once

_link = None
_fresh_board = []


def link():
    """Return the link to the board, made at the first call.

    Raises RuntimeError when there is no board.
    """
    if _link is None:
        path = os.getenv("YARD_LINK")
        if not path:
            raise RuntimeError("no board: set YARD_LINK, or call board_link.attach() in a test")
        from board_link._process import ProcessLink

        _use(ProcessLink(path))
    return _link


def attach(board):
    """Take a `yard.model.board.Board` in this process as the board, in place of any other.

    Pins, timers and the network start as after power-on. Returns the board.
    """
    from board_link._local import LocalLink

    _use(LocalLink(board))
    return board


def at_fresh_board(forget):
    """Have `forget()` called whenever another board takes the place of this one."""
    _fresh_board.append(forget)


def _use(new):
    global _link
    if _link is not None:
        _link.close()
        interrupts.forget_alarms()
        for forget in _fresh_board:
            forget()
    _link = new
    interrupts.listen(new.events, new.serve)

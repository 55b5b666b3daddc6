# SPDX-License-Identifier: MIT
"""Whether a node runs, by what it says after a restart."""

from __future__ import annotations

import re
import time

from yard.boards.repl import Repl
from yard.fault import Fault
from yard.printable import printable

LIMIT_S = 60
_SETTLE_S = 3  # a node that falls over while it loads does so by then
_RUNS = re.compile(r"node: Switchyard (\S+) as ([\w-]+),")
_SETTLED = re.compile(r"mqtt: online as|Press Enter to set up")
_CRASHED = re.compile(
    r"Traceback \(most recent call last\):\r?\n(?:\s.*\n)+(\S.*?)\r?\nMicroPython "
)
_ENDED = ">>> "


def wait(repl: Repl, limit_s: float = LIMIT_S) -> str:
    """Wait until a board that restarts says that its node runs; return the node's id.

    Raises:
        Fault: it crashed, or did not say so in time.
    """
    said, name = "", ""
    deadline = time.monotonic() + limit_s
    for piece in repl.text(limit_s):
        said += piece
        if said.endswith(_ENDED):
            crash = _CRASHED.search(said)
            why = printable(crash[1]) if crash else "the board is at its REPL"
            raise Fault(f"the node does not run: {why}; see yard console")
        runs = _RUNS.search(said)
        if runs and not name:
            name = runs[2]
            deadline = time.monotonic() + min(_SETTLE_S, limit_s)
        if name and (_SETTLED.search(said) or time.monotonic() > deadline):
            return name
    raise Fault(
        f"the node did not say within {limit_s:.0f} s that it runs (with LOG_LEVEL below info "
        "it never does); see yard console"
    )

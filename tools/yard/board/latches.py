# SPDX-License-Identifier: MIT
"""When which output latch changed: what latency is measured against."""

import time
from collections import deque

from yard.board.rows import address_text
from yard.model.board import Board
from yard.model.mcp23017 import MCP23017

_KEPT = 4096


class LatchHistory:
    """The latest changes of the output latches of all MCP23017, oldest first.

    Attributes:
        entries: (monotonic time in ns, address as text, latch as 16 bits).
    """

    def __init__(self, board: Board) -> None:
        self.entries: deque[tuple[int, str, int]] = deque(maxlen=_KEPT)
        self._names: dict[int, str] = {}
        for address, chip in board.chips.items():
            if isinstance(chip, MCP23017):
                self._names[id(chip)] = address_text(address)
                chip.on_latch_change = self._changed

    def _changed(self, chip: MCP23017, _old: int, new: int) -> None:
        self.entries.append((time.monotonic_ns(), self._names[id(chip)], new))

# SPDX-License-Identifier: MIT
"""What a person can choose for `yard sim`."""

from dataclasses import dataclass
from pathlib import Path

from yard.sim.ports import HOST


@dataclass(frozen=True)
class Options:
    """The command line; port 0 is a free port, chips and components None are the default board.

    bind: address of the page and the board's control; key: what it asks for, "" on loopback.
    """

    port: int
    board_port: int
    chips: int | None
    components: Path | None
    state: Path
    headless: bool
    bind: str = HOST
    key: str = ""

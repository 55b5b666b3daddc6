# SPDX-License-Identifier: MIT
"""The screen of the node's serial console."""

from collections.abc import Callable

import pyte

from yard.page.feed import Feed

_COLUMNS, _LINES = 80, 24


class Console:
    """Turns what the node writes into the lines that a terminal shows."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._screen = _Screen(lambda line: feed.add("scrolled", line.rstrip()))
        self._stream = pyte.ByteStream(self._screen)

    def write(self, data: bytes) -> None:
        """Take output of the node, and tell the pages what the screen looks like then."""
        self._stream.feed(data)
        for number, line in enumerate(self._screen.display):
            self._feed.set(f"line/{number}", line.rstrip())
        self._feed.set("cursor", [self._screen.cursor.x, self._screen.cursor.y])


class _Screen(pyte.Screen):
    """Tells which lines leave it at the top."""

    def __init__(self, on_scroll: Callable[[str], None]) -> None:
        super().__init__(_COLUMNS, _LINES)
        self._on_scroll = on_scroll

    def index(self) -> None:
        if self.cursor.y == self.lines - 1:
            self._on_scroll(self.display[0])
        super().index()

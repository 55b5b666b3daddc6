# SPDX-License-Identifier: MIT
"""What pages are told: everything when they open, then differences."""

import asyncio
from collections import deque
from typing import Any

_KEPT = 300  # entries of a stream that a new page gets, and that wait for a slow one

Difference = dict[str, Any]


class Feed:
    """Values by key, and streams of which the latest entries count."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._streams: dict[str, deque[Any]] = {}
        self._viewers: set[Viewer] = set()

    @property
    def is_watched(self) -> bool:
        """Whether any page is open."""
        return bool(self._viewers)

    def get(self, key: str) -> Any:
        """Return a value, None where there is none."""
        return self._values.get(key)

    def set(self, key: str, value: Any) -> None:
        """Set a value; pages are told if it is another one. None takes it away."""
        if self._values.get(key) == value:
            return
        self._values[key] = value
        if value is None:
            del self._values[key]
        for viewer in self._viewers:
            viewer.set(key, value)

    def add(self, stream: str, entry: Any) -> None:
        """Add an entry to a stream."""
        self._streams.setdefault(stream, deque(maxlen=_KEPT)).append(entry)
        for viewer in self._viewers:
            viewer.add(stream, entry)

    def keys(self, beginning: str) -> list[str]:
        """Return the keys that begin so."""
        return [key for key in self._values if key.startswith(beginning)]

    def open(self) -> "Viewer":
        """Return what a new page is told, beginning with everything."""
        viewer = Viewer()
        for key, value in self._values.items():
            viewer.set(key, value)
        for stream, entries in self._streams.items():
            for entry in entries:
                viewer.add(stream, entry)
        self._viewers.add(viewer)
        return viewer

    def close(self, viewer: "Viewer") -> None:
        """Forget a page."""
        self._viewers.discard(viewer)


class Viewer:
    """What one page has not been told yet: the latest value of each key, some entries."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._entries: dict[str, deque[Any]] = {}
        self._news = asyncio.Event()

    def set(self, key: str, value: Any) -> None:
        """Note a value."""
        self._values[key] = value
        self._news.set()

    def add(self, stream: str, entry: Any) -> None:
        """Note an entry; the oldest one goes when the page does not keep up."""
        self._entries.setdefault(stream, deque(maxlen=_KEPT)).append(entry)
        self._news.set()

    async def difference(self) -> Difference:
        """Wait for news and return them: values by key, entries by stream."""
        await self._news.wait()
        self._news.clear()
        news = {
            "set": self._values,
            "add": {stream: list(entries) for stream, entries in self._entries.items()},
        }
        self._values, self._entries = {}, {}
        return news

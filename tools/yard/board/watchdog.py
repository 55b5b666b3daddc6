# SPDX-License-Identifier: MIT
"""The node's watchdog timer, counted by the board because a hung node cannot."""

import asyncio
from collections.abc import Callable


class Watchdog:
    """Calls `expired` once when it was armed and not fed in time.

    Attributes:
        timeout_ms: as armed, None while it is off.
        expirations: how often it has bitten.
    """

    def __init__(self, expired: Callable[[], None]) -> None:
        self.timeout_ms: int | None = None
        self.expirations = 0
        self._expired = expired
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def arm(self, timeout_ms: int) -> None:
        """Start it, or start it anew with another time-out."""
        self.disarm()
        self.timeout_ms = timeout_ms
        self.feed()
        self._timer = asyncio.get_running_loop().call_at(self._deadline, self._check)

    def feed(self) -> None:
        """Begin the time-out again; nothing happens while it is off."""
        if self.timeout_ms is not None:
            self._deadline = asyncio.get_running_loop().time() + self.timeout_ms / 1000

    def disarm(self) -> None:
        """Switch it off, as only a reset of the node does."""
        self.timeout_ms = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        # Feeding only moves the deadline, because it happens far more often than the timer fires.
        loop = asyncio.get_running_loop()
        if loop.time() < self._deadline:
            self._timer = loop.call_at(self._deadline, self._check)
            return
        self.disarm()
        self.expirations += 1
        self._expired()

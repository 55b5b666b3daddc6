# SPDX-License-Identifier: MIT
"""Keeps a process running."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection
from typing import NoReturn

from yard.sim.child import Child, describe

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 10.0
_STABLE_S = 30.0  # what ran that long gets the first pause again


class Supervisor:
    """Starts a process, and again whenever it ends: at once after a reset, else after a pause.

    Args:
        name: of the process, for people.
        start: starts it.
        on_end: gets one line when the process ended by itself.
        reset_statuses: exit statuses by which the process asks for a reset.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[], Awaitable[Child]],
        on_end: Callable[[str], None],
        reset_statuses: Collection[int] = (),
    ) -> None:
        self._name = name
        self._start = start
        self._on_end = on_end
        self._reset_statuses = reset_statuses
        self._child: Child | None = None
        self._reset = asyncio.Event()
        self._allowed = asyncio.Event()
        self._allowed.set()

    @property
    def is_held(self) -> bool:
        """Whether `hold` keeps it from running."""
        return not self._allowed.is_set()

    async def run(self) -> NoReturn:
        """Keep it running until cancelled, which ends it."""
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE_S
        while True:
            await self._allowed.wait()
            self._reset.clear()
            started = loop.time()
            status = await self._run_once()
            if self._reset.is_set() or status in self._reset_statuses:
                continue
            if loop.time() - started > _STABLE_S:
                pause = _FIRST_PAUSE_S
            self._on_end(f"{self._name} {describe(status)}; it is started again in {pause:g} s")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._reset.wait()
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def reset(self) -> None:
        """Kill the process; return when it is gone. It is started again at once.

        One that is just being started is killed as soon as it runs.
        """
        self._reset.set()
        if self._child is not None:
            self._child.kill()
            await self._child.wait()

    async def hold(self) -> None:
        """Kill the process and do not start it again before `release`."""
        self._allowed.clear()
        await self.reset()

    def release(self) -> None:
        """End a `hold`."""
        self._allowed.set()

    async def _run_once(self) -> int:
        self._child = child = await self._start()
        try:
            if self._reset.is_set():  # while it was being started
                child.kill()
            return await child.wait()
        finally:
            self._child = None
            await child.stop()

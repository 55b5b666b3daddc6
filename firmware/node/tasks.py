# SPDX-License-Identifier: MIT
"""Owned tasks: each has a name; one that dies is reported and started again with back-off."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

_FIRST_DELAY = const(1000)
_LONGEST_DELAY = const(60000)


class Tasks:
    """The tasks of a node.

    `on_crash(name, exception)` is called for each exception that ends a task.

    Attribute: `tasks`, name -> the task of asyncio.
    """

    def __init__(self, on_crash):
        self._on_crash = on_crash
        self.tasks = {}

    def spawn(self, name, function, *args):
        """Run the coroutine function `function(*args)` under `name` until it returns.

        A task that raises is started again after 1 s, doubling to 60 s; a minute without a crash
        resets the delay. A task of the same name is cancelled first.
        """
        self.cancel(name)
        self.tasks[name] = asyncio.create_task(self._guard(name, function, args))

    def cancel(self, name):
        """End the task `name`, if there is one."""
        task = self.tasks.pop(name, None)
        if task:
            task.cancel()

    async def _guard(self, name, function, args):
        delay = _FIRST_DELAY
        while True:
            started = ticks_ms()
            try:
                await function(*args)
                self.tasks.pop(name, None)
                return
            except Exception as e:  # noqa: BLE001 whatever ends a task is reported
                self._on_crash(name, e)
            if ticks_diff(ticks_ms(), started) > _LONGEST_DELAY:
                delay = _FIRST_DELAY
            await asyncio.sleep_ms(delay)
            delay = min(2 * delay, _LONGEST_DELAY)

# SPDX-License-Identifier: MIT
"""A task that makes a step whenever something is due, and sleeps in between."""

import asyncio
import time
from asyncio import core


class Stepper:
    """Base of what does its work in steps.

    `step()` does what is due and returns for how many ms to sleep then.
    """

    _sleeping = None
    _closed = False

    async def run(self):
        """Work until `close` or cancellation."""
        task = asyncio.current_task()
        while not self._closed:
            wait = self.step()
            self._sleeping = task
            try:
                await asyncio.sleep_ms(wait)
            finally:
                self._sleeping = None

    def wake(self):
        """Look again what is due. Not for interrupt handlers."""
        # What asyncio's Task.cancel does with a task that sleeps, without the cancelling. An Event
        # with a time limit (wait_for) would allocate 450 bytes for every poll.
        task = self._sleeping
        if task is not None and time.ticks_diff(task.ph_key, time.ticks_ms()) > 0:
            core._task_queue.remove(task)
            core._task_queue.push(task)

    def close(self):
        """End `run`; what it does now is finished."""
        self._closed = True
        self.wake()

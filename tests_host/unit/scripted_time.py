# SPDX-License-Identifier: MIT
"""Time that passes only while the code under test sleeps: pauses of hours take no time."""

import asyncio
import time


class ScriptedTime:
    """`with ScriptedTime(module) as clock:` takes the place of `asyncio` and `ticks_ms` there.

    Several modules share it. It begins shortly before ticks wrap. Attribute `pauses`: ms of each
    sleep, in order.
    """

    def __init__(self, *modules):
        self._modules = modules
        self.pauses = []
        self.now = time.ticks_add(0, -1000)

    def __enter__(self):
        for module in self._modules:
            module.asyncio = self
            if hasattr(module, "ticks_ms"):
                module.ticks_ms = lambda: self.now
        return self

    def __exit__(self, *_):
        for module in self._modules:
            module.asyncio = asyncio
            if hasattr(module, "ticks_ms"):
                module.ticks_ms = time.ticks_ms

    def __getattr__(self, name):
        return getattr(asyncio, name)

    def wait(self, ms):
        self.now = time.ticks_add(self.now, ms)

    async def sleep_ms(self, ms):
        self.pauses.append(ms)
        self.wait(ms)
        await asyncio.sleep_ms(0)

    async def sleep(self, seconds):
        await self.sleep_ms(seconds * 1000)

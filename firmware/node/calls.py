# SPDX-License-Identifier: MIT
"""Tasks made of the functions that `components.json` names. Imported when there is one."""

import asyncio


async def run(first, function, places, names):
    """Run a coroutine function.

    first: list with what its first call gave, made already to see that it gives a coroutine.
    """
    await (first.pop() if first else function(*places, **names))


async def call_regularly(function, interval_ms):
    """Call a function, or coroutine function, for ever."""
    while True:
        result = function()
        if hasattr(result, "throw"):  # it is a coroutine
            await result
        await asyncio.sleep_ms(interval_ms)

# SPDX-License-Identifier: MIT
"""What the core needs of the chip it runs on. No other module of the core imports `machine`."""

import asyncio
import select
import sys
from binascii import hexlify

import machine
from micropython import const

_CAUSES = const(("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET"))


def unique_id():
    """Return the chip's factory id as lower-case hexadecimal text."""
    return hexlify(machine.unique_id()).decode()


def reset_cause():
    """Return why the chip started, in the words of `machine`, such as `PWRON_RESET`."""
    cause = machine.reset_cause()
    for name in _CAUSES:
        if getattr(machine, name, None) == cause:
            return name
    return str(cause)


def reset():
    """Restart the chip; does not return."""
    machine.reset()


def pin_level(number):
    """Return the level (0 or 1) of a native pin that is pulled up."""
    return machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_UP).value()


def setup_asked():
    """Return whether the key `s` was typed on the serial console since the chip started."""
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    return bool(poll.poll(0)) and sys.stdin.buffer.read(1) == b"s"


async def feed_watchdog(seconds):
    """Start the hardware watchdog and feed it while the event loop turns; never returns.

    seconds: how long the loop may stand before the chip restarts.
    """
    watchdog = machine.WDT(timeout=seconds * 1000)
    while True:
        watchdog.feed()
        await asyncio.sleep_ms(seconds * 250)

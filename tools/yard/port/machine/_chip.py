# SPDX-License-Identifier: MIT
"""What `machine` says of the chip as a whole: identity, reset, sleep, watchdog."""

from binascii import unhexlify
from time import sleep_ms

import board_link
from board_link import EXIT_DEEPSLEEP, EXIT_RESET, interrupts

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

SLEEP = 2
DEEPSLEEP = 4

_FREQUENCIES = (20_000_000, 40_000_000, 80_000_000, 160_000_000, 240_000_000)
_FOR_EVER_MS = 1 << 30

_freq = 160_000_000


class WDT:
    """The watchdog; the board counts it, since a hung node cannot. It cannot be stopped."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self._link = board_link.link()
        self._link.watchdog(timeout)

    def feed(self):
        """Begin the time-out again."""
        self._link.watchdog(0)


def unique_id():
    """Return the factory MAC address."""
    return unhexlify(board_link.link().about["unique_id"])


def reset():
    """End the process so that its supervisor starts the node again; does not return."""
    raise SystemExit(EXIT_RESET)


def soft_reset():
    """Restart the interpreter: here the same as `reset`."""
    raise SystemExit(EXIT_RESET)


def reset_cause():
    """Return why the node started."""
    return board_link.link().about["reset_cause"]


def lightsleep(time_ms=_FOR_EVER_MS):
    """Sleep; the program goes on afterwards."""
    sleep_ms(time_ms)


def deepsleep(time_ms=_FOR_EVER_MS):
    """Sleep, then end the process so that its supervisor starts the node again."""
    board_link.link().deep_sleep()
    sleep_ms(time_ms)
    raise SystemExit(EXIT_DEEPSLEEP)


def freq(*hz):
    """Return or set the frequency of the processor; has no effect."""
    global _freq
    if not hz:
        return _freq
    if hz[0] not in _FREQUENCIES:
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _freq = hz[0]


def idle():
    """Give way to interrupts."""
    interrupts.serve()
    sleep_ms(0)


def disable_irq():
    """Hold interrupts back; returns what `enable_irq` needs."""
    interrupts.held += 1
    return interrupts.held - 1


def enable_irq(state):
    """Let interrupts through again."""
    interrupts.held = state
    interrupts.serve()

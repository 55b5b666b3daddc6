# SPDX-License-Identifier: MIT
"""What the core needs of the chip it runs on. No other module of the core imports `machine`."""

import os
import select
import sys
from binascii import hexlify

import machine
from micropython import const

_CAUSES = const(("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET"))


# Where the chips keep the cause of their last reset (technical reference manuals, RTC_CNTL_*).
_RESET_STATE = const(
    (
        ("ESP32", 0x3FF48034),
        ("ESP32S2", 0x3F408038),
        ("ESP32S3", 0x60008038),
        ("ESP32C3", 0x60008038),
    )
)
_CAUSE_BITS = const(0x3F)
_BROWN_OUT = const(15)

_SERIAL_BUFFER = const(256)  # bytes


def unique_id():
    """Return the chip's factory id as lower-case hexadecimal text."""
    return hexlify(machine.unique_id()).decode()


def reset_cause():
    """Return why the chip started, in the words of `machine`, such as `PWRON_RESET`.

    `machine` has no word for `BROWN_OUT_RESET`.
    """
    uname = getattr(os, "uname", None)
    if uname and browned_out(uname()[4], machine.mem32):
        return "BROWN_OUT_RESET"
    cause = machine.reset_cause()
    for name in _CAUSES:
        if getattr(machine, name, None) == cause:
            return name
    return str(cause)


def browned_out(board, registers):
    """Return whether the supply voltage fell too low.

    board: as os.uname() has it, "... with ESP32". registers: as `machine.mem32`.
    """
    chip = board.split(" ")[-1]
    for name, address in _RESET_STATE:
        if name == chip:
            return registers[address] & _CAUSE_BITS == _BROWN_OUT
    return False


def reset():
    """Restart the chip; does not return."""
    machine.reset()


def pin(number):
    """Return a native pin, as it is."""
    return machine.Pin(number)


def clock_mode(out):
    """Return the `ref_clk_mode` of `network.LAN`; out: the chip gives the clock, not the PHY."""
    return machine.Pin.OUT if out else machine.Pin.IN


def pin_level(number):
    """Return the level (0 or 1) of a native pin that is pulled up."""
    return machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_UP).value()


def setup_asked():
    """Return whether the key `s` was the last one on the serial console since the chip started."""
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    typed = b""
    for _ in range(_SERIAL_BUFFER):  # a noisy line never rests
        if not poll.poll(0):
            break
        typed = sys.stdin.buffer.read(1)
    return typed == b"s"


def set_clock(utc, ms):
    """Set the clock of the chip. utc: as `time.gmtime` returns it."""
    year, month, day, hour, minute, second, weekday = utc[:7]
    machine.RTC().datetime((year, month, day, weekday, hour, minute, second, ms * 1000))


def watchdog(seconds):
    """Start the hardware watchdog, which nothing stops; return the function that feeds it."""
    return machine.WDT(timeout=seconds * 1000).feed

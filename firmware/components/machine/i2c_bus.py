# SPDX-License-Identifier: MIT
"""The hardware of an I2C bus: what it takes, how it is made, freed and searched. Not kept."""

import asyncio
import errno
from time import sleep_us

import machine
from import_once import import_once
from micropython import const

from node.component import ConfigError

_HALF_CLOCK_US = const(5)
_FIRST_ADDRESS = const(0x08)  # the others are reserved
_LAST_ADDRESS = const(0x77)


async def scan(i2c, log, source):
    """Log the addresses that answer, as records of `source`; other tasks run meanwhile."""
    found = []
    for address in range(_FIRST_ADDRESS, _LAST_ADDRESS + 1):
        try:
            i2c.writeto(address, b"")
            found.append("0x%02x" % address)
        except OSError as e:
            if e.errno == errno.ETIMEDOUT:
                log.error(source, "scan: the bus is stuck; check SCL, SDA and their pull-ups")
                return
        await asyncio.sleep_ms(0)
    if found:
        log.info(source, "scan: %s", " ".join(found))
    else:
        log.warn(source, "scan: nothing answers; check power, SCL and SDA")


def make(name, scl, sda, number, *others):
    """Claim what the bus of the component `name` takes; return what `create` does."""
    if scl == sda:
        raise ConfigError("must be another pin than scl", "sda")
    claim = import_once("components.machine.claims").claim
    claim("GPIO %d" % scl, name, "scl")
    claim("GPIO %d" % sda, name, "sda")
    if number is not None:
        claim("I2C peripheral %d" % number, name, "id")
    return create(scl, sda, number, *others)


def create(scl, sda, number, freq, timeout_us):
    """Return the peripheral of that number, or if it is None the software that takes its place.

    scl, sda: GPIO numbers. freq: in Hz. timeout_us: how long a transfer may be held up.
    """
    try:
        settings = {
            "scl": machine.Pin(scl),
            "sda": machine.Pin(sda),
            "freq": freq,
            "timeout": timeout_us,
        }
        if number is None:
            return machine.SoftI2C(**settings)
        return machine.I2C(number, **settings)
    except ValueError as e:
        raise ConfigError("no I2C bus on GPIO %d and %d: %s" % (scl, sda, e), "scl")


def recover(scl, sda, *others):
    """Free a bus on which a chip holds SDA low, and return what `create` does, created anew.

    A chip that was interrupted while it sent wants to send the rest of its byte: nine clocks
    let it, and the stop ends its transfer (I2C specification UM10204, 3.1.16).
    """
    pin = machine.Pin
    clock = pin(scl, pin.OPEN_DRAIN, pin.PULL_UP, value=1)
    data = pin(sda, pin.IN, pin.PULL_UP)
    for _ in range(9):
        clock.off()
        sleep_us(_HALF_CLOCK_US)
        clock.on()
        sleep_us(_HALF_CLOCK_US)
    clock.off()
    data.init(pin.OPEN_DRAIN, pin.PULL_UP, value=0)
    sleep_us(_HALF_CLOCK_US)
    clock.on()
    sleep_us(_HALF_CLOCK_US)
    data.on()
    return create(scl, sda, *others)

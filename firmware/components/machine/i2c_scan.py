# SPDX-License-Identifier: MIT
"""What answers on an I2C bus."""

import asyncio
import errno

from micropython import const

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

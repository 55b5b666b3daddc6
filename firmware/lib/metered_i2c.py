# SPDX-License-Identifier: MIT
"""An I2C bus whose transfers are counted and timed."""

import time


class MeteredI2C:
    """Passes transfers on to `i2c`, which has these two as `machine.I2C` has.

    clock: this module's or object's `ticks_us` and `ticks_diff`.

    Attributes: `transfers`, how many were begun; `longest_us`, of those that succeeded.
    """

    def __init__(self, i2c, clock=time):
        self._i2c = i2c
        self._clock = clock
        self.transfers = 0
        self.longest_us = 0

    def writeto_mem(self, address, register, data):
        """Write `data` to a register of a device. Raises OSError as `machine.I2C` does."""
        start = self._clock.ticks_us()
        self.transfers += 1
        self._i2c.writeto_mem(address, register, data)
        self._measure(start)

    def readfrom_mem_into(self, address, register, buffer):
        """Fill `buffer` from a register of a device. Raises OSError as `machine.I2C` does."""
        start = self._clock.ticks_us()
        self.transfers += 1
        self._i2c.readfrom_mem_into(address, register, buffer)
        self._measure(start)

    def _measure(self, start):
        us = self._clock.ticks_diff(self._clock.ticks_us(), start)
        self.longest_us = max(self.longest_us, us)

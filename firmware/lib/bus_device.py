# SPDX-License-Identifier: MIT
"""What a BusWorker serves, chips with pins or sensors, and the bus as they see it."""

import time

from micropython import const

FIRST_PAUSE_MS = const(100)  # until a lost device is tried again


class BusDevice:
    """What a BusWorker serves: the base of chips and sensors.

    `connect`, `service` and `write` make at most one transfer on the worker, which has
    `writeto_mem(address, register, data)` and `readfrom_mem_into(address, register, buffer)` as
    `machine.I2C` has, and let its OSError pass. `now` is in ticks (ms).

    Attributes: `name`, for messages; `address`; `due`, ticks at which it wants its next `service`.
    The worker sets `ready`, whether it has been connected and may be commanded, and `online`,
    whether it answers (None until that is known). `on_online`: function (online) or None that is
    told when that changes.

    A device whose pins take commands also has `level`, the bits of its pins as commanded, and
    `write(level)` and `commanded(pin, action, value)`, which is called after the write that
    carried out a command.
    """

    due = 0
    ready = False
    online = None
    on_online = None
    pause_ms = FIRST_PAUSE_MS
    suspect = False  # the last transfer failed and is being repeated

    def __init__(self, name, address):
        self.name = name
        self.address = address

    def connect(self, now):
        """Make one step to bring the device from whatever state into ours; return whether done."""
        return True

    def service(self, now):
        """Do what is due and set `due`; return False if the device has lost its configuration."""
        raise NotImplementedError

    def failed(self, now):
        """A transfer has failed; it is repeated."""

    def disconnected(self):
        """The device cannot be reached; what it is to be is brought to it by `connect`, anew."""


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

# SPDX-License-Identifier: MIT
"""An I2C bus of the node's own chip, with the one task that uses it."""

from time import sleep_us

import machine
from bus_worker import BusWorker
from import_once import import_once
from micropython import const

from components.machine.claims import claim, release
from node.component import Component, ConfigError

_HALF_CLOCK_US = const(5)


class I2C(Component):
    """One bus. Chips on it are components of their own that refer to this one.

    scl, sda: GPIO numbers. freq: clock in Hz. id: hardware peripheral, 0 or 1. software: produce
    the signals by program, on any two pins, without a peripheral. timeout_us: how long a transfer
    may be held up before the bus counts as stuck.

    Attributes: `worker`, the BusWorker, from `start` on.
    """

    def __init__(self, scl, sda, freq=100000, id=0, software=False, timeout_us=10000):
        self._scl = scl
        self._sda = sda
        self._freq = freq
        self._id = None if software else id
        self._timeout_us = timeout_us
        self.worker = None

    async def start(self):
        try:
            self._claim()
            i2c = self._create()
        except ConfigError:
            release(self.name)
            raise
        scan = import_once("components.machine.i2c_scan").scan
        await scan(i2c, self.node.log, self.name)
        self.worker = BusWorker(i2c, self._recover, self.node.settings.COMMAND_BUFFER)
        self.worker.on_crowded = self.node.crowded
        self.node.spawn("bus " + self.name, self.worker.run)

    def stop(self):
        self.worker.close()
        release(self.name)

    def alive(self):
        """Return whether the bus answers: at least one of its chips, if it has any."""
        # What has no address is a job.
        devices = [device for device in self.worker.devices if device.address is not None]
        return any(device.online for device in devices) if devices else not self.worker.stuck

    def statistics(self):
        """Return counters for the node's status topic."""
        worker = self.worker
        return {
            "dropped": worker.dropped,
            "queue_high_water": worker.buffer.high_water,
            "i2c_errors": worker.errors,
            "i2c_longest_us": worker.longest_us,
            "i2c_retries": worker.retries,
            "i2c_stuck": worker.stuck_count,
            "i2c_transfers": worker.transfers,
        }

    def _claim(self):
        if self._scl == self._sda:
            raise ConfigError("must be another pin than scl", "sda")
        claim("GPIO %d" % self._scl, self.name, "scl")
        claim("GPIO %d" % self._sda, self.name, "sda")
        if self._id is not None:
            claim("I2C peripheral %d" % self._id, self.name, "id")

    def _create(self):
        try:
            settings = {
                "scl": machine.Pin(self._scl),
                "sda": machine.Pin(self._sda),
                "freq": self._freq,
                "timeout": self._timeout_us,
            }
            if self._id is None:
                return machine.SoftI2C(**settings)
            return machine.I2C(self._id, **settings)
        except ValueError as e:
            text = "no I2C bus on GPIO %d and %d: %s"
            raise ConfigError(text % (self._scl, self._sda, e), "scl")

    def _recover(self):
        """Free a bus on which a chip holds SDA low, and return the peripheral, created anew.

        A chip that was interrupted while it sent wants to send the rest of its byte: nine clocks
        let it, and the stop ends its transfer (I2C specification UM10204, 3.1.16).
        """
        pin = machine.Pin
        scl = pin(self._scl, pin.OPEN_DRAIN, pin.PULL_UP, value=1)
        sda = pin(self._sda, pin.IN, pin.PULL_UP)
        for _ in range(9):
            scl.off()
            sleep_us(_HALF_CLOCK_US)
            scl.on()
            sleep_us(_HALF_CLOCK_US)
        scl.off()
        sda.init(pin.OPEN_DRAIN, pin.PULL_UP, value=0)
        sleep_us(_HALF_CLOCK_US)
        scl.on()
        sleep_us(_HALF_CLOCK_US)
        sda.on()
        return self._create()

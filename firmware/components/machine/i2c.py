# SPDX-License-Identifier: MIT
"""An I2C bus of the node's own chip, with the one task that uses it."""

from bus_worker import BusWorker
from import_once import import_once

from node.component import Component


class I2C(Component):
    """One bus. Chips on it are components of their own that refer to this one.

    scl, sda: GPIO numbers. freq: clock in Hz. id: hardware peripheral, 0 or 1. software: produce
    the signals by program, on any two pins, without a peripheral. timeout_us: how long a transfer
    may be held up before the bus counts as stuck.

    Attributes: `worker`, the BusWorker, from `start` on.
    """

    def __init__(self, scl, sda, freq=100000, id=0, software=False, timeout_us=10000):
        self._pins = scl, sda, None if software else id, freq, timeout_us
        self.worker = None

    async def start(self):
        # Needed now, and when a chip holds the bus, so its code does not stay in memory.
        bus = import_once("components.machine.i2c_bus")
        i2c = bus.make(self.name, *self._pins)
        await bus.scan(i2c, self.node.log, self.name)
        self.worker = BusWorker(i2c, self._recover, self.node.settings.COMMAND_BUFFER)
        self.worker.on_crowded = self.node.crowded
        self.node.spawn("bus " + self.name, self.worker.run)

    def stop(self):
        self.worker.close()

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

    def _recover(self):
        return import_once("components.machine.i2c_bus").recover(*self._pins)

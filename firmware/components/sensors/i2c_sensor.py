# SPDX-License-Identifier: MIT
"""The base of sensors on an I2C bus."""

import errno

from bus_jobs import on_bus, receive

from components.machine.claims import claim
from components.sensors.base import Sensor
from node.component import ConfigError


class I2CSensor(Sensor):
    """A chip at an address of a bus. Each of its transfers waits for its turn on the bus.

    i2c: the I2C component. address: of the chip. maker, model: for people. common: the arguments
    of every Sensor.
    """

    def __init__(self, i2c, address, maker, model, **common):
        super().__init__(**common)
        if not hasattr(i2c, "worker"):
            raise ConfigError("must refer to an I2C component", "i2c")
        self._i2c = i2c
        self._address = address
        self.device = {"mf": maker, "mdl": model, "hw": "0x%02x" % address}

    async def start(self):
        claim("0x%02x on %s" % (self._address, self._i2c.name), self.name, "address")
        await super().start()

    async def write(self, register, data=b""):
        """Write to a register; without data it is a command."""
        await self._transfer(_write, register, data)

    async def read_into(self, register, buffer):
        """Fill `buffer` from a register on."""
        await self._transfer(_read, register, buffer)

    async def receive_into(self, buffer):
        """Fill `buffer` with what the chip sends by itself."""
        await self._transfer(receive, buffer)

    async def _transfer(self, transfer, *args):
        worker = self._i2c.worker

        def step(now):
            transfer(worker, self._address, *args)
            return True

        try:
            await on_bus(worker, step)
        except OSError as e:
            if e.errno == errno.ENODEV:
                raise OSError("0x%02x does not answer" % self._address)
            raise OSError("the bus is stuck or busy")


def _write(worker, address, register, data):
    worker.writeto_mem(address, register, data)


def _read(worker, address, register, buffer):
    worker.readfrom_mem_into(address, register, buffer)

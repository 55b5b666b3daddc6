# SPDX-License-Identifier: MIT
"""Model chips on a model bus, driven by a BusWorker in simulated time."""

import errno

from bus_worker import BusWorker
from command_buffer import OFF, ON, TOGGLE
from expander import Expander
from pins import Pin

from yard.model.bus import Bus
from yard.model.mcp23017 import MCP23017

PERIOD = 1 << 30  # of ticks on the ESP32


class Clock:
    """What a library needs of `time`, wrapping as on the ESP32; stands still by itself."""

    def __init__(self, start_ms=0):
        self.us = start_ms * 1000

    def ticks_ms(self):
        return self.us // 1000 % PERIOD

    def ticks_us(self):
        return self.us % PERIOD

    def ticks_add(self, ticks, delta):
        return (ticks + delta) % PERIOD

    def ticks_diff(self, a, b):
        return (a - b + PERIOD // 2) % PERIOD - PERIOD // 2


class ModelI2C:
    """`machine.I2C` on a model bus; a transfer takes simulated time."""

    def __init__(self, bus, clock):
        self.bus = bus
        self.clock = clock

    def writeto_mem(self, address, register, data):
        self._transfer(address, bytes((register,)) + bytes(data), None)

    def readfrom_mem_into(self, address, register, buffer):
        self._transfer(address, bytes((register,)), buffer)

    def _transfer(self, address, data, read_into):
        before = self.bus.traffic.bus_us
        try:
            self.bus.transfer(address, data, read_into)
        except OSError as e:
            if e.errno == errno.ETIMEDOUT:
                self.clock.us += 10_000
            raise
        finally:
            self.clock.us += self.bus.traffic.bus_us - before


class Target:
    """Has a pin, as an entity has, and remembers what it was told."""

    def __init__(self, chip, number, said=None):
        self.pin = Pin(chip, number)
        self.said = [] if said is None else said

    def applied(self, tag):
        self.said.append(("applied", tag))

    def dropped(self, reason, tag):
        self.said.append((reason, tag))

    def changed(self):
        self.said.append("changed")


class Desk:
    """Model chips, and the worker and expanders of a node.

    Attributes: `clock`, `bus`, `models` (address -> model chip), `worker`, `chips` (address ->
    Expander, without pins yet), `recoveries`.
    """

    def __init__(self, addresses=(0x20,), start_ms=0, capacity=64):
        self.clock = Clock(start_ms)
        self.bus = Bus(100_000)
        self.models = {address: MCP23017() for address in addresses}
        for address in addresses:
            self.bus.attach(address, self.models[address])
        self.recoveries = 0
        self.start_node(capacity)

    def start_node(self, capacity=64):
        """Start the node's side anew; the chips keep what they have."""
        self.i2c = ModelI2C(self.bus, self.clock)
        self.worker = BusWorker(self.i2c, self._recover, capacity, self.clock)
        self.chips = {}
        for address in self.models:
            chip = Expander(self.worker, "chip%02x" % address, address, clock=self.clock)
            self.chips[address] = chip
            self.worker.add(chip)

    def outputs(self, address=0x20, numbers=range(16), **options):
        """Claim pins as outputs; return their targets, which share one list `said`."""
        chip = self.chips[address]
        said = []
        targets = []
        for number in numbers:
            targets.append(Target(chip, number, said))
            chip.output(number, targets[-1], **options)
        return targets

    def inputs(self, address=0x20, numbers=range(7), **options):
        """Claim pins as inputs; return their targets, which share one list `said`."""
        chip = self.chips[address]
        said = []
        targets = []
        for number in numbers:
            targets.append(Target(chip, number, said))
            chip.input(number, targets[-1], **options)
        return targets

    def step(self, end, after_step=None):
        """Let the worker make one step, then sleep, but not beyond the time `end` in us."""
        wait = self.worker.step()
        if after_step:
            after_step()
        self.clock.us = min(end, self.clock.us + wait * 1000) if wait else self.clock.us + 20

    def run(self, ms, after_step=None):
        """Let the worker work for `ms` of simulated time."""
        end = self.clock.us + ms * 1000
        while self.clock.us < end:
            self.step(end, after_step)

    def submit(self, target, action, value=0, ttl_ms=1500, tag=None):
        self.worker.submit(target, action, value, ttl_ms, tag)

    def latch(self, address=0x20):
        """Return the output latch of a model chip."""
        registers = self.models[address].registers()
        return registers["OLATA"] | registers["OLATB"] << 8

    def _recover(self):
        self.recoveries += 1
        self.bus.clock_free()
        return self.i2c


def level_after(level, mask, action):
    """Return `level` after a command: written again here, as the reference."""
    if action == ON or (action == TOGGLE and not level & mask):
        return level | mask
    if action in (OFF, TOGGLE):
        return level & ~mask
    return level | mask

# SPDX-License-Identifier: MIT
"""Model chips on a model bus, driven by a BusWorker in simulated time."""

import errno

from bus_worker import BusWorker
from command_buffer import OFF, ON, TOGGLE
from expander import Expander
from interrupt_line import InterruptLine
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

    def writeto(self, address, data):
        self._transfer(address, bytes(data), None)

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


class IntWire:
    """The open-drain INT outputs of model chips on one wire, and the node's line at its end.

    Attributes: `line`, the InterruptLine; `grounded`, the wire is held low; `cut`, falling edges
    do not reach the node; `late_us`, how long after an edge the node acts on it.
    """

    def __init__(self, desk, addresses):
        self.grounded = False
        self.cut = False
        self.late_us = 0
        self.fallen = False  # and the node does not know it yet
        self._clock = desk.clock
        self._models = [desk.models[address] for address in addresses]
        self._was = self.level()
        for model in self._models:
            model.on_change = self.settle
        self.line = InterruptLine(self.level, desk.clock)
        for address in addresses:
            reader = desk.chips[address].reader
            reader.line = self.line
            self.line.readers.append(reader)

    def level(self):
        if self.grounded:
            return 0
        return 0 if any(model.int_outputs()[0] == 0 for model in self._models) else 1

    def settle(self, _=None):
        """Find edges, as the pin of the node does."""
        level = self.level()
        if self._was and not level and not self.cut:
            self.fallen = self.line.pending = True
        self._was = level

    def serve(self):
        """Do what the task of the line does when it wakes."""
        if self.fallen:
            self.fallen = False
            self._clock.us += self.late_us
            self.line.signalled()


class Desk:
    """Model chips, and the worker and expanders of a node.

    Attributes: `clock`, `bus`, `models` (address -> model chip), `worker`, `chips` (address ->
    Expander, without pins yet), `wires`, `recoveries`.
    """

    def __init__(self, addresses=(0x20,), start_ms=0, capacity=64, frequency=100_000):
        self.clock = Clock(start_ms)
        self.bus = Bus(frequency)
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
        self.wires = []
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

    def wire(self, addresses=None):
        """Wire the INT outputs of chips, all by default, whose inputs have been claimed."""
        self.wires.append(IntWire(self, addresses or tuple(self.models)))
        return self.wires[-1]

    def step(self, end, after_step=None):
        """Let the worker make one step, then sleep, but not beyond the time `end` in us."""
        for wire in self.wires:
            wire.serve()
        wait = self.worker.step()
        if after_step:
            after_step()
        if wait and not any(wire.fallen for wire in self.wires):
            # A transfer may have ended after `end`.
            self.clock.us = max(self.clock.us, min(end, self.clock.us + wait * 1000))
        else:
            self.clock.us += 20

    def run(self, ms, after_step=None):
        """Let the worker work for `ms` of simulated time."""
        self.run_to(self.clock.us + ms * 1000, after_step)

    def run_to(self, end, after_step=None):
        """Let the worker work until the time `end` in us."""
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

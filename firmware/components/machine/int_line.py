# SPDX-License-Identifier: MIT
"""The INT lines of expanders at the node's own pins; chips that name one GPIO share its line."""

from asyncio import ThreadSafeFlag

from import_once import import_once
from interrupt_line import InterruptLine
from machine import Pin

from components.machine.claims import claim, release
from node.component import ConfigError

_lines = {}  # GPIO number -> its IntLine


def join(gpio, reader, node):
    """Have the chip of `reader`, an ExpanderInputs, served by its interrupts.

    gpio: GPIO number to which its INT output is wired. Raises ConfigError when it cannot be.
    """
    line = _lines.get(gpio)
    if line is None:
        line = _lines[gpio] = IntLine(gpio, node)
    line.readers.append(reader)
    reader.line = line


class IntLine(InterruptLine):
    """An InterruptLine at a pin of the node."""

    def __init__(self, gpio, node):
        self._gpio = gpio
        self._node = node
        self._name = "INT line %d" % gpio
        rules = import_once("components.machine.gpio_rules")
        fault = rules.fault(gpio, False)
        if fault:
            # The rest tells rows of a table how to have it all the same.
            raise ConfigError(fault.split("; ")[0], "int_pin")
        claim("GPIO %d" % gpio, self._name, "int_pin")
        try:
            # Some GPIOs have no pull-up.
            self._pin = Pin(gpio, Pin.IN, None if rules.fault(gpio, False, True) else Pin.PULL_UP)
        except ValueError as e:
            release(self._name)
            raise ConfigError("no INT line on GPIO %d: %s" % (gpio, e), "int_pin")
        super().__init__(self._pin.value)
        self._flag = ThreadSafeFlag()
        self.on_polling = self._report
        self._pin.irq(self._fallen, Pin.IRQ_FALLING)
        node.spawn(self._name, self._run)

    def leave(self, reader):
        """Serve a chip no more; the pin is free when it was the last."""
        self.remove(reader)
        if not self.readers:
            self._pin.irq(None)
            release(self._name)
            del _lines[self._gpio]
            self._flag.set()

    def _fallen(self, _):
        self.pending = True
        self._flag.set()

    async def _run(self):
        while self.readers:
            await self._flag.wait()
            self.signalled()

    def _report(self, reason):
        log = self._node.log
        if reason:
            self._node.count("int_fallbacks")
            log.warn(self._name, "%s; its chips are polled until it behaves", reason)
        else:
            log.info(self._name, "works again")

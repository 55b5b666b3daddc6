# SPDX-License-Identifier: MIT
"""Pins of the node's own chip as entities of Home Assistant, or for other components."""

from import_once import import_once

from components.machine.native import NativePins
from node.component import Component


class GPIO(Component):
    """Digital inputs and outputs.

    pins: the pin table, a list of dictionaries; `gpio_args.py` describes them. A fault in the
    table costs the pin.

    Attribute: `chip`, the NativePort, None before `start`.
    """

    chip = None

    def __init__(self, pins):
        self._rows = pins

    async def start(self):
        self._pins = pins = NativePins(self)
        self.chip = chip = pins.port
        self.pin = pins.pin  # for a reference like `@esp.21`
        prepare = import_once("components.devices.pin_rows").prepare
        prepare(self._rows, import_once("components.machine.gpio_args").PIN)
        import_once("components.machine.gpio_table").GpioTable(self, pins).build(self._rows)
        self._rows = None
        if chip.reader:
            from components.devices.inputs import set_up  # many have outputs only

            set_up(self, chip, None, None)
        pins.start()

    def stop(self):
        self._pins.stop()

    def statistics(self):
        """Return counters for the node's status topic."""
        reader = self.chip.reader
        return reader.statistics() if reader else {}

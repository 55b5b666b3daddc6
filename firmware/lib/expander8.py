# SPDX-License-Identifier: MIT
"""An I/O expander with 8 pins as a device of a BusWorker."""

from expander import Expander


class Expander8(Expander):
    """A chip as an Expander has it, with 8 pins. All of them can be inputs.

    driver: class with the interface of MCP23017: its registers and transfers. The other arguments
    are those of an Expander.
    """

    _unsafe = 0

    def __init__(self, driver, *args):
        self._driver = driver
        super().__init__(*args)
        self.users = [None] * 8


class Expander8Shared(Expander8):
    """Of a chip such as the PCF8574, where a write ends an interrupt as a read does."""

    def write(self, level):
        """Bring the outputs to `level`, and read soon what the interrupt may have told."""
        super().write(level)
        if self.reader and self.reader.line:
            self.reader.ask()

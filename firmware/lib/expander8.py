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

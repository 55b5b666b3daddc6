# SPDX-License-Identifier: MIT
"""A pin with a 1-Wire bus."""

import machine
from onewire import OneWire

from components.machine.native import check


def one_wire(component, gpio):
    """Return the bus on a GPIO, which `component` gets, as MicroPython's `onewire` has it.

    Raises ConfigError when the GPIO cannot be that.
    """
    check(component, gpio, "pin", True)
    return OneWire(machine.Pin(gpio))

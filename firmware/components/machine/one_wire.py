# SPDX-License-Identifier: MIT
"""A pin with a 1-Wire bus."""

import machine
from import_once import import_once
from onewire import OneWire


def one_wire(component, gpio):
    """Return the bus on a GPIO, which `component` gets, as MicroPython's `onewire` has it.

    Raises ConfigError when the GPIO cannot be that.
    """
    import_once("components.machine.gpio_rules").check(component, gpio, "pin", True)
    return OneWire(machine.Pin(gpio))

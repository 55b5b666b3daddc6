# SPDX-License-Identifier: MIT
"""A PCF8574 or PCF8574A with its 8 pins as entities of Home Assistant, or for other components."""

from expander8 import Expander8Shared
from import_once import import_once
from pcf8574 import PCF8574 as Register

from components.devices.chip8 import Chip8


class PCF8574(Chip8):
    """One chip; `pcf8574_args.py` describes the arguments, which are as of an MCP23017."""

    driver = Register
    expander = Expander8Shared
    model = "PCF8574"
    maker = "NXP"
    prefix = "P"

    def __init__(self, i2c, address, pins, poll_ms=20, ttl=None, int_pin=None, safety_poll=5):
        super().__init__(i2c, address, pins, poll_ms, ttl, int_pin, safety_poll)

    def spec(self):
        """Return what describes a row of the pin table."""
        return import_once("components.devices.pcf8574_args").PIN

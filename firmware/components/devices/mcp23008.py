# SPDX-License-Identifier: MIT
"""An MCP23008 with its 8 pins as entities of Home Assistant, or for other components."""

from import_once import import_once
from mcp23008 import MCP23008 as Registers

from components.devices.chip8 import Chip8


class MCP23008(Chip8):
    """One chip; `mcp23008_args.py` describes the arguments, which are as of an MCP23017."""

    driver = Registers
    model = "MCP23008"
    maker = "Microchip"
    prefix = "GP"

    def __init__(self, i2c, address, pins, poll_ms=20, ttl=None, int_pin=None, safety_poll=5):
        super().__init__(i2c, address, pins, poll_ms, ttl, int_pin, safety_poll)

    def spec(self):
        """Return what describes a row of the pin table."""
        return import_once("components.devices.mcp23008_args").PIN

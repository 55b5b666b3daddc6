# SPDX-License-Identifier: MIT
"""Arguments of `components/devices/mcp23008.py` and the keys of its pin table."""

from import_once import import_once


def _describe():
    chip8 = import_once("components.devices.chip8_args")
    return chip8.describe("GP", 0x20, 0x27, "0x20 + A0 + 2 * A1 + 4 * A2")


PIN, _args = _describe()

ARGS = {"MCP23008": _args}

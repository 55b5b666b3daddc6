# SPDX-License-Identifier: MIT
"""Arguments of `components/devices/pcf8574.py` and the keys of its pin table."""

from import_once import import_once


def _describe():
    chip8 = import_once("components.devices.chip8_args")
    address = "0x20 + A0 + 2 * A1 + 4 * A2, of a PCF8574A 0x38 + the same"
    row, args = chip8.describe("P", 0x20, 0x3F, address, pull_up=None)
    del args["address"]["min"], args["address"]["max"]
    args["address"]["choices"] = tuple(range(0x20, 0x28)) + tuple(range(0x38, 0x40))
    return row, args


PIN, _args = _describe()

ARGS = {"PCF8574": _args}

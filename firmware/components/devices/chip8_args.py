# SPDX-License-Identifier: MIT
"""Arguments that I/O expanders with 8 pins have in common."""

from import_once import import_once


def describe(prefix, lowest, highest, address, **own):
    """Return (description of a row of the pin table, description of the arguments).

    prefix: of the names of the pins. lowest, highest: its addresses; address: how they come about.
    own: keys of the table that differ from those of an MCP23017, None for one that is not there.
    """
    chip = import_once("components.devices.mcp23017_args")
    keys = chip.PIN["keys"].copy()
    del keys["allow_unsafe_input"]
    keys["pin"] = {"required": True, "doc": "0 to 7, or %s0 to %s7" % (prefix, prefix)}
    keys.update(own)
    row = {"type": "dict", "keys": {key: keys[key] for key in keys if keys[key]}}
    args = chip.ARGS["MCP23017"].copy()
    del args["port"]
    args["address"] = dict(args["address"], min=lowest, max=highest, doc=address)
    args["pins"] = dict(args["pins"], each=row)
    args["int_pin"] = dict(
        args["int_pin"], doc="GPIO number that INT is wired to; several chips may share it"
    )
    return row, args

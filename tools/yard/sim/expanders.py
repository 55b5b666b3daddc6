# SPDX-License-Identifier: MIT
"""Puts the chips with 8 pins and the shift registers of a components.json on the board."""

from __future__ import annotations

import contextlib
from typing import Any

from yard.model.board import Board
from yard.model.hc595 import HC595
from yard.model.mcp23008 import MCP23008
from yard.model.pcf8574 import PCF8574
from yard.sim import components

_ON_I2C: dict[str, type[MCP23008] | type[PCF8574]] = {
    ".devices.mcp23008 MCP23008": MCP23008,
    ".devices.pcf8574 PCF8574": PCF8574,
}


def attach(board: Board, content: bytes) -> None:
    """Attach a model for each such chip of a components.json, its INT wired as that says.

    What cannot be understood is left out: it is the node that tells what is wrong with it.
    """
    for name, kind, arguments in components.read_arguments(content):
        with contextlib.suppress(KeyError, TypeError, ValueError):
            _attach(board, name, kind, arguments)


def _attach(board: Board, name: str, kind: str, arguments: dict[str, Any]) -> None:
    if kind in _ON_I2C:
        address = components.number(arguments["address"])
        board.add_chip(address, _ON_I2C[kind]())
        gpio = arguments.get("int_pin")
        if gpio is not None:
            board.wire(gpio, address, "INT")
    elif kind == ".devices.hc595 HC595":
        data, clock, latch = (arguments[key] for key in ("ser", "srclk", "rclk"))
        for gpio in (data, clock, latch):
            board.pin(gpio)
        registers = arguments.get("chips", 1)
        chain = HC595(board, data, clock, latch, arguments.get("oe"), registers)
        board.chains[name] = chain

# SPDX-License-Identifier: MIT
"""Puts the chips with 8 pins that a components.json names on the simulated board."""

from __future__ import annotations

from typing import Any

from yard.model.board import Board
from yard.model.hc595 import HC595
from yard.model.mcp23008 import MCP23008
from yard.model.pcf8574 import PCF8574
from yard.sim import components

Arguments = dict[str, Any]

_ON_I2C: dict[str, type[MCP23008] | type[PCF8574]] = {
    ".devices.mcp23008 MCP23008": MCP23008,
    ".devices.pcf8574 PCF8574": PCF8574,
}


def attach(board: Board, content: bytes) -> None:
    """Attach a model for each such chip of a components.json, its INT wired as that says.

    What cannot be understood is left out: it is the node that tells what is wrong with it.
    """
    lines: dict[int, list[MCP23008 | PCF8574]] = {}
    for component in components.read_members(content)[0].values():
        if not isinstance(component, dict):
            continue
        arguments = component.get("constructor_args", {})
        if isinstance(arguments, dict):
            kind = f"{component.get('package')} {component.get('component')}"
            try:
                _attach(board, kind, arguments, lines)
            except (KeyError, TypeError, ValueError):
                continue


def _attach(
    board: Board, kind: str, arguments: Arguments, lines: dict[int, list[MCP23008 | PCF8574]]
) -> None:
    if kind in _ON_I2C:
        model = _ON_I2C[kind]()
        address = arguments["address"]
        board.bus.attach(int(address, 0) if isinstance(address, str) else address, model)
        gpio = arguments.get("int_pin")
        if gpio is not None:
            board.pin(gpio)
            wired = lines.setdefault(gpio, [])
            wired.append(model)
            model.on_change = lambda _: _settle(board, gpio, wired)
    elif kind == ".devices.hc595 HC595":
        data, clock, latch = (arguments[key] for key in ("ser", "srclk", "rclk"))
        for gpio in (data, clock, latch):
            board.pin(gpio)
        registers = arguments.get("chips", 1)
        HC595(board, data, clock, latch, arguments.get("oe"), registers)


def _settle(board: Board, gpio: int, wired: list[MCP23008 | PCF8574]) -> None:
    low = any(chip.int_output() == 0 for chip in wired)
    if board.pin(gpio).drive != (0 if low else None):
        board.drive_pin(gpio, 0 if low else None)

# SPDX-License-Identifier: MIT
"""What the board looks like in JSON."""

from typing import Any

from yard.board.link import Link
from yard.model.board import Board
from yard.model.mcp23017 import MCP23017

_MODES = {None: None, 0: "in", 1: "out", 2: "open_drain"}
_PULLS = (None, "up", "down")

Row = dict[str, Any]


def chip_row(board: Board, address: int) -> Row:
    """Describe one chip: registers, pin levels, supply, and what it cost on the bus.

    An MCP23017 also has counters of what was written.
    """
    chip = board.chips[address]
    traffic = board.bus.traffic_of[address]
    row = {
        "model": type(chip).__name__,
        "registers": chip.registers(),
        "levels": chip.levels(),
        "powered": chip.powered,
        "transactions": traffic.transactions,
        "bytes": traffic.bytes,
        "bus_us": traffic.bus_us,
    }
    if isinstance(chip, MCP23017):
        row |= {"writes": chip.writes, "latch_changes": chip.latch_changes}
        row["latch_writes"] = chip.latch_writes
    return row


def bus_row(board: Board) -> Row:
    """Describe the bus: what everything on it cost, and its faults."""
    bus = board.bus
    return {
        "transactions": bus.traffic.transactions,
        "bytes": bus.traffic.bytes,
        "bus_us": bus.traffic.bus_us,
        "frequency": bus.frequency,
        "nack": [address_text(address) for address in sorted(bus.nack)],
        "stuck_sda": bus.stuck_sda,
        "clearable": bus.clearable,
    }


def pin_row(board: Board, gpio: int) -> Row:
    """Describe one native pin."""
    pin = board.pin(gpio)
    return {
        "level": pin.level(),
        "drive": pin.drive,
        "mode": _MODES[pin.mode],
        "pull": _PULLS[pin.pull],
        "pwm": pin.pwm and {"frequency": pin.pwm[0], "duty_u16": pin.pwm[1]},
    }


def line_row(board: Board, gpio: int) -> Row:
    """Describe an interrupt line: which outputs share it, its level, whether the wire is cut."""
    return {
        "outputs": [[address_text(address), output] for address, output in board.wiring[gpio]],
        "level": board.pin(gpio).level(),
        "cut": gpio in board.cut,
    }


def node_row(board: Board, link: Link) -> Row:
    """Describe the node: whether it runs, its native pins, its watchdog and the air around it."""
    return {
        "running": link.node_running,
        "reset_cause": link.reset_cause,
        "wifi": board.wifi,
        "lines": {str(gpio): line_row(board, gpio) for gpio in board.wiring},
        "pins": {str(gpio): pin_row(board, gpio) for gpio in sorted(board.pins)},
        "watchdog": {
            "timeout_ms": link.watchdog.timeout_ms,
            "expirations": link.watchdog.expirations,
        },
    }


def address_text(address: int) -> str:
    """Return an address as it is written in JSON: `0x20`."""
    return f"0x{address:02x}"

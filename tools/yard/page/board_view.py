# SPDX-License-Identifier: MIT
"""What pages are told of the board: chips, sensors, bus, native pins, transfers."""

import time
from collections import deque
from typing import Any

from yard.board.link import Link
from yard.board.requests import Transfer
from yard.board.rows import address_text, bus_row, node_row
from yard.board.sensors import sensor_row
from yard.model.board import Board
from yard.model.pcf8574 import PCF8574
from yard.page.feed import Feed
from yard.page.transfers import Decoder

_MOST = 40  # transfers that are shown of those since the last look
_SEQOP = 0x20
# What the page shows of a chip, and the register that has it. A PCF8574 has no directions.
_PARTS = {"inputs": "IODIR", "pulled": "GPPU", "latch": "OLAT"}
_PARTS_PCF8574 = {"pulled": "P", "latch": "P"}


class BoardView:
    """Looks at a board when it is asked to; costs the node nothing in between."""

    def __init__(self, board: Board, link: Link, feed: Feed) -> None:
        self._board = board
        self._link = link
        self._feed = feed
        self._decoder = Decoder()
        self._transfers: deque[tuple[float, Transfer]] = deque(maxlen=_MOST)
        self._seen = 0  # transfers since the last look

    def listen(self, wanted: bool) -> None:
        """Begin or end to note transfers."""
        self._link.requests.on_transfer = self._note if wanted else None

    def look(self) -> None:
        """Tell the pages what is different."""
        for address in self._board.chips:
            self._feed.set(f"chip/{address_text(address)}", self._chip(address))
        for name, chain in self._board.chains.items():
            # As text, because a browser's numbers have bits enough for a short chain only.
            levels = chain.levels()
            text = None if levels is None else f"{levels:0{chain.count}b}"[::-1]
            self._feed.set(f"chain/{name}", {"count": chain.count, "levels": text})
        for name, sensor in self._board.sensors.items():
            self._feed.set(f"sensor/{name}", sensor_row(sensor))
        self._feed.set("node", node_row(self._board, self._link))
        bus = bus_row(self._board)
        self._feed.set("faults", {"nack": bus["nack"], "stuck_sda": bus["stuck_sda"]})
        left_out = self._seen - len(self._transfers)
        for when, transfer in self._transfers:
            self._feed.add("i2c", self._row(when, transfer))
        if left_out:
            self._feed.add("i2c", [time.time(), "", f"{left_out} transfers left out", 0])
        self._transfers.clear()
        self._seen = 0

    def look_at_bus(self) -> None:
        """Tell the pages how busy the bus is."""
        self._feed.set("bus", bus_row(self._board))

    def _note(self, transfer: Transfer) -> None:
        self._seen += 1
        self._transfers.append((time.time(), transfer))

    def _chip(self, address: int) -> dict[str, Any]:
        chip = self._board.chips[address]
        registers = chip.registers()
        parts = _PARTS_PCF8574 if isinstance(chip, PCF8574) else _PARTS
        return {
            "model": type(chip).__name__,
            **{part: _value(registers, name) for part, name in parts.items()},
            "levels": chip.levels(),
            "int": list(chip.int_outputs()),
            "powered": chip.powered,
            "nack": address in self._board.bus.nack,
        }

    def _row(self, when: float, transfer: Transfer) -> list[Any]:
        chip = self._board.chips.get(transfer.address)
        sequential = not (chip and chip.registers().get("IOCON", 0) & _SEQOP)
        words = self._decoder.words(transfer, type(chip).__name__, sequential)
        return [when, address_text(transfer.address), words, transfer.bus_us]


def _value(registers: dict[str, int], name: str) -> int:
    """Return a register, or the two of both ports as one number."""
    if name in registers:
        return registers[name]
    return registers[name + "A"] | registers[name + "B"] << 8

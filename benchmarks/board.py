# SPDX-License-Identifier: MIT
"""The simulated board as a process of its own: the same one for the node and for its peers.

`python -m benchmarks.board LINK CHIPS` serves a board with so many chips and prints the port of
its HTTP interface. What a device does on the bus is counted there, by the chip model.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.process import Process
from yard.board.server import BoardServer
from yard.model.board import Board
from yard.places import ROOT

FIRST_ADDRESS = 0x20
INT_GPIO = 4  # to which INTA of every chip is wired
# That it takes at 100 kHz to write the output latch of one port, and that of the other with it.
WRITE_NS = 290_000
BYTE_NS = 90_000

_START_S = 20.0


@dataclass(frozen=True)
class Traffic:
    """What the bus carried: transactions, bytes, time in µs, writes to output latches."""

    transactions: int
    bytes: int
    bus_us: int
    latch_writes: int

    def __sub__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.transactions - other.transactions,
            self.bytes - other.bytes,
            self.bus_us - other.bus_us,
            self.latch_writes - other.latch_writes,
        )


class SimulatedBoard:
    """A board with `chips` MCP23017 from address 0x20 on.

    Attributes:
        link: path of the socket that stands for the wires.
    """

    def __init__(self, folder: Path, chips: int) -> None:
        self.link = folder / "link"
        command = [sys.executable, "-m", "benchmarks.board", str(self.link), str(chips)]
        self._process = Process(command, folder / "board.log", cwd=ROOT)
        self._process.wait_until(self._has_port, _START_S, "simulated board")
        self._url = f"http://127.0.0.1:{int(self._process.log.read_text())}"

    def traffic(self) -> Traffic:
        """Return what the bus has carried so far."""
        answer = self._get("/chips")
        latches = sum(row["latch_writes"] for row in answer["chips"].values())
        bus = answer["bus"]
        return Traffic(bus["transactions"], bus["bytes"], bus["bus_us"], latches)

    def latched_ns(self) -> list[int]:
        """Return the monotonic time of the latest latch changes, oldest first.

        The model changes its latch when a transfer begins; a real one when it ends.
        """
        times = []
        before: dict[str, int] = {}
        for at, address, _ in self._get("/latches")["latches"]:
            # Two changes of a chip that are so near come from one transfer.
            second = at - before.get(address, 0) < WRITE_NS // 2
            times.append(at + WRITE_NS + (BYTE_NS if second else 0))
            before[address] = at
        return times

    def drive(self, chip: int, pin: int, level: int) -> None:
        """Put a level on a pin of a chip, counted from 0."""
        path = f"/chips/0x{FIRST_ADDRESS + chip:02x}/pins/{pin}"
        body = json.dumps({"level": level}).encode()
        request = urllib.request.Request(self._url + path, body, method="PUT")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    def _has_port(self) -> bool:
        return self._process.log.read_text().endswith("\n")

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self._url + path, timeout=10) as answer:
            return json.load(answer)


async def _serve(link: str, chips: int) -> None:
    addresses = range(FIRST_ADDRESS, FIRST_ADDRESS + chips)
    board = Board(addresses, wiring={INT_GPIO: [(address, "INTA") for address in addresses]})
    # Several boards on one broker: discovery topics carry it.
    board.unique_id = os.getpid().to_bytes(6, "big")
    server = BoardServer(board, 0, link, _ignore, _ignore)
    await server.start()
    print(server.http_port, flush=True)
    await asyncio.Event().wait()


def _ignore() -> None:
    """Leave a reset or an expired watchdog without effect: the benchmark has neither."""


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))

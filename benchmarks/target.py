# SPDX-License-Identifier: MIT
"""What is measured: a node under `yard sim`, and how a command to one of its pins looks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

YARD = Path(sys.executable).with_name("yard")
HOME = "home"


class SimulatedNode:
    """`yard sim --headless` with `chips` expanders full of outputs, in its own state folder."""

    def __init__(self, chips: int) -> None:
        self._state = tempfile.TemporaryDirectory(prefix="switchyard-bench-")
        ports = ["--port", "0", "--board-port", "0", "--state", self._state.name]
        command = [str(YARD), "sim", "--headless", "--chips", str(chips), *ports]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        ready: dict[str, str] = {}
        for line in self._process.stdout:
            if line.startswith("ready "):
                ready = dict(part.split("=", 1) for part in line.split()[1:])
                break
        if not ready:
            raise RuntimeError(f"yard sim ended with status {self._process.wait()}")
        self.port = int(ready["mqtt"].rpartition(":")[2])
        self.board = ready["board"]
        self.node = ready["node"]
        self.pins = [(f"chip{0x20 + chip:02x}", pin) for chip in range(chips) for pin in range(16)]

    def topic(self, index: int, leaf: str) -> bytes:
        """Return the topic of output `index` (counted over all chips)."""
        component, pin = self.pins[index]
        return f"{HOME}/{self.node}/{component}/out{pin}/{leaf}".encode()

    @property
    def states(self) -> bytes:
        """The subscription for every state."""
        return f"{HOME}/{self.node}/+/+/state".encode()

    def get(self, path: str) -> Any:
        """Read from the control interface of the simulated board."""
        with urllib.request.urlopen(self.board + path, timeout=10) as answer:
            return json.load(answer)

    def bus(self) -> dict[str, int]:
        """Return transactions, bytes and bus time in µs so far, of all chips."""
        chips = self.get("/chips")["chips"].values()
        return {k: sum(c[k] for c in chips) for k in ("transactions", "bytes", "bus_us")}

    def output_writes(self) -> int:
        """Return the number of write transactions to output latches so far."""
        chips = self.get("/chips")["chips"].values()
        return sum(max(c["writes"].get("OLATA", 0), c["writes"].get("OLATB", 0)) for c in chips)

    def latches(self) -> list[tuple[int, str, int]]:
        """Return (monotonic ns, address, latch) of the latest latch changes, oldest first."""
        return [tuple(entry) for entry in self.get("/latches")["latches"]]

    def stop(self) -> None:
        """End the processes and remove the state."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)
        self._state.cleanup()

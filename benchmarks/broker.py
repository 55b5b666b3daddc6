# SPDX-License-Identifier: MIT
"""The broker that all peers of a run share: mosquitto without persistence."""

from __future__ import annotations

import getpass
import socket
from pathlib import Path

from benchmarks.process import Broken, Process
from yard.sim.broker import find_mosquitto
from yard.sim.ports import keep_port

HOST = "127.0.0.1"

AS_INSTALLED = "mosquitto as installed"
NODELAY = "set_tcp_nodelay true"
SETTINGS = {AS_INSTALLED: "", NODELAY: "set_tcp_nodelay true\n"}

_START_S = 10.0


class Broker:
    """A running mosquitto.

    Args:
        folder: for its files.
        setting: a key of SETTINGS.

    Attributes:
        port: on the loopback interface.

    Raises:
        Broken: it is not installed or does not start.
    """

    def __init__(self, folder: Path, setting: str) -> None:
        program = find_mosquitto()
        if program is None:
            raise Broken("mosquitto is not installed; make mosquitto installs it")
        self._keeper = keep_port()
        self.port: int = self._keeper.getsockname()[1]
        configuration = folder / "mosquitto.conf"
        configuration.write_text(
            f"listener {self.port} {HOST}\nallow_anonymous true\npersistence false\n"
            f"user {getpass.getuser()}\n{SETTINGS[setting]}"
        )
        self._process = Process([program, "-c", str(configuration)], folder / "mosquitto.log")
        self._process.wait_until(self._listens, _START_S, "mosquitto")

    def stop(self) -> None:
        """End it; what it retained is forgotten."""
        self._process.stop()
        self._keeper.close()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0

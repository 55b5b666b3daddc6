# SPDX-License-Identifier: MIT
"""Puts `yard watch` together."""

import asyncio
import re
import sys
from datetime import datetime

import aiomqtt

from yard.broker_address import BrokerAddress
from yard.follow import follow
from yard.until_signal import until_signal
from yard.watch.record import Record, record
from yard.watch.view import JSONLines, Table

_RETAINED_S = 0.1  # in which a broker sends what it has retained, in any order


def run(broker: BrokerAddress, home: str, node: str | None, as_json: bool) -> None:
    """Show the messages of `node`, or of all nodes below `home`, until Ctrl-C.

    Raises:
        Fault: the broker refuses the user.
    """
    asyncio.run(Watch(broker, home, node, JSONLines() if as_json else Table()).run())


class Watch:
    """One run of `yard watch`."""

    def __init__(
        self, broker: BrokerAddress, home: str, node: str | None, view: Table | JSONLines
    ) -> None:
        self._broker = broker
        self._home = home
        self._topics = [f"{home}/{node}/#", f"{home}/log/+/{node}"] if node else [f"{home}/#"]
        self._view = view
        self._told = False  # that there is no broker
        self._waiting: list[Record] = []

    async def run(self) -> None:
        """Show what comes until a signal ends it."""
        await until_signal(
            follow(self._broker, self._topics, self._message, self._connected, self._trouble)
        )

    def _message(self, topic: str, payload: bytes, retained: bool) -> None:
        now = datetime.now().astimezone()
        self._waiting.append(record(self._home, topic, payload, retained, now))
        if not retained:
            self._show_waiting()
        elif len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(_RETAINED_S, self._show_waiting)

    def _show_waiting(self) -> None:
        """Show what waits: the retained messages in the order of their topics, the newest last."""
        self._waiting.sort(key=lambda record: (not record.retained, _natural(record.topic)))
        for waiting in self._waiting:
            self._view.show(waiting)
        self._waiting.clear()

    def _connected(self, _client: aiomqtt.Client) -> None:
        self._told = False
        _tell(f"watching {' and '.join(self._topics)} at {self._broker}")

    def _trouble(self, reason: str) -> None:
        if not self._told:
            self._told = True
            _tell(f"no broker at {self._broker}: {reason}; trying again")


def _natural(topic: str) -> list[tuple[int, str]]:
    """Return a key that sorts out2 before out10."""
    parts = re.split(r"(\d+)", topic)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _tell(text: str) -> None:
    print(f"yard: {text}", file=sys.stderr, flush=True)

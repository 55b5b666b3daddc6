# SPDX-License-Identifier: MIT
"""Commands to a target and the states that confirm them."""

from __future__ import annotations

import asyncio
import time

from benchmarks.load import Load
from benchmarks.process import Broken
from benchmarks.target import Target

_RESET_S = 20.0
_RESET_AT_ONCE = 16

_LEVELS = (b"OFF", b"ON")


class Commands:
    """One connection to the broker that commands outputs and takes their states.

    A command always asks for the other level of its output. A state confirms the oldest command of
    that output and level that is not confirmed yet, because peers may send the states of an output
    in another order than that of the commands; a state that nothing waits for confirms nothing.

    Attributes:
        target: whose outputs they are.
        latencies: ms from each confirmed command to its state.
        last_ns: monotonic time of the last confirmation.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.latencies: list[float] = []
        self.last_ns = 0
        self._levels = [0] * len(target.topics.outputs)
        self._waiting: dict[bytes, list[tuple[int, bytes]]] = {
            state: [] for _, state in target.topics.outputs
        }
        self._changed = asyncio.Event()
        self._load: Load

    @classmethod
    async def connect(cls, target: Target, qos: int) -> Commands:
        """Connect, and switch every output off.

        Args:
            target: whose outputs are commanded.
            qos: of the commands and of the subscription to the states.

        Raises:
            Broken: an output does not follow.
        """
        commands = cls(target)
        states = target.topics.states
        commands._load = await Load.connect(target.port, commands._on_message, states, qos)
        for first in range(0, len(commands._levels), _RESET_AT_ONCE):
            commands.begin()
            count = min(_RESET_AT_ONCE, len(commands._levels) - first)
            commands._levels[first : first + count] = [1] * count
            commands.send(range(first, first + count))
            if not await commands.confirmed(count, _RESET_S):
                raise Broken(
                    f"{target.name} did not switch its outputs off{target.process.said()}"
                )
        return commands

    def close(self) -> None:
        """Leave."""
        self._load.close()

    def begin(self) -> None:
        """Forget what was sent and what came."""
        for waiting in self._waiting.values():
            waiting.clear()
        self.latencies.clear()

    def send(self, outputs: range) -> int:
        """Command outputs, counted round and round, at once; return the monotonic time in ns."""
        now = time.monotonic_ns()
        packets = []
        for output in outputs:
            number = output % len(self._levels)
            self._levels[number] ^= 1
            payload = _LEVELS[self._levels[number]]
            command, state = self.target.topics.outputs[number]
            self._waiting[state].append((now, payload))
            packets.append(self._load.packet(command, payload))
        self._load.write(b"".join(packets))
        return now

    def waits_for(self, sent_ns: int) -> bool:
        """Return whether a command that was sent at that time is not confirmed."""
        return any(w and w[-1][0] == sent_ns for w in self._waiting.values())

    async def confirmed(self, count: int, limit_s: float) -> bool:
        """Wait until `count` commands since begin() are confirmed, or for `limit_s`."""
        deadline = time.monotonic() + limit_s
        while len(self.latencies) < count:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return False
        return True

    def _on_message(self, topic: bytes, payload: bytes, now: int) -> None:
        waiting = self._waiting.get(topic, [])
        place = next((i for i, (_, wanted) in enumerate(waiting) if wanted == payload), None)
        if place is None:
            return
        sent, _ = waiting.pop(place)
        self.latencies.append((now - sent) / 1e6)
        self.last_ns = now
        self._changed.set()

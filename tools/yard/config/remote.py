# SPDX-License-Identifier: MIT
"""What a node tells of its configuration."""

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

import aiomqtt

from yard.config.proposal import COMPONENTS
from yard.fault import Fault
from yard.printable import printable

_RETAINED_S = 3.0
_ANSWER_S = 2.0  # then a piece is asked for again
_SILENCE_S = 20.0
_LARGEST = 65536  # bytes of a text


@dataclass(frozen=True)
class Running:
    """What a node runs.

    Attributes:
        size: of components.json in bytes, 0 if there is none.
        sha256: of components.json.
        seconds: the node's CONFIG_TRIAL_S.
        last: the files whose last content is there, too.
    """

    size: int
    sha256: str | None
    seconds: int
    last: tuple[str, ...]


class Remote:
    """The configuration of one node. client: connected. base: how the node's topics begin."""

    def __init__(self, client: aiomqtt.Client, base: str) -> None:
        self._client = client
        self._base = base
        self._node = printable(base.rstrip("/").rpartition("/")[2])

    async def running(self) -> Running:
        """Return what the node says that it runs.

        Raises:
            Fault: it says nothing that can be understood.
        """
        topic = self._base + "config/running"
        await self._client.subscribe(topic, qos=1)
        try:
            async with asyncio.timeout(_RETAINED_S):
                fields = _fields(await self._next(topic))
            digest = fields["sha256"]
            return Running(
                int(fields["size"]),
                None if digest is None else str(digest),
                int(fields["seconds"]),
                tuple(str(name) for name in fields["last"]),
            )
        except (TimeoutError, KeyError, TypeError, ValueError):
            raise Fault(f"{self._node} does not tell what it runs on {printable(topic)}") from None

    async def text(self) -> bytes:
        """Return its components.json.

        Raises:
            Fault: it has none, or does not send all of it.
        """
        running = await self.running()
        if not running.size:
            raise Fault(f"{self._node} has no {COMPONENTS}")
        content = await self._collect("now", running.size)
        if hashlib.sha256(content).hexdigest() != running.sha256:
            raise Fault(f"{COMPONENTS} of {self._node} changed while it was read: try again")
        return content

    async def last(self) -> bytes:
        """Return what its components.json was before the newest change.

        Raises:
            Fault: there is none, or the node does not send all of it.
        """
        if COMPONENTS not in (await self.running()).last:
            raise Fault(f"{self._node} has no {COMPONENTS} of before")
        return await self._collect("last", _LARGEST)

    async def _collect(self, which: str, size: int) -> bytes:
        """Return all pieces until there are `size` bytes, or no more."""
        topic = self._base + "config/text/state"
        await self._client.subscribe(topic, qos=0)
        content = b""
        deadline = time.monotonic() + _SILENCE_S
        while len(content) < size:
            head = f"{which} {len(content)}"
            piece = await self._piece(topic, head)
            if piece == b"":
                break
            if piece is not None:
                content += piece
                deadline = time.monotonic() + _SILENCE_S
            elif time.monotonic() > deadline:
                raise Fault(f"{self._node} does not answer any more")
        return content

    async def _piece(self, topic: str, head: str) -> bytes | None:
        """Return a piece of a text, None if it does not come."""
        await self._client.publish(self._base + "config/text/set", head)
        try:
            async with asyncio.timeout(_ANSWER_S):
                while True:
                    got, _, piece = (await self._next(topic)).partition(b"\n")
                    if got == head.encode():
                        return piece
        except TimeoutError:
            return None

    async def _next(self, topic: str) -> bytes:
        while True:
            message = await anext(self._client.messages)
            if message.topic.value == topic:
                return bytes(message.payload)


def _fields(payload: bytes) -> dict[str, Any]:
    fields = json.loads(payload)
    if not isinstance(fields, dict):
        raise TypeError
    return fields

# SPDX-License-Identifier: MIT
"""What the session uses and the original mqtt_as lacks. Imported only on a board that has that."""

import asyncio

from micropython import const

_OUTBOX = const(64)  # messages


class PlainClient:
    """A client of the original mqtt_as with `publish_nowait`, `publish_stream` and `on_message`.

    client: the MQTTClient, with a queue. spawn: the node's. All else is the client's own.
    """

    def __init__(self, client, spawn):
        self._client = client
        self._outbox = []
        self._wake = asyncio.Event()
        self.on_message = None
        spawn("mqtt outbox", self._send)
        spawn("mqtt receive", self._receive)

    def __getattr__(self, name):
        return getattr(self._client, name)

    def publish_nowait(self, topic, msg, retain=False, prefix=b"", suffix=b""):
        """Let a message wait for its turn; return False when too many do."""
        if len(self._outbox) >= _OUTBOX:
            return False
        self._outbox.append((prefix + topic + suffix, msg, retain))
        self._wake.set()
        return True

    async def publish_stream(self, topic, length, pieces, retain=False):
        """Publish a payload that is made piece by piece; the client takes it only as a whole."""
        await self._client.publish(topic, b"".join(pieces), retain)

    def pause_reading(self):
        """Do nothing: a client that takes one message every 5 ms cannot crowd a bus."""

    resume_reading = pause_reading

    async def _send(self):
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outbox:
                await self._client.publish(*self._outbox[0])
                self._outbox.pop(0)

    async def _receive(self):
        async for topic, payload, retained in self._client.queue:
            self.on_message(bytes(topic), bytes(payload), retained)

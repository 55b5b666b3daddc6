# SPDX-License-Identifier: MIT
"""The queue of mqtt_as. Imported only where it is used."""

from asyncio import Event
from collections import deque


class MessageQueue:
    """Asynchronous iterator over received messages (topic, msg, retained).

    Holds `size` of them; when it is full the oldest goes first and `discards` counts it.
    """

    def __init__(self, size):
        self._messages = deque((), size)
        self._size = size
        self._arrived = Event()
        self.discards = 0

    def put(self, *message):
        """Add a message."""
        if len(self._messages) == self._size:
            self.discards += 1
        self._messages.append(message)
        self._arrived.set()

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self._messages:
            self._arrived.clear()
            await self._arrived.wait()
        return self._messages.popleft()

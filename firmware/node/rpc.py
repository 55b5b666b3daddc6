# SPDX-License-Identifier: MIT
"""Requests with answers: the command set of the MCP23017 server (docs/topics.md).

Imported by the session at the first request.
"""

import asyncio
import json
from time import ticks_diff, ticks_ms

from micropython import const
from pin_access import keep_ages

from node.rpc_commands import carry_out

_LONGEST = const(512)  # bytes of a request
_WAITING = const(16)  # requests
_UNSENT = const(32)  # answers


class Request:
    """One request. fields: its JSON object.

    Attributes: `id`, `command`; `values`, its other arguments; `chip`, for which its command
    waits.
    """

    chip = None

    def __init__(self, fields):
        self.id = fields.pop("id", None)
        self.command = fields.pop("command", None)
        self.values = fields
        self._arrived = ticks_ms()

    def waited(self):
        """Return how many ms ago it arrived."""
        return ticks_diff(ticks_ms(), self._arrived)


class RPC:
    """Answers requests in the order in which they come.

    Commands to outputs are put at once, so that what comes together is one transfer; what reads
    from a chip or changes it otherwise waits until those before it have been carried out.

    Attributes: `node`; `pending`, requests whose command has been put and not ended yet.
    """

    def __init__(self, node, client):
        self.node = node
        self._client = client
        self._topic = node.base + "rpc/response"
        self.pending = []
        self._waiting = []
        self._unsent = []
        self._wake = asyncio.Event()
        node.spawn("rpc", self._run)
        node.spawn("pin ages", keep_ages, node.components)

    def request(self, payload, retained):
        """Take a request as it arrived."""
        if retained:
            self.node.count("refused_retained")
            self.node.log.warn("rpc", "retained requests are refused; clear the retained message")
            return
        request = Request({})
        try:
            request = Request(_read(payload))
            if len(self._waiting) >= _WAITING:
                raise ValueError("too many requests wait")
        except ValueError as e:
            self.answer(request, 0, str(e))
            return
        self._waiting.append(request)
        self._wake.set()

    def answer(self, request, value, reason="", more=()):
        """Answer a request.

        value: the `datavalue`. reason: why it failed, "" if it did not. more: further fields as
        pieces of JSON text (bytes), each of which ends with a comma.
        """
        if reason:
            value = 0
            self.node.count("rpc_failed")
        head = '{"id": %s, "command": %s, ' % (json.dumps(request.id), json.dumps(request.command))
        tail = '"datavalue": "0x%02x", "response": %s}' % (value, json.dumps(reason or "OK"))
        pieces = [head.encode()] + list(more) + [tail.encode()]
        # What is longer than the client's buffer is sent piece by piece.
        if more or not self._send(b"".join(pieces)):
            del self._unsent[: -_UNSENT + 1]
            self._unsent.append(pieces)
            self._wake.set()

    def _send(self, payload):
        if self._unsent or not self.node.session.online:
            return False
        return self._client.publish_nowait(self._topic.encode(), payload)

    async def _run(self):
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting or self._unsent:
                if self._unsent:
                    await self._send_oldest()
                if self._waiting:
                    await self._carry_out(self._waiting.pop(0))

    async def _send_oldest(self):
        pieces = self._unsent.pop(0)
        if not self.node.session.online:
            return  # whoever asked waits no longer
        length = sum(len(piece) for piece in pieces)
        try:
            await self._client.publish_stream(self._topic, length, iter(pieces), False)
        except OSError as e:
            self.node.log.warn("rpc", "an answer is lost: %s", e)

    async def _carry_out(self, request):
        try:
            await carry_out(self, request)
        except ValueError as e:
            self.answer(request, 0, str(e))


def _read(payload):
    """Return the object that a request is. Raises ValueError."""
    if len(payload) > _LONGEST:
        raise ValueError(
            "%d bytes are more than a request can have (%d)" % (len(payload), _LONGEST)
        )
    try:
        fields = json.loads(payload.decode())
    except ValueError:
        raise ValueError("not valid JSON")
    # MicroPython takes any key.
    if not isinstance(fields, dict) or not all(isinstance(key, str) for key in fields):
        raise ValueError("expected a JSON object")
    return fields

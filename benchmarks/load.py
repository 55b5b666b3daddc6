# SPDX-License-Identifier: MIT
"""The load generator: one TCP connection that writes ready-made packets and stamps what returns.

A general client library spends more time per message than the node under test does, so the
benchmark talks MQTT 3.1.1 at QoS 0 and 1 by itself. Everything else on the host uses a library.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable

OnMessage = Callable[[bytes, bytes, int], None]

_PUBLISH = 3
_PUBACK = 4
_LAST_ID = 0xFFFF


def _length(n: int) -> bytes:
    out = bytearray()
    while True:
        n, digit = divmod(n, 128)
        out.append(digit | (0x80 if n else 0))
        if not n:
            return bytes(out)


def _text(s: bytes) -> bytes:
    return struct.pack("!H", len(s)) + s


def publish_packet(topic: bytes, payload: bytes, identifier: int = 0) -> bytes:
    """Return a PUBLISH: QoS 1 with an identifier, QoS 0 without one."""
    if not identifier:
        body = _text(topic) + payload
        return b"\x30" + _length(len(body)) + body
    body = _text(topic) + struct.pack("!H", identifier) + payload
    return b"\x32" + _length(len(body)) + body


class Load(asyncio.Protocol):
    """One MQTT connection; each PUBLISH goes to `on_message(topic, payload, monotonic ns)`.

    Attributes:
        qos: of the subscription and of `packet()`.
    """

    def __init__(self, on_message: OnMessage, qos: int) -> None:
        self.on_message = on_message
        self.qos = qos
        self._identifier = 0
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._acknowledged = asyncio.Event()

    @classmethod
    async def connect(cls, port: int, on_message: OnMessage, subscribe: bytes, qos: int) -> Load:
        """Connect to the broker on loopback and subscribe."""
        loop = asyncio.get_running_loop()
        _, load = await loop.create_connection(lambda: cls(on_message, qos), "127.0.0.1", port)
        body = _text(b"MQTT") + b"\x04\x02\x00\x00" + _text(b"load-%d" % time.monotonic_ns())
        await load._request(b"\x10" + _length(len(body)) + body)
        body = struct.pack("!H", 1) + _text(subscribe) + bytes([qos])
        await load._request(b"\x82" + _length(len(body)) + body)
        return load

    async def _request(self, packet: bytes) -> None:
        self._acknowledged.clear()
        self.write(packet)
        await asyncio.wait_for(self._acknowledged.wait(), 5)

    def packet(self, topic: bytes, payload: bytes) -> bytes:
        """Return a PUBLISH of this connection's QoS."""
        if not self.qos:
            return publish_packet(topic, payload)
        self._identifier = self._identifier % _LAST_ID + 1
        return publish_packet(topic, payload, self._identifier)

    def write(self, packets: bytes) -> None:
        """Send ready-made packets at once."""
        assert self._transport is not None
        self._transport.write(packets)

    def close(self) -> None:
        """Leave."""
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio: hand over every complete packet."""
        now = time.monotonic_ns()
        buffer = self._buffer + data
        at, end = 0, len(buffer)
        while end - at >= 2:
            head = buffer[at]
            length, shift, body = 0, 0, at + 1
            while body < end:
                digit = buffer[body]
                body += 1
                length |= (digit & 0x7F) << shift
                shift += 7
                if not digit & 0x80:
                    break
            if body + length > end:
                break
            self._packet(head, buffer[body : body + length], now)
            at = body + length
        self._buffer = buffer[at:]

    def _packet(self, head: int, body: bytes, now: int) -> None:
        kind = head >> 4
        if kind != _PUBLISH:
            if kind != _PUBACK:
                self._acknowledged.set()
            return
        size = struct.unpack_from("!H", body)[0]
        start = 2 + size
        if head & 0x06:
            self.write(b"\x40\x02" + body[start : start + 2])
            start += 2
        self.on_message(body[2 : 2 + size], body[start:], now)

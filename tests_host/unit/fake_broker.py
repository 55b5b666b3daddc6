# SPDX-License-Identifier: MIT
"""A broker for tests of the MQTT client: answers what it is told to and keeps what it got."""

import asyncio
import os

from mqtt_as import MQTTClient, config

from harness import run_until

CONNECT = 0x10
CONNACK = 0x20
PUBLISH = 0x30
PUBACK = 0x40
SUBSCRIBE = 0x80
SUBACK = 0x90
UNSUBSCRIBE = 0xA0
UNSUBACK = 0xB0
PINGREQ = 0xC0
PINGRESP = 0xD0
DISCONNECT = 0xE0

_SOL_SOCKET = 1
_SO_SNDBUF = 7
_SO_RCVBUF = 8
_PORTS = 24000  # the first of 4096, below those that the kernel gives away
_LOOPBACK = "127.%d.%d.%d"  # all of these are


def number(n):
    """Two bytes."""
    return bytes((n >> 8, n & 0xFF))


def packet(head, body=b""):
    """A whole packet."""
    out = bytearray((head,))
    length = len(body)
    while length > 0x7F:
        out.append(length & 0x7F | 0x80)
        length >>= 7
    out.append(length)
    return bytes(out) + body


def publish(topic, payload, qos=0, pid=0, retain=False, dup=False):
    """A PUBLISH packet."""
    head = PUBLISH | dup << 3 | qos << 1 | retain
    return packet(head, number(len(topic)) + topic + (number(pid) if qos else b"") + payload)


class Packet:
    """What the client sent: `kind`, `pid` (where it has one) and the fields of a PUBLISH."""

    def __init__(self, head, body):
        self.head = head
        self.kind = head & 0xF0
        self.body = body
        self.pid = 0
        if self.kind == PUBLISH:
            self.dup = head >> 3 & 1 == 1
            self.qos = head >> 1 & 3
            self.retain = head & 1 == 1
            end = 2 + (body[0] << 8 | body[1])
            self.topic = body[2:end]
            if self.qos:
                self.pid = body[end] << 8 | body[end + 1]
                end += 2
            self.payload = body[end:]
        elif self.kind in (PUBACK, SUBSCRIBE, UNSUBSCRIBE):
            self.pid = body[0] << 8 | body[1]


class Peer:
    """One connection from the client; `packets` in the order of arrival, `open` until it ends."""

    def __init__(self, broker, reader, writer):
        self._broker = broker
        self._reader = reader
        self._writer = writer
        self.packets = []
        self.open = True
        # A small window, so that a deaf broker is felt after kilobytes, not megabytes.
        reader.s.setsockopt(_SOL_SOCKET, _SO_RCVBUF, 4096)

    def of(self, kind):
        """The packets of one kind."""
        return [p for p in self.packets if p.kind == kind]

    def send(self, data):
        """Send raw bytes."""
        self._writer.s.write(data)

    def close(self):
        """End the connection."""
        if self.open:
            self.open = False
            self._reader.s.close()

    async def serve(self):
        """Read until the client leaves; answer as the broker is told to."""
        try:
            while self.open:
                got = await self._read()
                self.packets.append(got)
                answer = self._broker.answers.get(got.kind)
                if answer:
                    answer(self, got)
        except (EOFError, OSError):
            self.close()

    async def _read(self):
        read = self._reader.readexactly
        head = (await read(1))[0]
        length = shift = 0
        while True:
            digit = (await read(1))[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                break
        body = await read(length) if length else b""
        # Reading stands still while the broker is told to be deaf.
        while self._broker.deaf:
            await asyncio.sleep_ms(1)
        return Packet(head, body)


class FakeBroker:
    """Listens on a free port of an address of loopback that no other test has: `host`, `port`.

    `answers`: kind of packet -> function (peer, packet) that answers it; remove one to be silent.
    """

    def __init__(self):
        self.peers = []
        self.deaf = False
        self.connack = b"\x20\2\0\0"
        self.answers = {
            CONNECT: lambda peer, p: peer.send(self.connack),
            PUBLISH: lambda peer, p: p.qos and peer.send(b"\x40\2" + number(p.pid)),
            SUBSCRIBE: lambda peer, p: peer.send(b"\x90\3" + number(p.pid) + p.body[-1:]),
            UNSUBSCRIBE: lambda peer, p: peer.send(b"\xb0\2" + number(p.pid)),
            PINGREQ: lambda peer, p: peer.send(b"\xd0\0"),
        }
        self.host = _LOOPBACK % tuple(1 + byte % 250 for byte in os.urandom(3))
        self.port = None
        self._server = None

    async def start(self):
        """Listen on the same port as before, the first time on a free one."""
        for _ in range(200):
            port = self.port or _PORTS + (int.from_bytes(os.urandom(2), "big") & 0xFFF)
            try:
                self._server = await asyncio.start_server(self._accept, self.host, port)
                self.port = port
                return
            except OSError:
                await asyncio.sleep_ms(100)  # another test has it for a while
        raise OSError("no free port")

    async def stop(self):
        """End all connections and listen no more."""
        self._server.close()
        await self._server.wait_closed()
        for peer in self.peers:
            peer.close()

    async def _accept(self, reader, writer):
        peer = Peer(self, reader, writer)
        self.peers.append(peer)
        await peer.serve()

    @property
    def peer(self):
        """The newest connection."""
        return self.peers[-1]


class Desk:
    """`async with Desk(key=value...) as (broker, client)`: both on loopback, the client connected.

    The values are for the client's configuration. `connect=False` leaves connecting to the test.
    """

    def __init__(self, connect=True, **changes):
        self._connect = connect
        self._config = dict(config)
        self._config.update(server=None, client_id="desk", queue_len=16, response_time=0.4)
        self._config.update(changes)

    async def __aenter__(self):
        self.broker = FakeBroker()
        await self.broker.start()
        self._config["server"] = self._config["server"] or self.broker.host
        self._config["port"] = self.broker.port
        self.client = client = MQTTClient(self._config)
        client.DELAY_MS = 20
        client.MAX_DELAY_MS = 100
        if self._connect:
            await client.connect()
        return self.broker, client

    async def __aexit__(self, *_):
        self.client.close()
        await self.broker.stop()


async def deafen(broker, client):
    """Let the broker stop reading; returns when the client cannot get rid of anything more."""
    client._sock.setsockopt(_SOL_SOCKET, _SO_SNDBUF, 4096)
    broker.deaf = True
    refused = 0
    while refused < 150:  # for a while the window moves on
        refused = 0 if client.publish_nowait(b"filler", bytes(client._size // 4)) else refused + 1
        await asyncio.sleep_ms(2)


async def arrived(peer, kind, count=1):
    """Wait until `count` packets of a kind have arrived; return them."""
    await run_until(lambda: len(peer.of(kind)) >= count, 3000)
    return peer.of(kind)

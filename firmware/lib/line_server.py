# SPDX-License-Identifier: MIT
"""A TCP server for lines of text that no client can stall, not even a hostile one.

What a client costs is bounded: the number of clients, the length of a line, the lines that wait to
be sent, the time that a client may take to read them, and the attempts to give the key.
"""

import asyncio

from import_once import import_once
from micropython import const

_LONGEST = const(128)  # bytes of a line
_READ = const(64)  # bytes at once
_WAITING = const(16)  # lines to be sent
_SEND_S = const(5)  # time that a client has to read them
_FLUSH_MS = const(500)
_LOGIN_S = const(30)
_ATTEMPTS = const(3)
_PAUSE_MS = const(5)  # between two lines of a client


class LineClient:
    """One connection. Attribute `peer`: where it comes from, a text."""

    def __init__(self, reader, writer):
        self.peer = _address(writer.get_extra_info("peername"))
        self._reader = reader
        self._writer = writer
        self._line = bytearray(_LONGEST)
        self._length = 0
        self._received = b""
        self._lines = []
        self._lost = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._sent = asyncio.Event()

    async def say(self, text):
        """Send a line; waits for room, but never long: `send` ends a client that does not read."""
        while len(self._lines) >= _WAITING:
            self._room.clear()
            await self._room.wait()
        self._put(text)

    def tell(self, text):
        """Send a line if there is room; else it is left out, and how many were is told later."""
        if len(self._lines) >= _WAITING:
            self._lost += 1
        else:
            self._put(text)

    def _put(self, text):
        self._lines.append(text)
        self._sent.clear()
        self._wake.set()

    async def line(self):
        """Return the next line that is not empty, as text; None at the end.

        Raises ValueError when it is too long or no text, OSError when the connection is lost.
        """
        while True:
            for i in range(len(self._received)):
                byte = self._received[i]
                if byte in b"\r\n":
                    if self._length:
                        self._received = self._received[i + 1 :]
                        return self._take_line()
                elif self._length == _LONGEST:
                    raise ValueError("a line has at most %d bytes" % _LONGEST)
                else:
                    self._line[self._length] = byte
                    self._length += 1
            self._received = b""
            self._received = await self._reader.read(_READ)
            if not self._received:
                return None

    def _take_line(self):
        line = bytes(self._line[: self._length])
        self._length = 0
        try:
            return line.decode().strip()
        except UnicodeError:
            raise ValueError("expected UTF-8 text")

    async def send(self, task):
        """Send what is said, until cancelled; a client that does not read ends `task`."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._lines or self._lost:
                    await self._send_some()
                self._sent.set()
        except (OSError, asyncio.TimeoutError):
            task.cancel()

    async def _send_some(self):
        if not self._lines:
            self._lines.append("%d lines left out" % self._lost)
            self._lost = 0
        # The stream keeps what is written until it has been sent: never more than this.
        text = "\r\n".join(self._lines) + "\r\n"
        self._lines.clear()
        self._room.set()
        self._writer.write(text.encode())
        await asyncio.wait_for(self._writer.drain(), _SEND_S)

    async def flush(self):
        """Wait until what was said has been sent, if that goes quickly."""
        if self._lines:
            try:
                await asyncio.wait_for_ms(self._sent.wait(), _FLUSH_MS)
            except asyncio.TimeoutError:
                self._lines.clear()

    async def close(self):
        """Close the connection."""
        # MicroPython closes the socket in the second of these.
        self._writer.close()
        await self._writer.wait_closed()


class LineServer:
    """Serves clients one line at a time.

    owner: has the coroutine function `on_line(client, text)` and the functions `on_idle(client)`,
    called after `idle_s` without a line, which both return whether the connection goes on, and
    `on_close(client)`. report: function (text) that is told of wrong keys. key: text that a client
    has to send first, or None. most: clients at a time.
    """

    def __init__(self, owner, report, key, most, idle_s):
        self._owner = owner
        self._report = report
        self._key = key and key.encode()
        self._most = most
        self._idle_s = idle_s
        self._tasks = []
        self._server = None

    async def start(self, bind, port):
        """Listen. Raises OSError when that is not possible."""
        self._server = await asyncio.start_server(self._serve, bind, port)

    def close(self):
        """End every connection and listen no more."""
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader, writer):
        client = LineClient(reader, writer)
        try:
            if len(self._tasks) < self._most:
                await self._host(client)
            else:
                writer.write(b"no more clients\r\n")
        except OSError:
            return  # it has gone
        finally:
            await client.close()

    async def _host(self, client):
        task = asyncio.current_task()
        self._tasks.append(task)
        sender = asyncio.create_task(client.send(task))
        try:
            await self._talk(client)
            await client.flush()
        finally:
            self._owner.on_close(client)
            self._tasks.remove(task)
            sender.cancel()

    async def _talk(self, client):
        try:
            if self._key and not await asyncio.wait_for(self._ask_key(client), _LOGIN_S):
                return
            while await self._answer(client):
                await asyncio.sleep_ms(_PAUSE_MS)
        except asyncio.TimeoutError:
            await client.say("too slow")
        except ValueError as e:
            await client.say(str(e))

    async def _answer(self, client):
        try:
            line = await asyncio.wait_for(client.line(), self._idle_s)
        except asyncio.TimeoutError:
            return self._owner.on_idle(client)
        return line is not None and await self._owner.on_line(client, line)

    async def _ask_key(self, client):
        for attempt in range(_ATTEMPTS):
            await client.say("key?")
            line = await client.line()
            if line is None:
                return False
            if import_once("hmac_sha256").is_equal(line.encode(), self._key):
                return True
            self._report("%s gave a wrong key" % client.peer)
            await asyncio.sleep(1 << attempt)
            await client.say("wrong")
        return False


def _address(peer):
    """Return the address of a peer as text, from whatever form the port gives it."""
    if isinstance(peer, tuple):
        return str(peer[0])
    if isinstance(peer, (bytes, bytearray)) and len(peer) >= 8:
        return ".".join([str(byte) for byte in peer[4:8]])
    return "a client"

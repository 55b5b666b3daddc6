# SPDX-License-Identifier: MIT
"""The node's wires: a Unix domain socket that the node's `machine` and `network` connect to.

All integers are little endian. A frame is `u16 length of the rest`, then the rest.

The node opens two connections. The first frame on each is HELLO with its kind.

Request connection (kind 0): strictly one reply per request, in order.

    request: u16 length, u8 opcode, payload
    reply:   u16 length, u8 status, payload   status 0 ok, 1 ENODEV, 2 ETIMEDOUT, 3 EINVAL

    opcode          payload                                         reply payload
    1 I2C transfer  u8 bus, u8 address, u8 read length, u8 flags,   u32 bus_us, bytes read
                    bytes to write
                    flags: 1 = stop at the end; 2 = there is a write part, even if empty
    2 pin mode      u8 gpio, u8 mode (0 in, 1 out, 2 open drain),   u8 level
                    u8 pull (0 none, 1 up, 2 down)
    3 pin write     u8 gpio, u8 level                               -
    4 pin read      u8 gpio                                         u8 level
    5 ADC read      u8 gpio                                         u16 reading
    6 Wi-Fi status  -                                               u8 on
    7 watchdog      u32 timeout in ms, 0 = feed                     -
    8 hello         u8 kind (0 request, 1 event connection)         JSON, see below
    9 PWM           u8 gpio, u32 frequency in Hz, u16 duty          -
    10 bus settings u8 bus, u32 frequency in Hz, u8 scl, u8 sda     -
    11 bus recovery u8 bus: nine clocks and a stop                  -
    12 exchange     u8 gpio, bytes for the device on the pin        bytes, none without a device
    13 deep sleep   -                                               -

`bus_us` is the time that the transfer takes on a real bus; the caller lets it pass. It is there
for ENODEV too (the address was clocked out). A stuck bus answers ETIMEDOUT at once with 0; the
caller lets its own time-out pass. A bus id without anything attached answers ENODEV.

A new request connection is a node that starts: it replaces an older one, native pins become inputs
and the watchdog is off. So they do when the connection ends, whatever ended it, and when the node
goes to sleep.

The hello reply is a JSON object: `reset_cause` (number as `machine` has it), `unique_id`
(hexadecimal), `wifi` (boolean) and `aps`, rows of ssid, bssid (hexadecimal), channel, rssi,
authmode, hidden.

Event connection (kind 1): after the hello only the board speaks.

    event: u16 length, u8 kind, payload
    1 pin change    u8 gpio, u8 level    pins that the node configured as input or open drain
    2 Wi-Fi         u8 on
"""

import asyncio
import contextlib
import errno
import json
import os
import socket
import struct
from collections.abc import Callable

from yard.board.requests import EINVAL, OK, Refused, Requests
from yard.board.watchdog import Watchdog
from yard.model.board import Board
from yard.model.native import IN, OPEN_DRAIN

EVENT_PIN, EVENT_WIFI = 1, 2
PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET = 1, 2, 3, 4  # as on the ESP32

_KIND_REQUEST, _KIND_EVENT = 0, 1
_HELLO = 8
_DEEP_SLEEP = 13


class Link:
    """The server of the socket: one node at a time.

    Args:
        board: what the node is wired to.
        path: of the socket.
        on_watchdog: called when an armed watchdog was not fed in time.

    Attributes:
        reset_cause: of the node that runs or ran last.
        watchdog: the node's watchdog.
        requests: what a request connection can ask.
    """

    def __init__(self, board: Board, path: str, on_watchdog: Callable[[], None]) -> None:
        self.board = board
        self.reset_cause = PWRON_RESET
        self._next_reset_cause = PWRON_RESET
        self.watchdog = Watchdog(self._watchdog_expired)
        self.requests = Requests(board, self.watchdog)
        self._path = path
        self._on_watchdog = on_watchdog
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._node: Connection | None = None
        self._event_transports: set[asyncio.WriteTransport] = set()

    @property
    def node_running(self) -> bool:
        """Whether a node holds a request connection."""
        return self._node is not None

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: EADDRINUSE another board listens on the path, or what the system says.
        """
        _refuse_path_in_use(self._path)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Connection(self), self._path)
        self.board.pin_listeners.append(self._pin_changed)
        self.board.wifi_listeners.append(self._wifi_changed)

    async def stop(self) -> None:
        """Close every connection and remove the socket."""
        if self._server is None:
            return
        self.board.pin_listeners.remove(self._pin_changed)
        self.board.wifi_listeners.remove(self._wifi_changed)
        self._server.close()
        for connection in tuple(self._connections):
            connection.abort()
        await self._server.wait_closed()
        self._server = None
        self.watchdog.disarm()
        _remove(self._path)

    def hello(self, connection: "Connection", kind: int) -> bytes:
        """Admit a connection; return the payload of the answer."""
        if kind == _KIND_EVENT:
            self._event_transports.add(connection.transport)
        elif kind == _KIND_REQUEST:
            self._node_starts(connection)
        else:
            raise Refused(EINVAL)
        board = self.board
        about = {
            "reset_cause": self.reset_cause,
            "unique_id": board.unique_id.hex(),
            "aps": board.access_points,
            "wifi": board.wifi,
        }
        return json.dumps(about).encode()

    def node_sleeps(self) -> None:
        """Do what goes with deep sleep; the node is to start anew when it wakes up."""
        self._next_reset_cause = DEEPSLEEP_RESET
        self._release_node()

    def opened(self, connection: "Connection") -> None:
        """Note a connection, so that `stop` finds it."""
        self._connections.add(connection)

    def closed(self, connection: "Connection") -> None:
        """Forget a connection; the node is gone with its request connection."""
        self._connections.discard(connection)
        self._event_transports.discard(connection.transport)
        if connection is self._node:
            self._node = None
            self._release_node()

    def _node_starts(self, connection: "Connection") -> None:
        older, self._node = self._node, connection
        if older is not None:
            older.abort()
        self.reset_cause, self._next_reset_cause = self._next_reset_cause, HARD_RESET
        self._release_node()

    def _release_node(self) -> None:
        self.watchdog.disarm()
        self.board.release_pins()

    def _watchdog_expired(self) -> None:
        self._next_reset_cause = WDT_RESET
        self._on_watchdog()

    def _pin_changed(self, gpio: int, level: int) -> None:
        if self.board.pin(gpio).mode in (IN, OPEN_DRAIN):
            self._event(bytes((EVENT_PIN, gpio, level)))

    def _wifi_changed(self, on: bool) -> None:
        self._event(bytes((EVENT_WIFI, on)))

    def _event(self, rest: bytes) -> None:
        frame = struct.pack("<H", len(rest)) + rest
        for transport in self._event_transports:
            transport.write(frame)


class Connection(asyncio.Protocol):
    """One connection: cuts the stream into frames and answers each at once."""

    transport: asyncio.WriteTransport

    def __init__(self, link: Link) -> None:
        self._link = link
        self._kind: int | None = None
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        self._link.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._link.closed(self)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio: answer every complete frame with one write."""
        if self._pending:
            data = self._pending + data
        replies = []
        start, size = 0, len(data)
        while size - start >= 2:
            end = start + 2 + (data[start] | data[start + 1] << 8)
            if end > size:
                break
            replies.append(self._answer(data[start + 2 : end]))
            start = end
        self._pending = data[start:]  # at most one frame, 64 KB
        if replies:
            self.transport.write(b"".join(replies))

    def abort(self) -> None:
        """Close the connection without waiting for the node."""
        self.transport.abort()

    def _answer(self, rest: bytes) -> bytes:
        status = OK
        try:
            payload = self._carry_out(rest[0], rest[1:])
        except Refused as refused:
            status, payload = refused.status, refused.payload
        except (struct.error, ValueError, IndexError):
            status, payload = EINVAL, b""
        return struct.pack("<HB", 1 + len(payload), status) + payload

    def _carry_out(self, opcode: int, payload: bytes) -> bytes:
        if opcode == _HELLO and self._kind is None:
            (kind,) = payload
            answer = self._link.hello(self, kind)
            self._kind = kind
            return answer
        if self._kind != _KIND_REQUEST:
            raise Refused(EINVAL)
        if opcode == _DEEP_SLEEP:
            () = payload
            self._link.node_sleeps()
            return b""
        return self._link.requests.carry_out(opcode, payload)


def _refuse_path_in_use(path: str) -> None:
    """Raise OSError if somebody listens on the path; a socket left by a dead process is fine."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), path)


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)

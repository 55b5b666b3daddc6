# SPDX-License-Identifier: MIT
"""One connection to a broker at a time: socket, TLS, buffers and the two tasks that move bytes.

Both buffers are made once. On the ESP32 a wait in the poller may last a tick of 10 ms, so the
number of waits, reads and writes decides: `receive` takes all that is there in one read and stays
awake for a while after traffic; `transmit` sends all that a pass of the loop produced in one write.
The generators here are coroutines; those with a bare `yield` wait in asyncio's poller, as the
streams of asyncio do.
"""

import asyncio
import socket
from asyncio import core
from errno import EINPROGRESS
from sys import implementation
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const
from mqtt_packet import PacketReader

_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)


class Connection:
    """The bytes of a connection. Every method but `wake` and `close` may raise OSError.

    read_buffer, packet_limit, send_buffer: bytes. awake_ms: how long after traffic the task
    `receive` polls the socket in every pass of the loop, before it waits in the poller again.

    Attributes: `out`, where packets for the broker are appended once `room` has said yes, followed
    by `wake`. `packets`: the PacketReader. `changed`: an Event, set for a moment whenever there may
    be room again; others may do so too. `active`: to be set when a message came. `rx_time`: ticks
    of the last read. `tx_time`: ticks of the last write, or of when the socket began to refuse;
    then `blocked` is true. `reads`, `writes`: those that moved bytes. `wakes`: waits in the poller.
    """

    def __init__(self, read_buffer, packet_limit, send_buffer, awake_ms):
        self.packets = PacketReader(read_buffer, packet_limit)
        self.out = bytearray(send_buffer)  # is emptied by open(), which leaves it the memory
        self.changed = asyncio.Event()
        self.reads = self.writes = self.wakes = 0
        self.capacity = send_buffer
        self._awake_ms = awake_ms
        self._parked = core.TaskQueue()  # `transmit`, while there is nothing to send
        self._sock = None

    async def open(self, server, port, turn):
        """Connect to the address number `turn` of the broker's (modulo their number)."""
        self.close()
        self.packets.reset()
        self.out[:] = b""
        self._attempt = 0
        self.active = self.blocked = False
        addresses = socket.getaddrinfo(server, port, 0, socket.SOCK_STREAM)
        family, kind, protocol, _, address = addresses[turn % len(addresses)]
        self._sock = sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            sock.connect(address)
        except OSError as e:
            if e.errno != EINPROGRESS:
                raise
        await self._writable()
        if implementation[1] >= (1, 23):  # before, the ESP32 does not have it and says so
            sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        self.rx_time = self.tx_time = ticks_ms()

    def start_tls(self, context, hostname):
        """Speak TLS from now on; the handshake is part of the first `drain`."""
        self._sock = context.wrap_socket(
            self._sock, server_hostname=hostname, do_handshake_on_connect=False
        )

    def close(self):
        """Close the socket. Tasks that use it must have been cancelled before."""
        if self._sock:
            self._sock.close()
            self._sock = None

    def room(self, size):
        """Return whether `size` more bytes fit into `out`; sends what is in it if need be."""
        if len(self.out) + size > self.capacity:
            self.flush()
        return len(self.out) + size <= self.capacity

    def wake(self):
        """Have `out` sent when all that can run now has run."""
        if self._parked.peek():
            core._task_queue.push(self._parked.pop())

    def pulse(self):
        """Let all tasks that wait for `changed` look again."""
        self.changed.set()
        self.changed.clear()

    def flush(self):
        """Give the socket as much of `out` as it takes now."""
        out = self.out
        if not out:
            return
        size = self._attempt or len(out)
        sent = self._sock.write(out if size == len(out) else memoryview(out)[:size]) or 0
        self._attempt = size - sent  # TLS must be offered the same bytes again, and no more
        if sent:
            out[:sent] = b""
            self.writes += 1
            self.pulse()
        if sent or not self.blocked:
            self.tx_time = ticks_ms()
        self.blocked = len(out) > 0

    async def drain(self):
        """Send all of `out`."""
        self.flush()
        while self.out:
            await self._writable()
            self.flush()

    async def read_packet(self):
        """Read until `packets` has a packet."""
        while not self.packets.next():
            await self._readable()
            self._read()

    def receive(self, take):
        """Coroutine: read, and call `take()` for each packet.

        take() returns false when it cannot take the packet yet; then it is called again after
        `changed`. Ends when it closes the connection.
        """
        packets = self.packets
        until = None
        while True:
            while self._sock and packets.next():
                while not take():
                    yield from self.changed.wait()
            if not self._sock:
                return
            if self.active:
                self.active = False
                until = ticks_add(ticks_ms(), self._awake_ms)
            if until is not None and ticks_diff(until, ticks_ms()) > 0:
                yield from asyncio.sleep_ms(0)
            else:
                until = None
                self.wakes += 1
                yield core._io_queue.queue_read(self._sock)
            self._read()

    def transmit(self):
        """Coroutine: send what is in `out` after each `wake`. Ends only with an exception."""
        while True:
            self.flush()
            if self.out:
                self.wakes += 1
                yield core._io_queue.queue_write(self._sock)
            else:
                # What Event.wait() does, without the generator that it would allocate every time.
                self._parked.push(core.cur_task)
                core.cur_task.data = self._parked
                yield
                yield from asyncio.sleep_ms(0)

    def _read(self):
        count = self._sock.readinto(self.packets.space())
        if count:
            self.reads += 1
            self.rx_time = ticks_ms()
            self.packets.add(count)
        elif count == 0:
            raise OSError("the broker closed the connection")

    def _readable(self):
        self.wakes += 1
        yield core._io_queue.queue_read(self._sock)

    def _writable(self):
        self.wakes += 1
        yield core._io_queue.queue_write(self._sock)

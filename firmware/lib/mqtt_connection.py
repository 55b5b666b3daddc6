# SPDX-License-Identifier: MIT
"""The lowest layer of MQTTClient: socket, TLS, buffers and the two coroutines that move bytes.

Both buffers are made once. On the ESP32 a wait in the poller may last a tick of 10 ms, so that the
number of waits, reads and writes decides: `_receive` takes all that is there in one read and stays
awake for a while after a message; `_transmit` sends all that a pass of the loop produced at once.
A generator with a bare `yield` waits in asyncio's poller, as the streams of asyncio do.
"""

import socket
from asyncio import Event, core, sleep_ms
from errno import EINPROGRESS
from sys import implementation
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const
from mqtt_packet import PacketReader

_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)


class Connection:
    """The bytes of one connection at a time; config: as of mqtt_as.

    For the layers above: `_out`, where packets for the broker are appended after `_room` and before
    `_wake`. `_changed`: an Event that `_pulse` sets for a moment, for all tasks that wait for
    something to look again. `_active`: to be set when a message came. `_rx_time`: ticks of the last
    read. `_tx_time`: ticks of the last write, or of when the socket began to refuse more; while it
    does, `_blocked` is true. What touches the socket may raise OSError.

    Attributes: `reads` and `writes` that moved bytes, `wakes`: waits in the poller or for a timer.
    """

    def __init__(self, config):
        self.server = config["server"]
        self.port = config["port"] or (8883 if config["ssl"] else 1883)
        self._tls = None
        if config["ssl"]:
            params = config["ssl_params"]
            self._hostname = params.get("server_hostname", self.server)
            self._tls = params.get("context")
            if not self._tls:
                from mqtt_tls import context  # only where TLS is used

                self._tls = context(params)
        self._packets = PacketReader(config["read_buffer"], config["packet_limit"])
        self._size = config["send_buffer"]
        self._out = bytearray(self._size)  # keeps that memory when it is emptied
        self._awake_ms = config["awake_ms"]
        self._changed = Event()
        self._parked = core.TaskQueue()  # _transmit, while there is nothing to send
        self._sock = None
        self._turn = 0  # which of the broker's addresses to use, modulo their number
        self.reads = self.writes = self.wakes = 0

    def _dial(self):
        """Begin to connect. The name is resolved anew every time, which may block the loop."""
        self._packets.reset()
        self._out[:] = b""
        self._pending = 0
        self._active = self._blocked = False
        self._rx_time = self._tx_time = ticks_ms()
        addresses = socket.getaddrinfo(self.server, self.port, 0, socket.SOCK_STREAM)
        family, kind, protocol, _, address = addresses[self._turn % len(addresses)]
        self._sock = sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            sock.connect(address)
        except OSError as e:
            if e.errno != EINPROGRESS:
                raise
        if implementation[1] >= (1, 23):  # before, the ESP32 does not have it, and says so
            sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        if self._tls:
            self._sock = self._tls.wrap_socket(
                sock, server_hostname=self._hostname, do_handshake_on_connect=False
            )

    def _close(self):
        """Close the socket. Tasks that wait for it must have been cancelled before."""
        if self._sock:
            self._sock.close()
            self._sock = None

    def _room(self, size):
        """Return whether `size` more bytes fit into `_out`; sends what is in it if need be."""
        if len(self._out) + size > self._size:
            self._flush()
        return len(self._out) + size <= self._size

    def _wake(self):
        """Have `_out` sent when all that can run now has run."""
        if self._parked.peek():
            core._task_queue.push(self._parked.pop())

    def _pulse(self):
        self._changed.set()
        self._changed.clear()

    def _flush(self):
        """Give the socket as much of `_out` as it takes now."""
        out = self._out
        if not out:
            return
        size = self._pending or len(out)
        sent = self._sock.write(out if size == len(out) else memoryview(out)[:size]) or 0
        self._pending = size - sent  # TLS must be offered the same bytes again, and no more
        if sent:
            out[:sent] = b""
            self.writes += 1
            self._pulse()
        if sent or not self._blocked:
            self._tx_time = ticks_ms()
        self._blocked = len(out) > 0

    def _receive(self, take):
        """Coroutine: read, and call `take()` for each packet; again, while that returns false."""
        packets = self._packets
        until = None
        while True:
            if until is not None and ticks_diff(until, ticks_ms()) > 0:
                yield from sleep_ms(0)
            else:
                until = None
                self.wakes += 1
                yield core._io_queue.queue_read(self._sock)
            count = self._sock.readinto(packets.space())
            if count is None:
                continue
            if count == 0:
                raise OSError("the broker closed the connection")
            self.reads += 1
            self._rx_time = ticks_ms()
            packets.add(count)
            while packets.next():
                while not take():
                    yield from self._changed.wait()
                if not self._sock:  # take() has closed it
                    return
            if self._active:
                self._active = False
                until = ticks_add(ticks_ms(), self._awake_ms)

    def _transmit(self):
        """Coroutine: send what is in `_out` when the socket is connected, and after each _wake."""
        while True:
            self.wakes += 1
            yield core._io_queue.queue_write(self._sock)
            self._flush()
            while not self._out:
                # What Event.wait() does, without the generator that it allocates every time.
                self._parked.push(core.cur_task)
                core.cur_task.data = self._parked
                yield
                yield from sleep_ms(0)
                self._flush()

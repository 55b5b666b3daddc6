# SPDX-License-Identifier: MIT
"""The lowest layer of MQTTClient: socket, buffers and the two coroutines that move bytes.

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

    For the layers above: `_up`, which they set while MQTT may be spoken. `_out`, where they append
    packets after `_fits` and before `_wake`. `_changed`: an Event that `_pulse` sets for a moment,
    so that all tasks that wait for something look again. `_active`: set by them when a message
    came. `_rx_time`, `_tx_time`: ticks of the last read and write. They provide `_take` (handle the
    packet in `_packets`; false: not yet) and `_drop(error)`.

    Attributes: `reads` and `writes` that moved bytes, `wakes`: waits in the poller or for a timer.
    """

    def __init__(self, config):
        self._config = config
        self.server = config["server"]
        self.port = config["port"] or (8883 if config["ssl"] else 1883)
        self._packets = PacketReader(config["read_buffer"], config["packet_limit"])
        self._size = config["send_buffer"]
        self._out = bytearray(self._size)  # keeps that memory when it is emptied
        self._changed = Event()
        self._parked = core.TaskQueue()  # _transmit, while there is nothing to send
        self._sock = None
        self._up = False
        self._turn = -1  # which of the broker's addresses was tried last
        self.reads = self.writes = self.wakes = 0

    def _dial(self):
        """Begin to connect. The name is resolved anew every time, which may block the loop."""
        self._packets.reset()
        self._out[:] = b""
        self._pending = 0
        self._active = False
        self._rx_time = self._tx_time = ticks_ms()
        addresses = socket.getaddrinfo(self.server, self.port, 0, socket.SOCK_STREAM)
        self._turn = turn = (self._turn + 1) % len(addresses)
        address = addresses[turn]
        self._sock = sock = socket.socket(*address[:3])
        sock.setblocking(False)
        try:
            sock.connect(address[-1])
        except OSError as e:
            if e.errno != EINPROGRESS:
                raise
        if implementation[1] >= (1, 23):  # before, the ESP32 does not have it, and says so
            sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        if self._config["ssl"]:
            from mqtt_tls import wrap

            self._sock = wrap(sock, self._config["ssl_params"], self.server)

    def _fits(self, size):
        """Return whether `size` more bytes may be appended to `_out`; makes room if need be."""
        if self._up and len(self._out) + size > self._size:
            self._flush()
        return self._up and len(self._out) + size <= self._size

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
        size = self._pending or len(out)
        if not size:
            return
        try:
            sent = self._sock.write(out if size == len(out) else memoryview(out)[:size]) or 0
        except (OSError, ValueError) as e:  # ValueError: TLS does not trust the certificate
            self._drop(e)
            return
        self._pending = size - sent  # TLS must be offered the same bytes again, and no more
        if sent:
            out[:sent] = b""
            self.writes += 1
            self._tx_time = ticks_ms()
            self._pulse()

    def _receive(self):
        """Coroutine: read, and hand over each packet. Raises OSError when that is not possible."""
        packets = self._packets
        until = None
        while self._sock:  # _take may have closed it
            if until is not None and ticks_diff(until, ticks_ms()) > 0:
                yield from sleep_ms(0)
            else:
                until = None
                self.wakes += 1
                yield core._io_queue.queue_read(self._sock)
            count = packets.read(self._sock)
            if count is None:
                continue
            if count == 0:
                raise OSError("closed by the broker")
            self.reads += 1
            self._rx_time = ticks_ms()
            while self._sock and packets.next():
                while not self._take():
                    yield from self._changed.wait()
            if self._active:
                self._active = False
                until = ticks_add(ticks_ms(), self._config["awake_ms"])

    def _transmit(self):
        """Coroutine: send `_out` when the socket is connected, and after each `_wake`."""
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

# SPDX-License-Identifier: MIT
"""The lowest layer of MQTTClient: one connection at a time, from the socket to the keep-alive.

Both buffers are made once. On the ESP32 a wait in the poller may last a tick of 10 ms, so that the
number of waits, reads and writes decides: `_receive` takes all that is there in one read and stays
awake for a while after a message; `_transmit` sends all that a pass of the loop produced at once.
A generator with a bare `yield` waits in asyncio's poller, as the streams of asyncio do.
"""

from asyncio import Event, core, sleep_ms
from time import ticks_add, ticks_diff, ticks_ms

from import_once import import_once
from micropython import const
from mqtt_packet import PacketReader, ProtocolError

_CONNACK = const(0x20)
_OVERHEAD = const(9)
_TICK_MS = const(1000)
_PAUSE = const(4)  # ping intervals that reading may be paused


class Connection:
    """A connection as the layers above use it; config: as of mqtt_as.

    `_up`: whether the broker has accepted it. `_out`: where they append a packet after `_free` and
    before `_wake`; `_writing` while one is there in part. Who waits for something waits for
    `_changed` and looks again; who changes something calls `_pulse`. They provide `_take`, which
    handles the packet in `_packets`, sets `_active` after a message, and returns false when it
    cannot handle it yet.

    Attributes: `reads` and `writes` that moved bytes; `wakes`: waits in the poller or for a timer.
    """

    DEBUG = False
    _sender = None  # what is for sending only, imported when it is needed and then for a second

    def __init__(self, config):
        self._config = config
        self.server = config["server"]
        self.port = config["port"] or (8883 if config["ssl"] else 1883)
        self._response_ms = int(config["response_time"] * 1000)
        ping_s = config["keepalive"] / 4 or 20
        self._ping_ms = int(1000 * min(ping_s, config["ping_interval"] or ping_s))
        self._packets = PacketReader(config["read_buffer"], config["packet_limit"])
        self._size = config["send_buffer"]
        self._out = bytearray(self._size)  # keeps that memory when it is emptied
        self._changed = Event()
        self._lost = Event()
        self._parked = core.TaskQueue()  # _transmit, while there is nothing to send
        self._sock = None
        self._tasks = ()
        self._up = self._closed = self._paused = self._writing = False
        self.session_present = False
        self.last_error = ""
        self.reads = self.writes = self.wakes = self.protocol_errors = 0

    def dprint(self, msg, *args):
        """Print `msg % args` when DEBUG is set."""
        if self.DEBUG:
            print(msg % args)

    # -- life -----------------------------------------------------------------------------

    async def _attempt(self, clean):
        """Connect once; raise OSError if that fails."""
        # What connecting takes is needed for a moment only, and rarely.
        await import_once("mqtt_connect").attempt(self, clean)

    def _dial(self):
        """Begin to connect. The name is resolved anew every time, which may block the loop."""
        self._packets.reset()
        self._stuck = self._active = False
        self._rx_time = self._tx_time = ticks_ms()
        self._sock = import_once("mqtt_connect").dial(self._config, self.server, self.port)

    def _welcome(self, head, flags, code):
        """Take what must be the CONNACK."""
        if head != _CONNACK or self._up:
            raise ProtocolError("CONNACK missing or repeated")
        if code:
            raise OSError("refused: " + ("user or password" if code in (4, 5) else str(code)))
        self.session_present = flags == 1
        self._up = True
        self._pulse()

    async def _guard(self, coro):
        try:
            await coro
        except (OSError, ValueError, MemoryError) as e:
            self._drop(e)

    def _drop(self, error):
        """Give up the connection, or the attempt at one, because of `error`."""
        if not self._lost.is_set():
            self._lost.set()
            self._up = self._writing = False
            self.last_error = str(error)
            self.protocol_errors += isinstance(error, ProtocolError)
            self.dprint("mqtt: %s", self.last_error)
            self._pulse()

    def _hang_up(self):
        """End the tasks of the connection and close the socket."""
        self._drop(OSError("client closed"))
        for task in self._tasks:
            if task is not core.cur_task:  # which may be the one of on_message
                task.cancel()
        self._tasks = ()
        if self._sock:
            self._sock.close()
            self._sock = None
        self._pulse()

    async def _watch(self):
        """Coroutine: ping when the connection is idle; OSError when it is dead or never lived."""
        while True:
            await sleep_ms(min(_TICK_MS, self._response_ms // 4))
            self.wakes += 1
            self._pulse()
            self._sender = None
            now = ticks_ms()
            silent = ticks_diff(now, self._rx_time)
            patience = self._up and self._ping_ms * (_PAUSE if self._paused else 1)
            if silent > patience + self._response_ms:
                raise OSError("no answer from the broker")
            if max(silent, ticks_diff(now, self._tx_time)) >= self._ping_ms:
                self._ping()

    def _ping(self):
        if self._free(_OVERHEAD):
            self._out.extend(b"\xc0\0")  # PINGREQ
            self._wake()

    def _pulse(self):
        """Let all tasks that wait for `_changed` look again."""
        self._changed.set()
        self._changed.clear()

    # -- bytes ----------------------------------------------------------------------------

    def _free(self, size):
        """Return whether a packet of `size` bytes may be appended to `_out` now."""
        return not self._writing and self._fits(size)

    def _fits(self, size):
        if self._up and (self._stuck or len(self._out) + size > self._size):
            self._flush()
        return self._up and not self._stuck and len(self._out) + size <= self._size

    def _wake(self):
        """Have `_out` sent when all that can run now has run."""
        if self._parked.peek():
            core._task_queue.push(self._parked.pop())

    def _flush(self):
        """Give the socket as much of `_out` as it takes now."""
        out = self._out
        if not out:
            return
        try:
            sent = self._sock.write(out)
        except (OSError, ValueError) as e:  # ValueError: TLS does not trust the certificate
            self._drop(e)
            return
        if sent:
            out[:sent] = b""
            self.writes += 1
            self._tx_time = ticks_ms()
            self._pulse()
        # TLS must be offered the rest again as it was: nothing may be appended until it has left.
        self._stuck = len(out) > 0

    def _receive(self):
        """Coroutine: connect, read, and hand over each packet. Raises OSError."""
        self._dial()
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
        while self._sock:
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

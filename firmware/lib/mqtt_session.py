# SPDX-License-Identifier: MIT
"""The middle layer of MQTTClient: messages both ways, subscriptions, acknowledgements, keep-alive.

A task that waits here looks again whenever `_changed` is pulsed: when bytes have left, when an
acknowledgement came, when the connection came or went, and about every second.
"""

from asyncio import sleep_ms
from sys import print_exception
from time import ticks_diff, ticks_ms

from micropython import const
from mqtt_connection import Connection
from mqtt_packet import ProtocolError, as_bytes, put_puback, put_publish, put_request

_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBSCRIBE = const(0x82)
_SUBACK = const(0x90)
_UNSUBSCRIBE = const(0xA2)
_UNSUBACK = const(0xB0)
_PINGRESP = const(0xD0)
_OVERHEAD = const(9)  # bytes that a packet has beside topic and payload, at most

_RETAIN = const(1)
_DUP = const(8)

_IN_FLIGHT = const(8)  # packets that may wait for their acknowledgement at a time
_TICK_MS = const(1000)
_PAUSE = const(4)  # ping intervals that reading may be paused


class Session(Connection):
    """What is said over a connection. The layer above makes it, and takes its CONNACK.

    deliver: called as deliver(topic, msg, retained) for each message, unless `on_message` is set.
    """

    DEBUG = False
    REPUB_COUNT = 0
    on_message = None

    def __init__(self, config, deliver):
        super().__init__(config)
        self._deliver = deliver
        self._response_ms = int(config["response_time"] * 1000)
        ping_s = config["keepalive"] / 4 or 20
        self._ping_ms = int(1000 * min(ping_s, config["ping_interval"] or ping_s))
        self._failed = self._closed = self._paused = False
        self._writing = False  # a PUBLISH is in `_out` in part
        self._pid = 0
        self._awaited = {}  # packet id -> first byte of the answer, then its return code
        self.last_error = ""
        self.session_present = False
        self.rx_packets = self.skipped = self.protocol_errors = 0

    def dprint(self, msg, *args):
        """Print `msg % args` when DEBUG is set."""
        if self.DEBUG:
            print(msg % args)

    # -- to the broker --------------------------------------------------------------------

    def publish_nowait(self, topic, msg, retain=False, prefix=b"", suffix=b""):
        """Put a QoS 0 message into the send buffer; it leaves with all else of this pass.

        The topic is `prefix`, `topic` and `suffix`, so that nobody has to join them; all four are
        bytes-like. Allocates nothing. Return False, and do nothing, when the message does not fit
        now or there is no connection.
        """
        size = len(prefix) + len(topic) + len(suffix) + len(msg)
        if not self._free(_OVERHEAD + size):
            return False
        put_publish(self._out, 1 if retain else 0, 0, len(msg), topic, prefix, suffix)
        self._out.extend(msg)
        self._wake()
        return True

    async def publish(self, topic, msg, retain=False, qos=0):
        """Publish `msg`; it and the topic may be str or bytes-like.

        Returns at QoS 0 when the message is in the send buffer, at QoS 1 when the broker has
        acknowledged it. Waits for the connection, and repeats what was lost with it. Raises OSError
        when the client is closed meanwhile, ValueError for what MQTT does not allow.
        """
        msg = as_bytes(msg)
        await self.publish_stream(topic, len(msg), (msg,), retain, qos)

    async def publish_stream(self, topic, length, pieces, retain=False, qos=0):
        """Publish a payload of `length` bytes that is made piece by piece.

        pieces: iterable of bytes-like objects, taken as there is room for them; nothing else is
        sent in between. An iterator (a generator, for instance) is sent once: OSError then says
        that the connection was lost or that no acknowledgement came. What can be iterated again is
        repeated as in publish(). Raises ValueError when the pieces do not add up to `length`, and
        passes on what they raise; as MQTT cannot take back a message, the connection is dropped.
        """
        topic = self._topic(topic, qos)
        if b"+" in topic or b"#" in topic:
            raise ValueError("wildcard in a topic to publish to")
        flags = (1 if retain else 0) | qos << 1
        tries = 0 if iter(pieces) is pieces else self._config["max_repubs"] + 1
        answer = _PUBACK if qos else None
        await self._send(answer, tries, self._publish, flags, topic, length, pieces)

    async def subscribe(self, topic, qos=0):
        """Subscribe to a topic or filter; qos: the highest wanted, 0 or 1.

        Waits for the connection and for the broker's answer. Raises OSError when the broker refuses
        or the client is closed meanwhile.
        """
        topic = self._topic(topic, qos)
        end = bytes((qos,))
        if await self._send(_SUBACK, 1, self._request, _SUBSCRIBE, topic, end) & 0x80:
            raise OSError("subscription refused: " + topic.decode())

    async def unsubscribe(self, topic):
        """Unsubscribe from a topic or filter; waits as subscribe() does."""
        topic = self._topic(topic, 0)
        await self._send(_UNSUBACK, 1, self._request, _UNSUBSCRIBE, topic, b"")

    def _topic(self, topic, qos):
        topic = as_bytes(topic)
        if qos not in (0, 1):
            raise ValueError("qos is 0 or 1")
        if not 0 < len(topic) <= self._size - _OVERHEAD:
            raise ValueError("topic empty or longer than send_buffer")
        return topic

    async def _send(self, answer, tries, write, *args):
        """Await `write(pid, dup, *args)` until it returns true and the answer came.

        answer: first byte of the packet that acknowledges it, or None. tries: with one connection;
        0: a single time, then OSError. Returns the return code of the answer.
        """
        pid = dup = 0
        if answer:
            await self._until(lambda: len(self._awaited) < _IN_FLIGHT)
            pid = self._pid % 0xFFFF + 1
            while pid in self._awaited:
                pid = pid % 0xFFFF + 1
            self._pid = pid
            self._awaited[pid] = answer
        try:
            while True:
                for _ in range(tries or 1):
                    if await write(pid, dup, *args):
                        if not answer or await self._answered(pid, answer):
                            return self._awaited.get(pid)
                    if not tries:
                        raise OSError("message lost")
                    dup = _DUP
                self._drop(OSError("no acknowledgement"))
        finally:
            self._awaited.pop(pid, None)
            self._pulse()

    async def _publish(self, pid, dup, flags, topic, length, pieces):
        size = _OVERHEAD + len(topic)
        # What the send buffer can hold goes into it at once; more only as there is room.
        whole = size + length <= self._size
        await self._until(self._free, size + length if whole else size)
        if dup:
            self.REPUB_COUNT += 1
        self._writing = True
        good = False
        try:
            put_publish(self._out, flags | dup, pid, length, topic)
            for part in _parts(pieces, length, self._size):
                await self._until(self._may_go_on, len(part))
                if not self._writing:
                    return False
                self._out.extend(part)
            good = True
        finally:
            if not good:
                self._drop(OSError("message cut short"))
            self._writing = False
            self._wake()
        return True

    async def _request(self, pid, _, head, topic, end):
        await self._until(self._free, _OVERHEAD + len(topic))
        put_request(self._out, head, pid, topic, end)
        self._wake()
        return True

    # -- waiting --------------------------------------------------------------------------

    async def _until(self, ready, *args):
        while not ready(*args):
            if self._closed:
                raise OSError("client closed")
            await self._changed.wait()

    def _free(self, size):
        """Return whether a packet of `size` bytes may be appended to `_out` now."""
        return not self._writing and self._fits(size)

    def _may_go_on(self, size):
        return not self._writing or self._fits(size)

    async def _answered(self, pid, answer):
        start = ticks_ms()
        while self._awaited.get(pid) == answer:
            if self._paused:
                start = ticks_ms()
            if not self._up or ticks_diff(ticks_ms(), start) > self._response_ms:
                return False
            await self._changed.wait()
        return True

    # -- from the broker ------------------------------------------------------------------

    def pause_reading(self):
        """Take no further packet until resume_reading(), not even one that has been read.

        The connection survives four ping intervals of it (together about `keepalive`), not more,
        because nobody could tell whether the broker is alive.
        """
        self._paused = True

    def resume_reading(self):
        """End pause_reading()."""
        self._paused = False
        self._rx_time = ticks_ms()
        self._pulse()

    def _take(self):
        """Handle the packet that has arrived; false when that is not possible yet."""
        packets = self._packets
        head = packets.head
        pid = packets.pid
        if head == _CONNACK or not self._up:
            self._welcome(head, pid >> 8, pid & 0xFF)
        elif self._paused:
            return False
        elif head & 0xF0 == _PUBLISH:
            if pid:
                if not self._free(_OVERHEAD):
                    return False
                # It leaves after the message was handled, together with what comes of that.
                put_puback(self._out, pid)
                self._wake()
            self._active = True
            if packets.whole:
                self._message(packets.topic(), packets.payload(), head & 1 == 1)
            else:
                self.skipped += 1
        else:
            if self._awaited.get(pid) == head:
                self._awaited[pid] = packets.code
            self._pulse()
        self.rx_packets += 1
        return True

    def _welcome(self, head, flags, code):
        if head != _CONNACK or self._up:
            raise ProtocolError("CONNACK missing or repeated")
        if code:
            raise OSError("refused: " + ("user or password" if code in (4, 5) else str(code)))
        self.session_present = flags == 1
        self._up = True
        self._pulse()

    def _message(self, topic, msg, retained):
        try:
            (self.on_message or self._deliver)(topic, msg, retained)
        except Exception as e:  # noqa: BLE001  the application's fault is no reason to hang up
            print_exception(e)

    # -- keep-alive -----------------------------------------------------------------------

    async def broker_up(self):
        """Ask the broker for a sign of life; return whether it came within response_time."""
        self._awaited[0] = _PINGRESP
        self._ping()
        try:
            return self._up and await self._answered(0, _PINGRESP)
        finally:
            self._awaited.pop(0, None)

    def _ping(self):
        if self._free(_OVERHEAD):
            self._out.extend(b"\xc0\0")  # PINGREQ
            self._wake()

    async def _watch(self):
        """Coroutine: ping when the connection is idle; OSError when it is dead or never lived."""
        while True:
            await sleep_ms(min(_TICK_MS, self._response_ms // 4))
            self.wakes += 1
            self._pulse()
            now = ticks_ms()
            silent = ticks_diff(now, self._rx_time)
            patience = self._up and self._ping_ms * (_PAUSE if self._paused else 1)
            if silent > patience + self._response_ms:
                raise OSError("no answer from the broker")
            if max(silent, ticks_diff(now, self._tx_time)) >= self._ping_ms:
                self._ping()

    def _drop(self, error):
        """Give up the connection, or the attempt at one, because of `error`."""
        if not self._failed:
            self._failed = True
            self._up = self._writing = False
            self.last_error = str(error)
            self.protocol_errors += isinstance(error, ProtocolError)
            self.dprint("mqtt: %s", self.last_error)
            self._pulse()


def _parts(pieces, length, size):
    """Yield the pieces, in parts of at most `size` bytes; check that they have `length` bytes."""
    for piece in pieces:
        length -= len(piece)
        if length < 0:
            break
        view = memoryview(piece)
        for start in range(0, len(piece), size):
            yield view[start : start + size]
    if length:
        raise ValueError("pieces do not add up to length")

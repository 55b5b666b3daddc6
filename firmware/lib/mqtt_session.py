# SPDX-License-Identifier: MIT
"""What is said over a connection: messages both ways, subscriptions, acknowledgements, keep-alive.

`Session` is the part of MQTTClient that works while there is a connection, and waits while there is
none. A task that waits here looks again whenever `changed` of the connection is pulsed: when bytes
have left, an acknowledgement came, the connection came or went, and about every second.
"""

from asyncio import Event, core, sleep_ms
from time import ticks_diff, ticks_ms

from micropython import const
from mqtt_packet import (
    PINGREQ,
    PUBACK_SIZE,
    PUBLISH_OVERHEAD,
    ProtocolError,
    put_puback,
    put_publish,
    put_subscribe,
    put_unsubscribe,
)

_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBACK = const(0x90)
_UNSUBACK = const(0xB0)

_RETAIN = const(1)
_DUPLICATE = const(8)

_IN_FLIGHT = const(8)  # packets that may wait for their acknowledgement at a time
_TICK_MS = const(1000)
_PAUSE = const(4)  # ping intervals that reading may be paused


def as_bytes(text):
    """Return a str as bytes; None as b""; what is bytes-like already as it is."""
    return text.encode() if isinstance(text, str) else text or b""


def check_qos(qos):
    """Raise ValueError unless `qos` is 0 or 1."""
    if qos not in (0, 1):
        raise ValueError("qos must be 0 or 1, not %r" % (qos,))


class Session:
    """Messages over `connection`; the subclass opens it and sets `_up` while it stands.

    response_ms: how long the broker may take for an answer. ping_ms: how long the connection may be
    idle before it is tried. repeats: how often a QoS 1 message is repeated before the connection is
    given up.
    """

    DEBUG = False
    REPUB_COUNT = 0
    on_message = None

    def __init__(self, connection, response_ms, ping_ms, repeats, deliver):
        self._connection = connection
        self._response_ms = response_ms
        self._ping_ms = ping_ms
        self._tries = repeats + 1
        self._deliver_default = deliver
        self._up = self._closed = self._paused = False
        self._lost = Event()
        self._writing = False  # a PUBLISH is in the send buffer in part
        self._pid = 0
        self._awaited = {}  # packet id -> first byte of the answer, then its return code
        self.last_error = ""
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
        if not self._free(PUBLISH_OVERHEAD + size):
            return False
        connection = self._connection
        flags = _RETAIN if retain else 0
        put_publish(connection.out, flags, 0, len(msg), topic, prefix, suffix)
        connection.out.extend(msg)
        connection.wake()
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
        repeated as in publish(). Raises ValueError when the pieces raise or do not add up to
        `length`; as MQTT cannot take back a message, the connection is dropped then.
        """
        check_qos(qos)
        topic = self._topic(topic)
        if b"+" in topic or b"#" in topic:
            raise ValueError("wildcards are not for publishing: %s" % topic.decode())
        flags = (_RETAIN if retain else 0) | qos << 1
        once = iter(pieces) is pieces
        answer = _PUBACK if qos else None
        await self._deliver(answer, once, self._publish, flags, topic, length, pieces)

    async def subscribe(self, topic, qos=0):
        """Subscribe to a topic or filter; qos: the highest wanted, 0 or 1.

        Waits for the connection and for the broker's answer. Raises OSError when the broker refuses
        or the client is closed meanwhile.
        """
        check_qos(qos)
        topic = self._topic(topic)
        code = await self._deliver(_SUBACK, False, self._request, put_subscribe, topic, qos)
        if code & 0x80:
            raise OSError("the broker refuses the subscription of %s" % topic.decode())

    async def unsubscribe(self, topic):
        """Unsubscribe from a topic or filter; waits as subscribe() does."""
        await self._deliver(_UNSUBACK, False, self._request, put_unsubscribe, self._topic(topic))

    def _topic(self, topic):
        topic = as_bytes(topic)
        if not 0 < len(topic) <= self._connection.capacity - PUBLISH_OVERHEAD:
            raise ValueError("a topic has 1 byte or more and fits into send_buffer")
        return topic

    async def _deliver(self, answer, once, send, *args):
        """Call `send(pid, duplicate, *args)` until it has succeeded and been answered.

        answer: first byte of the packet that acknowledges it, or None. once: do not repeat.
        Returns the return code of the answer.
        """
        pid = await self._take_pid(answer) if answer else 0
        tries = self._tries if answer == _PUBACK and not once else 1
        duplicate = 0
        try:
            while True:
                await self._online()
                try:
                    for _ in range(tries):
                        await send(pid, duplicate, *args)
                        if not answer or await self._answered(pid, answer):
                            return self._awaited.get(pid)
                        duplicate = _DUPLICATE
                    self._drop(OSError("no acknowledgement from the broker"))
                    self._check_up()
                except OSError as e:
                    if once:
                        raise
                    self.dprint("sent again when connected: %s", e)
                duplicate = _DUPLICATE
        finally:
            self._awaited.pop(pid, None)
            self._connection.pulse()

    async def _publish(self, pid, duplicate, flags, topic, length, pieces):
        connection = self._connection
        size = PUBLISH_OVERHEAD + len(topic)
        # What the send buffer can hold goes into it at once; longer messages as there is room.
        whole = size + length <= connection.capacity
        await self._until(self._free, size + length if whole else size)
        if duplicate:
            self.REPUB_COUNT += 1
        self._writing = True
        complete = False
        try:
            put_publish(connection.out, flags | duplicate, pid, length, topic)
            for piece in _checked(pieces, length):
                await self._put(piece)
            complete = True
        finally:
            self._writing = False
            if not complete:
                self._drop(OSError("a message was cut short"))
            connection.wake()

    async def _put(self, piece):
        connection = self._connection
        step = connection.capacity
        view = memoryview(piece)
        for start in range(0, len(piece), step):
            part = view[start : start + step]
            await self._until(self._fits, len(part))
            connection.out.extend(part)

    async def _request(self, pid, _, put, topic, *qos):
        await self._until(self._free, PUBLISH_OVERHEAD + len(topic))
        put(self._connection.out, pid, topic, *qos)
        self._connection.wake()

    # -- waiting --------------------------------------------------------------------------

    async def _online(self):
        while not self._up:
            if self._closed:
                raise OSError("the client is closed")
            await self._connection.changed.wait()

    def _check_up(self):
        if not self._up:
            raise OSError("the connection was lost")

    async def _until(self, ready, size):
        while not ready(size):
            self._check_up()
            await self._connection.changed.wait()
            self._check_up()

    def _free(self, size):
        """Return whether a packet of `size` bytes may go into the send buffer now."""
        return not self._writing and self._fits(size)

    def _fits(self, size):
        try:
            return self._up and self._connection.room(size)
        except OSError as e:
            self._drop(e)
            return False

    async def _take_pid(self, answer):
        while len(self._awaited) >= _IN_FLIGHT:
            await self._connection.changed.wait()
        while True:
            self._pid = self._pid % 0xFFFF + 1
            if self._pid not in self._awaited:
                self._awaited[self._pid] = answer
                return self._pid

    async def _answered(self, pid, answer):
        start = ticks_ms()
        while self._awaited[pid] == answer:
            self._check_up()
            if self._paused:
                start = ticks_ms()
            elif ticks_diff(ticks_ms(), start) > self._response_ms:
                return False
            await self._connection.changed.wait()
        return True

    # -- from the broker ------------------------------------------------------------------

    def pause_reading(self):
        """Take no further packet until resume_reading(), not even one that has been read.

        Longer than four ping intervals (together about `keepalive`) the connection does not
        survive it, because nobody could tell whether the broker is alive.
        """
        self._paused = True

    def resume_reading(self):
        """End pause_reading()."""
        self._paused = False
        self._connection.rx_time = ticks_ms()
        self._connection.pulse()

    def _take(self):
        """Handle the packet that has arrived; false when that is not possible yet."""
        if self._paused:
            return False
        connection = self._connection
        packets = connection.packets
        pid = packets.pid
        if packets.head & 0xF0 == _PUBLISH:
            if pid:
                if not self._free(PUBACK_SIZE):
                    return False
                # Leaves after the message was handled, together with what comes of that.
                put_puback(connection.out, pid)
                connection.wake()
            connection.active = True
            if packets.whole:
                self._message(packets.topic(), packets.payload(), packets.head & 1 == 1)
            else:
                self.skipped += 1
        else:
            if self._awaited.get(pid) == packets.head:
                self._awaited[pid] = packets.code
            connection.pulse()
        self.rx_packets += 1
        return True

    def _message(self, topic, msg, retained):
        try:
            (self.on_message or self._deliver_default)(topic, msg, retained)
        except Exception as e:  # noqa: BLE001  the application's fault is no reason to hang up
            core.Loop.call_exception_handler(
                {"message": "error in on_message", "exception": e, "future": core.cur_task}
            )

    # -- keep-alive -----------------------------------------------------------------------

    async def broker_up(self):
        """Return whether the broker answers now, within response_time at the latest."""
        connection = self._connection
        start = ticks_ms()
        seen = connection.rx_time
        if self._up and ticks_diff(start, seen) > 1000:
            self._ping()
            while self._up and connection.rx_time == seen:
                if ticks_diff(ticks_ms(), start) > self._response_ms:
                    return False
                await connection.changed.wait()
        return self._up

    def _ping(self):
        if self._free(len(PINGREQ)):
            self._connection.out.extend(PINGREQ)
            self._connection.wake()

    async def _watch(self):
        """Coroutine: ping when the connection is idle; raise OSError when it is dead."""
        connection = self._connection
        pinged = ticks_ms()
        while True:
            await sleep_ms(min(_TICK_MS, self._response_ms // 4))
            connection.wakes += 1
            connection.pulse()
            now = ticks_ms()
            idle = ticks_diff(now, connection.tx_time)
            silent = ticks_diff(now, connection.rx_time)
            if connection.blocked and idle > self._response_ms:
                raise OSError("the broker takes no data")
            patience = self._ping_ms * (_PAUSE if self._paused else 1)
            if silent > patience + self._response_ms:
                raise OSError("no sign of life from the broker")
            if max(idle, silent) >= self._ping_ms <= ticks_diff(now, pinged):
                pinged = now
                self._ping()

    def _drop(self, error):
        """Give up the connection because of `error`; MQTTClient makes a new one."""
        if self._up:
            self._up = False
            self._note(error)
            self._lost.set()
            self._connection.pulse()

    def _note(self, error):
        self.last_error = str(error)
        self.protocol_errors += isinstance(error, ProtocolError)
        self.dprint("mqtt: %s", self.last_error)


def _checked(pieces, length):
    """Yield the pieces; ValueError when they raise or are not `length` bytes together."""
    try:
        for piece in pieces:
            length -= len(piece)
            if length < 0:
                break
            yield piece
    except Exception as e:  # noqa: BLE001  whatever it is, the message cannot be completed
        raise ValueError("publish_stream: the pieces raised %r" % e)
    if length:
        raise ValueError("publish_stream: the pieces are not as long as was said")

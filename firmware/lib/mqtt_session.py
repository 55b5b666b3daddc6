# SPDX-License-Identifier: MIT
"""The middle layer of MQTTClient: messages both ways, subscriptions and acknowledgements.

A task that waits here looks again whenever `_changed` is pulsed: when bytes have left, when an
acknowledgement came, when the connection came or went, and about every second.
"""

from sys import print_exception
from time import ticks_diff, ticks_ms

from micropython import const
from mqtt_connection import Connection
from mqtt_packet import as_bytes, put_packet

_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBSCRIBE = const(0x82)
_SUBACK = const(0x90)
_UNSUBSCRIBE = const(0xA2)
_UNSUBACK = const(0xB0)
_PINGRESP = const(0xD0)
_OVERHEAD = const(9)  # bytes that a packet has beside topic and payload, at most

_DUP = const(8)

_IN_FLIGHT = const(8)  # packets that may wait for their acknowledgement at a time


class Session(Connection):
    """What is said over a connection; config: as of mqtt_as.

    deliver: called as deliver(topic, msg, retained) for each message, unless `on_message` is set.
    """

    REPUB_COUNT = 0
    on_message = None

    def __init__(self, config, deliver):
        super().__init__(config)
        self._deliver = deliver
        self._pid = 0
        self._awaited = {}  # packet id -> first byte of the answer, then its return code
        self.rx_packets = self.skipped = 0

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
        head = _PUBLISH | bool(retain)
        put_packet(self._out, head, 0, len(msg), topic, prefix, suffix)
        self._out.extend(msg)
        self._wake()
        return True

    async def publish(self, topic, msg, retain=False, qos=0):
        """Publish `msg`; it and the topic may be str or bytes-like.

        Returns at QoS 0 when the message is in the send buffer, at QoS 1 when the broker has
        acknowledged it. Waits for the connection, and repeats what was lost with it. Raises
        OSError when the client is closed meanwhile, ValueError for what MQTT does not allow.
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
        head = _PUBLISH | qos << 1 | bool(retain)
        await self._send(head, _PUBACK if qos else None, topic, qos, length, pieces)

    async def subscribe(self, topic, qos=0):
        """Subscribe to a topic or filter; qos: the highest wanted, 0 or 1.

        Waits for the connection and for the broker's answer. Raises OSError when the broker
        refuses or the client is closed meanwhile.
        """
        code = await self._send(_SUBSCRIBE, _SUBACK, topic, qos, 1, (bytes((qos,)),))
        if code & 0x80:
            raise OSError("subscription refused: %s" % topic)

    async def unsubscribe(self, topic):
        """Unsubscribe from a topic or filter; waits as subscribe() does."""
        await self._send(_UNSUBSCRIBE, _UNSUBACK, topic, 0, 0, ())

    async def _send(self, head, answer, topic, qos, length, pieces):
        """Send a packet until it has left and was answered; return the code of the answer.

        answer: first byte of the packet that acknowledges it, or None.
        """
        topic = as_bytes(topic)
        if qos not in (0, 1):
            raise ValueError("qos is 0 or 1")
        if not 0 < len(topic) <= self._size - _OVERHEAD:
            raise ValueError("topic empty or too long")
        if head < 0x80 and (b"+" in topic or b"#" in topic):
            raise ValueError("wildcard in topic")
        once = iter(pieces) is pieces
        tries = 1 if once or head & 0x80 else self._config["max_repubs"] + 1
        pid = await self._take_pid(answer) if answer else None
        try:
            while True:
                for _ in range(tries):
                    if await self._write(head, pid, topic, length, pieces):
                        if not answer or await self._answered(pid, answer):
                            return self._awaited.get(pid)
                    if once:
                        raise OSError("message lost")
                    if answer == _PUBACK:
                        head |= _DUP
                self._drop(OSError("no acknowledgement"))
        finally:
            self._awaited.pop(pid, None)
            self._pulse()

    async def _write(self, head, pid, topic, length, pieces):
        """Write a packet when there is room; return false when the connection was lost in it."""
        # What the send buffer can hold goes into it at once; more only as there is room.
        size = min(_OVERHEAD + len(topic) + length, self._size)
        while not self._free(size):
            if self._closed:
                raise OSError("client closed")
            await self._changed.wait()
        if head & _DUP:
            self.REPUB_COUNT += 1
        self._writing = True
        good = False
        try:
            put_packet(self._out, head, pid, length, topic)
            for part in _parts(pieces, length, self._size):
                while self._writing and not self._fits(len(part)):
                    self._wake()
                    await self._changed.wait()
                if not self._writing:
                    break
                self._out.extend(part)
            good = self._writing
        finally:
            if not good:
                self._drop(OSError("message cut short"))
            self._writing = False
            self._wake()
        return good

    async def _take_pid(self, answer):
        while len(self._awaited) >= _IN_FLIGHT:
            await self._changed.wait()
        while True:
            self._pid = pid = self._pid % 0xFFFF + 1
            if pid not in self._awaited:
                self._awaited[pid] = answer
                return pid

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
                # PUBACK. It leaves together with what handling the message brings forth.
                self._out.extend(b"\x40\x02")
                self._out.append(pid >> 8)
                self._out.append(pid & 0xFF)
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

    def _message(self, topic, msg, retained):
        try:
            (self.on_message or self._deliver)(topic, msg, retained)
        except Exception as e:  # noqa: BLE001  the application's fault is no reason to hang up
            print_exception(e)

    # -- keep-alive -----------------------------------------------------------------------

    async def broker_up(self):
        """Ask the broker for a sign of life; return whether it came within response_time."""
        self._awaited[0] = _PINGRESP  # which has no packet id, and 0 is none
        self._ping()
        return self._up and await self._answered(0, _PINGRESP)


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
        raise ValueError("pieces and length differ")

# SPDX-License-Identifier: MIT
"""The middle layer of MQTTClient: messages both ways, subscriptions and acknowledgements.

Here is what a message at QoS 0 needs; what may have to wait is in `mqtt_send`.
"""

from sys import print_exception
from time import ticks_ms

from import_once import import_once
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
_OVERHEAD = const(9)  # bytes that a packet has beside topic and payload, at most


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
        answer = _PUBACK if qos else None
        await self._sending().send(self, head, answer, topic, qos, length, pieces)

    async def subscribe(self, topic, qos=0):
        """Subscribe to a topic or filter; qos: the highest wanted, 0 or 1.

        Waits for the connection and for the broker's answer. Raises OSError when the broker
        refuses or the client is closed meanwhile.
        """
        payload = (bytes((qos,)),)
        code = await self._sending().send(self, _SUBSCRIBE, _SUBACK, topic, qos, 1, payload)
        if code & 0x80:
            raise OSError("subscription refused: %s" % topic)

    async def unsubscribe(self, topic):
        """Unsubscribe from a topic or filter; waits as subscribe() does."""
        await self._sending().send(self, _UNSUBSCRIBE, _UNSUBACK, topic, 0, 0, ())

    def _sending(self):
        """Return the module `mqtt_send`, which is in memory only while it is needed."""
        if self._sender is None:
            self._sender = import_once("mqtt_send")
        return self._sender

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
        return await self._sending().ping(self)

# SPDX-License-Identifier: MIT
"""MQTT 3.1.1 packets: writing them into a buffer, and finding them in what a peer sent.

Knows no socket and no time. `PacketReader` trusts nothing that arrives: whatever the bytes are, it
finds a packet, wants more, or raises ProtocolError.
"""

from micropython import const
from uctypes import addressof, bytes_at

_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBACK = const(0x90)
_UNSUBACK = const(0xB0)
_PINGRESP = const(0xD0)

# Bytes of what a client may receive at QoS 0 and 1 beside PUBLISH, by the first byte. A SUBACK
# answers a single topic here.
_SIZES = {_CONNACK: 4, _PUBACK: 4, _SUBACK: 5, _UNSUBACK: 4, _PINGRESP: 2}


class ProtocolError(OSError):
    """The peer sent what MQTT 3.1.1 forbids."""


def as_bytes(text):
    """Return a str as bytes, what is bytes-like already as it is."""
    return text.encode() if isinstance(text, str) else text


def put_packet(out, head, pid, length, topic, prefix=b"", suffix=b""):
    """Append a PUBLISH, SUBSCRIBE or UNSUBSCRIBE packet up to its last `length` bytes.

    head: its first byte. pid: packet id; at QoS 0 it has none. The topic is `prefix`, `topic` and
    `suffix`, of bytes. What follows is the payload or, in a SUBSCRIBE, the QoS. Allocates nothing
    while `out` has room.
    """
    size = len(prefix) + len(topic) + len(suffix)
    out.append(head)
    put_length(out, (4 if pid else 2) + size + length)
    if head & 0x80:
        put_number(out, pid)
    put_number(out, size)
    out.extend(prefix)
    out.extend(topic)
    out.extend(suffix)
    if pid and head < 0x80:
        put_number(out, pid)


def put_number(out, number):
    """Append a number of 16 bits."""
    out.append(number >> 8)
    out.append(number & 0xFF)


def put_length(out, length):
    """Append what says how many bytes of a packet follow."""
    while length > 0x7F:
        out.append(length & 0x7F | 0x80)
        length >>= 7
    out.append(length)


def packet_size(buffer, start, end):
    """Return the bytes of the packet that begins at `start`, 0 when `end` comes too early to tell.

    Raises ProtocolError when its length has more than four bytes.
    """
    size = 2
    for shift in range(0, 28, 7):
        start += 1
        if start >= end:
            return 0
        digit = buffer[start]
        size += (digit & 0x7F) << shift
        if digit < 0x80:
            return size
        size += 1
    raise ProtocolError("malformed length")


class PacketReader:
    """Finds the packets in a stream of bytes.

    size: bytes of the buffer, which is made once; at least 16. limit: bytes of the largest packet
    taken; one that is too large for the buffer gets its own until it has been read. Of a longer
    PUBLISH, or when memory is short, only the beginning is kept, so that it can be acknowledged.

    Of the current packet: `head`, the first byte. `pid`, the packet id, else 0; of a CONNACK its
    flags and return code as one number. `code`, the return code of a SUBACK, else 0. Of a
    PUBLISH also `topic()`, `payload()` and `whole`: false when it was too long to be kept.
    """

    def __init__(self, size, limit):
        self._own = bytearray(size)
        self._limit = limit
        self.reset()

    def reset(self, buffer=None):
        """Forget everything that was read; from now on read into `buffer`, else into our own."""
        self._buffer = buffer = buffer or self._own
        self._view = memoryview(buffer)
        self._address = addressof(buffer)
        # Where the next packet and the free space begin. What is to be skipped lies between them
        # when the next packet begins beyond the free space.
        self._next = self._end = 0

    def read(self, stream):
        """Read once from `stream`; return what its `readinto` returned."""
        count = stream.readinto(self._view[self._end :] if self._end else self._buffer)
        if count:
            self._end += count
        return count

    def next(self):
        """Go to the next packet; false when more bytes are needed. Raises ProtocolError."""
        buffer = self._buffer
        start = self._next
        have = self._end - start
        size = packet_size(buffer, start, self._end)
        self.whole = 0 < size <= have
        if size:
            self.head = head = buffer[start]
            message = head & 0xF0 == _PUBLISH
            if not message and _SIZES.get(head) != size:
                raise ProtocolError("unexpected packet %02x, %d bytes" % (head, size))
        if not self.whole and self._make_room(start, have, size):
            return False
        self._next = start + size
        body = start + 2
        while buffer[body - 1] & 0x80:
            body += 1
        if message:
            self._publish(body, min(start + size, self._end))
        else:
            self.pid = self._number(body, self._next) if size > 2 else 0
            self.code = buffer[self._next - 1] if size == 5 else 0
        return True

    def topic(self):
        """Return the topic as bytes."""
        # Copied by address: slices of the memoryview first would cost 32 bytes more for each.
        return bytes_at(self._address + self._topic, self._topic_end - self._topic)

    def payload(self):
        """Return the payload as bytes."""
        return bytes_at(self._address + self._payload, self._next - self._payload)

    def _publish(self, body, end):
        qos_bits = self.head & 6
        self._topic = topic = body + 2
        self._topic_end = after = topic + self._number(body, end)
        self._payload = after + qos_bits  # a packet id has 2 bytes, as 2 is the bit of QoS 1
        self.pid = self._number(after, end) if qos_bits else 0
        if qos_bits > 2 or after == topic or self._payload > end or (qos_bits and not self.pid):
            raise ProtocolError("malformed PUBLISH, or QoS 2")

    def _number(self, at, end):
        if at + 2 > end:
            raise ProtocolError("malformed packet")
        return self._buffer[at] << 8 | self._buffer[at + 1]

    def _make_room(self, start, have, size):
        """Make room for the rest of a packet of which `have` bytes are there; false: too long."""
        if have <= 0:
            if self._buffer is not self._own:  # made for the packet before
                self.reset()
            self._end = 0
            self._next = -have
        elif have < len(self._buffer):
            if start:
                self._view[:have] = self._view[start : self._end]
                self._next = 0
                self._end = have
        elif size > self._limit:
            return False
        else:
            try:
                buffer = bytearray(size)
            except MemoryError:
                return False
            buffer[:have] = self._own
            self.reset(buffer)
            self._end = have
        return True

# SPDX-License-Identifier: MIT
"""lib/mqtt_packet.py: packets as MQTT 3.1.1 has them, and a reader that nothing can upset."""

import gc
import io
import random

from mqtt_connect import put_connect
from mqtt_packet import (
    PacketReader,
    ProtocolError,
    packet_size,
    put_packet,
)

from fake_broker import packet, publish
from harness import raises

LOGIN = {"client_id": "c", "user": "", "password": "", "keepalive": 60, "will": None}


def connect(clean=True, **changes):
    out = bytearray()
    login = dict(LOGIN)
    login.update(changes)
    put_connect(out, login, clean)
    return bytes(out)


def written(put, *args):
    out = bytearray()
    put(out, *args)
    return bytes(out)


def random_bytes(size):
    return bytes(random.getrandbits(8) for _ in range(size))


def read_all(reader, stream, most=1 << 20):
    """Feed all of `stream` in pieces of at most `most` bytes; return what was found."""
    found = []
    source = io.BytesIO(stream)
    while reader.read(Piecewise(source, most)):
        while reader.next():
            found.append(described(reader))
    return found


def described(reader):
    if reader.head & 0xF0 != 0x30:
        return (reader.head, reader.pid, reader.code)
    if not reader.whole:
        return (reader.head, reader.pid, None)
    return (reader.head, reader.pid, reader.topic(), reader.payload())


class Piecewise:
    """A stream that gives between 1 and `most` bytes per read."""

    def __init__(self, source, most):
        self._source = source
        self._most = most

    def readinto(self, buffer):
        size = min(len(buffer), random.randrange(self._most) + 1)
        return self._source.readinto(memoryview(buffer)[:size])


# -- writing ------------------------------------------------------------------------------


def test_a_plain_connect_packet():
    assert connect() == b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c"


def test_connect_without_clean_session():
    assert connect(clean=False)[9] == 0


def test_connect_with_user_and_password():
    made = connect(user="me", password=b"pw")
    assert made[9] == 0xC2
    assert made.endswith(b"\0\x01c\0\x02me\0\x02pw")


def test_connect_with_a_retained_will():
    made = connect(will=("w/t", b"gone", True, 1))
    assert made[9] == 0x2E
    assert made.endswith(b"\0\x01c\0\x03w/t\0\x04gone")


def test_connect_counts_bytes_not_characters():
    made = connect(client_id="\u00e9", will=("\u00e9", "\u00fc", False, 0))
    assert made[1] == len(made) - 2
    assert made.endswith(b"\0\x02\xc3\xa9\0\x02\xc3\xa9\0\x02\xc3\xbc")


def test_connect_of_more_than_127_bytes():
    made = connect(client_id="x" * 200)
    assert packet_size(made, 0, len(made)) == len(made)


def test_a_topic_in_parts_is_one_topic():
    assert written(put_packet, 0x31, 0, 2, b"b", b"a/", b"/c") == b"\x31\x09\0\x05a/b/c"


def test_a_publish_with_qos_1_has_its_packet_id():
    assert written(put_packet, 0x32, 0x1234, 0, b"t") == b"\x32\x05\0\x01t\x12\x34"


def test_requests():
    assert written(put_packet, 0x82, 1, 1, b"t/#") == b"\x82\x08\0\x01\0\x03t/#"
    assert written(put_packet, 0xA2, 2, 0, b"t") == b"\xa2\x05\0\x02\0\x01t"


def test_writing_a_publish_allocates_nothing_while_there_is_room():
    out = bytearray(100)
    out[:] = b""
    topic, prefix, suffix = b"relays/lamp", b"home/desk/", b"/state"
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    put_packet(out, 0x31, 0, 2, topic, prefix, suffix)
    assert gc.mem_alloc() == before


# -- reading ------------------------------------------------------------------------------


def test_every_length_is_read_as_it_was_written():
    for length in (0, 1, 127, 128, 129, 16383, 16384, 70000):
        made = written(put_packet, 0x30, 0, length, b"t")
        assert packet_size(made, 0, len(made)) == len(made) + length


def test_a_length_is_unknown_until_its_last_byte():
    made = b"\x30\x80\x80\x01"
    assert [packet_size(made, 0, end) for end in range(5)] == [0, 0, 0, 0, 4 + 16384]


def test_a_length_of_five_bytes_is_an_error():
    raises(ProtocolError, packet_size, b"\x30\xff\xff\xff\xff\x01", 0, 6)


def test_whatever_is_sent_is_found_however_it_is_cut():
    random.seed(1)
    for _ in range(150):
        expected = []
        stream = b""
        for _ in range(random.randrange(1, 12)):
            if random.randrange(4) == 0:
                pid = random.randrange(1, 65536)
                stream += b"\x40\x02" + bytes((pid >> 8, pid & 0xFF))
                expected.append((0x40, pid, 0))
                continue
            topic = random_bytes(random.randrange(1, 40))
            payload = random_bytes(random.randrange(0, random.choice((5, 60, 300))))
            qos, retain = random.getrandbits(1), random.getrandbits(1)
            pid = random.randrange(1, 65536) if qos else 0
            stream += publish(topic, payload, qos, pid, retain)
            expected.append((0x30 | qos << 1 | retain, pid, topic, payload))
        reader = PacketReader(random.choice((16, 64, 512)), 1000)
        assert read_all(reader, stream, random.choice((1, 3, 50, 1000))) == expected


def test_a_burst_is_found_in_as_few_reads_as_the_buffer_allows():
    stream = publish(b"home/desk/relays/lamp7/set", b"ON") * 512
    source = io.BytesIO(stream)
    reader = PacketReader(1024, 4096)
    reads = packets = 0
    while reader.read(source):
        reads += 1
        while reader.next():
            packets += 1
    assert packets == 512
    assert reads <= len(stream) // (1024 - 32) + 1


def test_acknowledgements():
    reader = PacketReader(32, 32)
    stream = b"\x20\2\1\5" + b"\x40\2\x12\x34" + b"\x90\3\0\7\x80" + b"\xb0\2\0\x09" + b"\xd0\0"
    assert read_all(reader, stream) == [
        (0x20, 0x0105, 0),
        (0x40, 0x1234, 0),
        (0x90, 7, 0x80),
        (0xB0, 9, 0),
        (0xD0, 0, 0),
    ]


def test_what_mqtt_forbids_is_a_protocol_error():
    for bad in (
        b"\x00\x00",  # no such packet
        b"\xf0\x00",
        b"\x10\x00",  # only clients send it
        b"\x41\x02\0\1",  # flags of a PUBACK
        b"\x40\x03\0\1\0",  # length of a PUBACK
        b"\xd0\x01\0",  # length of a PINGRESP
        b"\x90\x02\0\1",  # SUBACK without a code
        b"\x34\x06\0\1t\0\1x",  # QoS 2
        b"\x36\x06\0\1t\0\1x",  # QoS 3
        b"\x30\x00",  # no topic
        b"\x30\x01\0",
        b"\x30\x02\0\0",  # empty topic
        b"\x30\x03\0\2t",  # topic beyond the packet
        b"\x30\x02\xff\xff",
        b"\x32\x03\0\1t",  # no packet id
        b"\x32\x04\0\1t\0",
        b"\x32\x05\0\1t\0\0",  # packet id 0
        b"\x30\xff\xff\xff\xff\x7f",  # length
    ):
        raises(ProtocolError, read_all, PacketReader(16, 64), bad)


def test_a_topic_that_is_no_text_is_passed_as_it_is():
    found = read_all(PacketReader(32, 32), publish(b"\xff\xfe", b""))
    assert found == [(0x30, 0, b"\xff\xfe", b"")]


def test_a_packet_larger_than_the_buffer_is_read_whole():
    random.seed(2)
    payload = random_bytes(900)
    stream = publish(b"a", b"1") + publish(b"b", payload, 1, 5) + publish(b"c", b"3")
    for most in (1, 7, 5000):
        assert read_all(PacketReader(64, 1000), stream, most) == [
            (0x30, 0, b"a", b"1"),
            (0x32, 5, b"b", payload),
            (0x30, 0, b"c", b"3"),
        ]


def test_the_memory_of_a_large_packet_is_given_back():
    reader = PacketReader(64, 20000)
    read_all(reader, publish(b"a", bytes(15000)))
    reader.next()
    gc.collect()
    free = gc.mem_free()
    del reader
    gc.collect()
    assert gc.mem_free() - free < 1000


def test_a_message_beyond_the_limit_is_skipped_but_can_be_acknowledged():
    stream = publish(b"big", bytes(5000), 1, 77) + publish(b"a", b"next") + b"\xd0\0"
    for most in (1, 10, 64, 4000):
        assert read_all(PacketReader(64, 1000), stream, most) == [
            (0x32, 77, None),
            (0x30, 0, b"a", b"next"),
            (0xD0, 0, 0),
        ]


def test_a_message_that_finds_no_memory_is_skipped():
    size = 1 << 27  # more than the heap has
    out = bytearray()
    put_packet(out, 0x30, 0, size, b"big")
    reader = PacketReader(64, 1 << 28)
    assert read_all(reader, bytes(out) + bytes(200)) == [(0x30, 0, None)]


def test_a_reset_reader_has_forgotten_what_it_skipped():
    reader = PacketReader(64, 100)
    read_all(reader, publish(b"big", bytes(5000))[:3000])
    reader.reset()
    assert read_all(reader, publish(b"a", b"b")) == [(0x30, 0, b"a", b"b")]


def test_random_bytes_are_packets_or_an_error_never_anything_else():
    random.seed(3)
    errors = 0
    for _ in range(3000):
        stream = random_bytes(random.randrange(1, 80))
        if random.getrandbits(1):  # so that many get past the first byte
            stream = bytes((random.choice((0x30, 0x31, 0x32, 0x3A, 0x40, 0x90)),)) + stream
        errors += not survives(stream)
    assert 500 < errors < 3000


def test_a_damaged_stream_gives_packets_or_an_error_never_anything_else():
    random.seed(4)
    good = publish(b"home/a", b"ON") + publish(b"home/b", bytes(70), 1, 9) + packet(0xD0)
    errors = 0
    for _ in range(3000):
        stream = bytearray(good * 2)
        for _ in range(random.randrange(1, 4)):
            stream[random.randrange(len(stream))] = random.getrandbits(8)
        errors += not survives(bytes(stream))
    assert 500 < errors < 3000


def survives(stream):
    """Read `stream`, each text found being part of it; false when it was refused."""
    try:
        for found in read_all(PacketReader(32, 64), stream, random.choice((1, 5, 100))):
            for text in found[2:]:
                assert not isinstance(text, bytes) or text in stream
        return True
    except ProtocolError:
        return False


def test_reading_a_message_allocates_its_topic_and_its_payload_and_no_more():
    topic, payload = b"home/desk/relays/lamp7/set", b"ON"
    reader = PacketReader(1024, 1024)
    reader.read(io.BytesIO(publish(topic, payload) * 16))
    reader.next()
    copy = memoryview(topic), memoryview(payload)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(10):
        bytes(copy[0])
        bytes(copy[1])
    texts = gc.mem_alloc() - before
    before = gc.mem_alloc()
    for _ in range(10):
        reader.next()
        reader.topic()
        reader.payload()
    assert gc.mem_alloc() - before == texts

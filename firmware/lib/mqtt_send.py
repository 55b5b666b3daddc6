# SPDX-License-Identifier: MIT
"""How MQTTClient sends what may have to wait: for room, or for an answer of the broker.

A part of `Session` of `mqtt_session`, which forgets it when nothing has been sent so for a while.
A task that waits here looks again whenever `_changed` is pulsed: when bytes have left, when an
acknowledgement came, when the connection came or went, and about every second.
"""

from time import ticks_diff, ticks_ms

from micropython import const
from mqtt_packet import as_bytes, put_packet

_PUBACK = const(0x40)
_PINGRESP = const(0xD0)
_OVERHEAD = const(9)  # bytes that a packet has beside topic and payload, at most
_DUP = const(8)
_IN_FLIGHT = const(8)  # packets that may wait for their acknowledgement at a time


async def send(client, head, answer, topic, qos, length, pieces):
    """Send a packet until it has left and was answered; return the code of the answer.

    answer: first byte of the packet that acknowledges it, or None. length, pieces: of the payload,
    as of `publish_stream`.
    """
    topic = as_bytes(topic)
    if qos not in (0, 1):
        raise ValueError("qos is 0 or 1")
    if not 0 < len(topic) <= client._size - _OVERHEAD:
        raise ValueError("topic empty or too long")
    if head < 0x80 and (b"+" in topic or b"#" in topic):
        raise ValueError("wildcard in topic")
    once = iter(pieces) is pieces
    tries = 1 if once or head & 0x80 else client._config["max_repubs"] + 1
    pid = await _take_pid(client, answer) if answer else None
    try:
        while True:
            for _ in range(tries):
                if await _write(client, head, pid, topic, length, pieces):
                    if not answer or await _answered(client, pid, answer):
                        return client._awaited.get(pid)
                if once:
                    raise OSError("message lost")
                if answer == _PUBACK:
                    head |= _DUP
            client._drop(OSError("no acknowledgement"))
    finally:
        client._awaited.pop(pid, None)
        client._pulse()


async def ping(client):
    """Ask the broker for a sign of life; return whether it came within response_time."""
    client._awaited[0] = _PINGRESP  # which has no packet id, and 0 is none
    client._ping()
    return client._up and await _answered(client, 0, _PINGRESP)


async def _write(client, head, pid, topic, length, pieces):
    """Write a packet when there is room; return false when the connection was lost in it."""
    # What the send buffer can hold goes into it at once; more only as there is room.
    size = min(_OVERHEAD + len(topic) + length, client._size)
    while not client._free(size):
        if client._closed:
            raise OSError("client closed")
        await client._changed.wait()
    if head & _DUP:
        client.REPUB_COUNT += 1
    client._writing = True
    good = False
    try:
        put_packet(client._out, head, pid, length, topic)
        for part in _parts(pieces, length, client._size):
            while client._writing and not client._fits(len(part)):
                client._wake()
                await client._changed.wait()
            if not client._writing:
                break
            client._out.extend(part)
        good = client._writing
    finally:
        if not good:
            client._drop(OSError("message cut short"))
        client._writing = False
        client._wake()
    return good


async def _take_pid(client, answer):
    while len(client._awaited) >= _IN_FLIGHT:
        await client._changed.wait()
    while True:
        client._pid = pid = client._pid % 0xFFFF + 1
        if pid not in client._awaited:
            client._awaited[pid] = answer
            return pid


async def _answered(client, pid, answer):
    start = ticks_ms()
    while client._awaited.get(pid) == answer:
        if client._paused:
            start = ticks_ms()
        if not client._up or ticks_diff(ticks_ms(), start) > client._response_ms:
            return False
        await client._changed.wait()
    return True


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

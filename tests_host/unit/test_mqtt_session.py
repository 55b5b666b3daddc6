# SPDX-License-Identifier: MIT
"""lib/mqtt_session.py: messages both ways, acknowledgements, flow control and keep-alive."""

import asyncio
import gc
import time

from fake_broker import (
    CONNECT,
    PINGREQ,
    PUBACK,
    PUBLISH,
    SUBSCRIBE,
    UNSUBSCRIBE,
    Desk,
    arrived,
    deafen,
    number,
    publish,
)
from harness import allocated, run_until

SOCKETS = True


async def raised(coroutine):
    """The exception that a coroutine ends with."""
    try:
        await coroutine
    except (OSError, ValueError, KeyError) as e:
        return e
    raise AssertionError("nothing was raised")


def collect(client):
    """Let the client put what it receives into the list that is returned."""
    received = []
    client.on_message = lambda *message: received.append(message)
    return received


# -- messages from the broker -------------------------------------------------------------


async def test_a_message_reaches_the_queue_as_bytes():
    async with Desk() as (broker, client):
        broker.peer.send(publish(b"a/b", b"hello", retain=True) + publish(b"a/c", b"\xff"))
        assert await client.queue.__anext__() == (b"a/b", b"hello", True)
        assert await client.queue.__anext__() == (b"a/c", b"\xff", False)


async def test_without_a_queue_messages_go_to_subs_cb():
    received = []
    async with Desk(queue_len=0, subs_cb=lambda *m: received.append(m)) as (broker, _):
        broker.peer.send(publish(b"t", b"m"))
        await run_until(lambda: received == [(b"t", b"m", False)])


async def test_on_message_takes_the_place_of_the_queue():
    async with Desk() as (broker, client):
        received = collect(client)
        broker.peer.send(publish(b"t", b"m"))
        await run_until(lambda: received == [(b"t", b"m", False)])
        client.on_message = None
        broker.peer.send(publish(b"t", b"n"))
        assert await client.queue.__anext__() == (b"t", b"n", False)


async def test_a_full_queue_drops_the_oldest_and_counts_it():
    for length in (1, 3):
        async with Desk(queue_len=length) as (broker, client):
            for i in range(5):
                broker.peer.send(publish(b"t", b"%d" % i))
            await run_until(lambda: client.rx_packets == 6)
            assert client.queue.discards == 5 - length
            for i in range(5 - length, 5):
                assert (await client.queue.__anext__())[1] == b"%d" % i


async def test_packets_that_arrive_byte_by_byte_are_put_together():
    async with Desk() as (broker, client):
        received = collect(client)
        for byte in publish(b"a/b", b"hello", 1, 300) + publish(b"c", b""):
            broker.peer.send(bytes((byte,)))
            await asyncio.sleep_ms(1)
        await run_until(lambda: received == [(b"a/b", b"hello", False), (b"c", b"", False)])


async def test_a_message_with_qos_1_is_acknowledged():
    async with Desk() as (broker, client):
        broker.peer.send(publish(b"t", b"m", 1, 0x1234))
        acknowledged = await arrived(broker.peer, PUBACK)
        assert acknowledged[0].pid == 0x1234
        assert (await client.queue.__anext__())[1] == b"m"


async def test_what_a_burst_brought_and_caused_costs_few_reads_and_writes():
    async with Desk(read_buffer=2048, send_buffer=2048) as (broker, client):

        def answer(topic, msg, retained):
            assert client.publish_nowait(topic, msg)

        client.on_message = answer
        await run_until(lambda: client.writes == 1)
        reads, writes = client.reads, client.writes
        broker.peer.send(b"".join(publish(b"a/b", b"x", 1, i + 1) for i in range(40)))
        await arrived(broker.peer, PUBLISH, 40)
        assert len(broker.peer.of(PUBACK)) == 40
        assert client.reads - reads == 1
        assert client.writes - writes == 1


async def test_an_error_in_the_application_does_not_end_the_connection():
    async with Desk() as (broker, client):
        received = []

        def faulty(topic, msg, retained):
            received.append(msg)
            raise KeyError("a fault on purpose")

        client.on_message = faulty
        broker.peer.send(publish(b"t", b"1") + publish(b"t", b"2", 1, 1))
        await arrived(broker.peer, PUBACK)
        assert received == [b"1", b"2"]
        assert client.isconnected()


async def test_a_message_beyond_the_limit_is_skipped_counted_and_acknowledged():
    async with Desk(packet_limit=2000, read_buffer=256) as (broker, client):
        received = collect(client)
        broker.peer.send(publish(b"big", bytes(100000), 1, 9) + publish(b"t", b"after"))
        await run_until(lambda: received == [(b"t", b"after", False)])
        assert client.skipped == 1
        assert (await arrived(broker.peer, PUBACK))[0].pid == 9
        assert client.isconnected()


async def test_a_message_larger_than_the_buffer_but_within_the_limit_arrives():
    async with Desk(packet_limit=3000, read_buffer=256) as (broker, client):
        received = collect(client)
        broker.peer.send(publish(b"t", b"x" * 2900) + publish(b"t", b"after"))
        await run_until(lambda: len(received) == 2)
        assert received[0][1] == b"x" * 2900
        assert client.skipped == 0


async def test_a_received_message_allocates_its_texts_and_no_more():
    async with Desk(awake_ms=1000) as (broker, client):
        count = [0]

        def on_message(topic, msg, retained):
            count[0] += 1

        client.on_message = on_message
        topic, msg = b"home/desk/relays/lamp7/set", b"ON"
        stream = publish(topic, msg) * 16
        copies = memoryview(topic), memoryview(msg)
        broker.peer.send(stream)
        await run_until(lambda: count[0] == 16)
        broker.peer.send(stream)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        bytes(copies[0])
        bytes(copies[1])
        texts = gc.mem_alloc() - before
        before = gc.mem_alloc()
        while count[0] < 32:
            await asyncio.sleep_ms(0)
        assert gc.mem_alloc() - before <= 16 * texts + 64


# -- messages to the broker ---------------------------------------------------------------


async def test_a_message_of_texts_arrives_as_utf_8():
    async with Desk() as (broker, client):
        await client.publish("caf\u00e9", "\u00fc", True)
        got = (await arrived(broker.peer, PUBLISH))[0]
        assert (got.topic, got.payload) == (b"caf\xc3\xa9", b"\xc3\xbc")
        assert (got.retain, got.qos, got.dup) == (True, 0, False)


async def test_any_bytes_can_be_published():
    async with Desk() as (broker, client):
        await client.publish(bytearray(b"t"), memoryview(b"abc")[1:])
        assert client.publish_nowait(memoryview(b"nu")[:1], bytearray(b"v"), True)
        got = await arrived(broker.peer, PUBLISH, 2)
        assert [(p.topic, p.payload) for p in got] == [(b"t", b"bc"), (b"n", b"v")]
        assert got[1].retain


async def test_publish_nowait_joins_the_parts_of_a_topic():
    async with Desk() as (broker, client):
        assert client.publish_nowait(b"relays/lamp", b"ON", True, b"home/desk/", b"/state")
        got = (await arrived(broker.peer, PUBLISH))[0]
        assert got.topic == b"home/desk/relays/lamp/state"


async def test_what_one_pass_produces_leaves_in_one_write():
    async with Desk() as (broker, client):
        await asyncio.sleep_ms(5)
        writes = client.writes
        for i in range(20):
            assert client.publish_nowait(b"t", b"%d" % i)
        await arrived(broker.peer, PUBLISH, 20)
        assert client.writes == writes + 1


async def test_a_full_send_buffer_is_sent_at_once_and_nothing_is_lost():
    async with Desk(send_buffer=256) as (broker, client):
        assert all(client.publish_nowait(b"t", b"%03d" % i) for i in range(200))
        got = await arrived(broker.peer, PUBLISH, 200)
        assert [int(p.payload) for p in got] == list(range(200))


async def test_publish_nowait_refuses_what_never_fits_and_what_has_no_connection():
    async with Desk(send_buffer=256) as (broker, client):
        assert not client.publish_nowait(b"t", bytes(256))
        client.close()
        assert not client.publish_nowait(b"t", b"m")


async def test_when_the_broker_reads_no_more_publish_nowait_refuses_and_loses_nothing():
    async with Desk(response_time=5) as (broker, client):
        client._sock.setsockopt(1, 7, 4096)
        broker.deaf = True
        taken = 0
        while client.publish_nowait(b"t", b"%04d" % taken):
            taken += 1
        assert taken > 50
        broker.deaf = False
        got = await arrived(broker.peer, PUBLISH, taken)
        assert [int(p.payload) for p in got] == list(range(taken))
        assert client.publish_nowait(b"t", b"again")


async def test_publish_waits_for_room():
    async with Desk(response_time=5) as (broker, client):
        await deafen(broker, client)
        task = asyncio.create_task(client.publish("t", b"x" * 500))
        await asyncio.sleep_ms(50)
        assert not task.done()
        broker.deaf = False
        await task


async def test_a_message_longer_than_the_send_buffer_arrives_whole():
    async with Desk(send_buffer=128) as (broker, client):
        for qos in (0, 1):
            await client.publish("t", b"0123456789" * 500, False, qos)
        got = await arrived(broker.peer, PUBLISH, 2)
        assert [p.payload for p in got] == [b"0123456789" * 500] * 2


async def test_publish_nowait_allocates_nothing():
    async with Desk() as (broker, client):
        topic, prefix, suffix, msg = b"relays/lamp", b"home/desk/", b"/state", memoryview(b"ON")

        def use():
            for _ in range(5):
                client.publish_nowait(topic, msg, True, prefix, suffix)

        assert allocated(use) == 0
        await arrived(broker.peer, PUBLISH, 10)


async def test_what_publish_nowait_took_leaves_without_allocation():
    async with Desk(response_time=5) as (broker, client):
        broker.deaf = True
        client.publish_nowait(b"t", b"m")
        await asyncio.sleep_ms(20)
        gc.collect()
        gc.disable()
        writes = client.writes
        before = gc.mem_alloc()
        for _ in range(10):
            client.publish_nowait(b"t", b"m")
            await asyncio.sleep_ms(0)
            await asyncio.sleep_ms(0)
            await asyncio.sleep_ms(0)
        allocated = gc.mem_alloc() - before
        gc.enable()
        broker.deaf = False
        assert client.writes - writes == 10
        # A slice object for each write, in interpreters that allocate those.
        assert allocated <= 10 * 32


async def test_qos_1_waits_for_the_acknowledgement():
    async with Desk(response_time=5) as (broker, client):
        answer = broker.answers.pop(PUBLISH)
        task = asyncio.create_task(client.publish("t", "m", qos=1))
        got = await arrived(broker.peer, PUBLISH)
        await asyncio.sleep_ms(20)
        assert not task.done()
        start = time.ticks_ms()
        answer(broker.peer, got[0])
        await task
        assert time.ticks_diff(time.ticks_ms(), start) < 20


async def test_without_acknowledgement_the_same_packet_is_repeated_as_duplicate():
    async with Desk(response_time=0.1) as (broker, client):
        answer = broker.answers.pop(PUBLISH)
        task = asyncio.create_task(client.publish("t", "m", True, 1))
        got = await arrived(broker.peer, PUBLISH, 3)
        broker.answers[PUBLISH] = answer
        await task
        assert [p.dup for p in got[:3]] == [False, True, True]
        assert all(p.pid == got[0].pid and p.payload == b"m" and p.retain for p in got)
        assert client.REPUB_COUNT >= 2
        assert client.connects == 1


async def test_after_max_repubs_a_new_connection_carries_the_message():
    async with Desk(response_time=0.1, max_repubs=1) as (broker, client):
        answer = broker.answers.pop(PUBLISH)
        task = asyncio.create_task(client.publish("t", "m", qos=1))
        first = broker.peer
        await run_until(lambda: not first.open, 3000)
        broker.answers[PUBLISH] = answer
        await task
        assert len(first.of(PUBLISH)) == 2
        again = broker.peer.of(PUBLISH)[0]
        assert again.dup and again.pid == first.of(PUBLISH)[0].pid
        assert "acknowledge" in client.last_error


async def test_several_messages_in_flight_survive_a_lost_connection():
    async with Desk() as (broker, client):
        answer = broker.answers.pop(PUBLISH)
        tasks = [asyncio.create_task(client.publish("t", "%d" % i, qos=1)) for i in range(5)]
        first = broker.peer
        before = await arrived(first, PUBLISH, 5)
        broker.answers[PUBLISH] = answer
        first.close()
        await asyncio.gather(*tasks)
        after = broker.peer.of(PUBLISH)
        ids = sorted((p.pid, bytes(p.payload)) for p in before)
        assert len({pid for pid, _ in ids}) == 5
        assert sorted((p.pid, bytes(p.payload)) for p in after) == ids
        assert all(p.dup for p in after)


async def test_not_more_than_eight_messages_are_in_flight():
    async with Desk(response_time=5) as (broker, client):
        answer = broker.answers.pop(PUBLISH)
        tasks = [asyncio.create_task(client.publish("t", "%d" % i, qos=1)) for i in range(20)]
        got = await arrived(broker.peer, PUBLISH, 8)
        await asyncio.sleep_ms(30)
        assert len(got) == 8
        broker.answers[PUBLISH] = answer
        for p in got:
            answer(broker.peer, p)
        await asyncio.gather(*tasks)
        assert len(broker.peer.of(PUBLISH)) == 20


async def test_packet_ids_wrap_around_past_zero():
    async with Desk() as (broker, client):
        client._pid = 65533
        for _ in range(4):
            await client.publish("t", "m", qos=1)
        assert [p.pid for p in broker.peer.of(PUBLISH)] == [65534, 65535, 1, 2]


async def test_a_packet_id_in_flight_is_not_used_twice():
    async with Desk(response_time=5) as (broker, client):
        answer = broker.answers.pop(PUBLISH)
        waiting = asyncio.create_task(client.publish("t", "1", qos=1))
        first = (await arrived(broker.peer, PUBLISH))[0]
        broker.answers[PUBLISH] = answer
        client._pid = first.pid - 1 or 65535
        await client.publish("t", "2", qos=1)
        assert broker.peer.of(PUBLISH)[1].pid != first.pid
        answer(broker.peer, first)
        await waiting


async def test_unknown_and_repeated_acknowledgements_are_ignored():
    async with Desk() as (broker, client):
        await client.publish("t", "m", qos=1)
        for pid in (broker.peer.of(PUBLISH)[0].pid, 999, 0):
            broker.peer.send(b"\x40\2" + number(pid) + b"\x90\3" + number(pid) + b"\0")
        await client.publish("t", "n", qos=1)
        assert client.connects == 1


async def test_an_acknowledgement_of_another_kind_is_none():
    async with Desk(response_time=0.2) as (broker, client):
        del broker.answers[PUBLISH]
        task = asyncio.create_task(client.publish("t", "m", qos=1))
        pid = (await arrived(broker.peer, PUBLISH))[0].pid
        broker.peer.send(b"\xb0\2" + number(pid))
        await arrived(broker.peer, PUBLISH, 2)
        assert not task.done()
        broker.peer.send(b"\x40\2" + number(pid))
        await task


async def test_qos_0_waits_for_a_connection():
    async with Desk(connect=False) as (broker, client):
        task = asyncio.create_task(client.publish("t", "m"))
        await asyncio.sleep_ms(20)
        await client.connect()
        await task
        assert (await arrived(broker.peer, PUBLISH))[0].payload == b"m"


async def test_what_mqtt_does_not_allow_to_publish_is_a_value_error():
    async with Desk(send_buffer=256) as (broker, client):
        for topic, qos in (("", 0), ("a/#", 0), ("a/+/b", 1), ("t", 2), ("x" * 256, 0)):
            assert isinstance(await raised(client.publish(topic, "m", qos=qos)), ValueError)
        assert isinstance(await raised(client.subscribe("t", 2)), ValueError)
        await client.publish("t", "m", qos=1)
        assert len(broker.peer.of(PUBLISH)) == 1


# -- subscriptions ------------------------------------------------------------------------


async def test_subscribe_and_unsubscribe_wait_for_the_broker():
    async with Desk() as (broker, client):
        await client.subscribe("a/+/set", 1)
        await client.unsubscribe(b"a/+/set")
        asked = broker.peer.of(SUBSCRIBE)[0]
        assert asked.body == number(asked.pid) + b"\0\x07a/+/set\x01"
        asked = broker.peer.of(UNSUBSCRIBE)[0]
        assert asked.body == number(asked.pid) + b"\0\x07a/+/set"


async def test_a_refused_subscription_is_an_error_that_names_the_topic():
    async with Desk() as (broker, client):
        broker.answers[SUBSCRIBE] = lambda peer, p: peer.send(b"\x90\3" + number(p.pid) + b"\x80")
        error = await raised(client.subscribe("secret/#", 1))
        assert isinstance(error, OSError)
        assert "secret/#" in str(error)
        assert client.isconnected()


async def test_a_subscription_without_answer_is_asked_for_again_on_a_new_connection():
    async with Desk(response_time=0.1) as (broker, client):
        answer = broker.answers.pop(SUBSCRIBE)
        task = asyncio.create_task(client.subscribe("t", 1))
        first = broker.peer
        await run_until(lambda: not first.open, 3000)
        broker.answers[SUBSCRIBE] = answer
        await task
        assert len(broker.peer.of(SUBSCRIBE)) == 1


# -- streams ------------------------------------------------------------------------------


def pieces_of(text, size):
    for start in range(0, len(text), size):
        yield text[start : start + size]


async def test_a_stream_of_pieces_is_one_message():
    text = bytes(range(256)) * 20
    for size in (1, 100, 3000):
        async with Desk(send_buffer=256) as (broker, client):
            await client.publish_stream("t", len(text), pieces_of(text, size), True)
            got = (await arrived(broker.peer, PUBLISH))[0]
            assert got.payload == text
            assert got.retain


async def test_nothing_is_sent_in_between_the_pieces():
    async with Desk(send_buffer=128, response_time=5) as (broker, client):
        await deafen(broker, client)
        taken = []

        def pieces():
            for i in range(100):
                # What the making of the pieces itself wants to say must wait, too.
                taken.append(client.publish_nowait(b"log", b"in between"))
                yield b"%08d" % i

        stream = asyncio.create_task(client.publish_stream(b"s", 800, pieces()))
        others = [asyncio.create_task(client.publish("o", "x", qos=1)) for _ in range(3)]
        broker.peer.send(publish(b"in", b"", 1, 5))
        await asyncio.sleep_ms(20)
        broker.deaf = False
        await stream
        await asyncio.gather(*others)
        assert not any(taken)
        await arrived(broker.peer, PUBACK)
        streams = lambda: [p for p in broker.peer.of(PUBLISH) if p.topic == b"s"]  # noqa: E731
        await run_until(streams)
        assert streams()[0].payload == b"".join(b"%08d" % i for i in range(100))


async def test_a_long_message_to_a_slow_broker_waits_for_no_timer():
    async with Desk(send_buffer=256, response_time=10) as (broker, client):
        client._sock.setsockopt(1, 7, 4096)
        start = time.ticks_ms()
        await client.publish("t", bytes(200_000), False, 1)
        # The timer, at which everything looks again, is one of 1 s.
        assert time.ticks_diff(time.ticks_ms(), start) < 900


async def test_a_stream_with_qos_1_is_acknowledged_and_repeated():
    async with Desk(response_time=0.2) as (broker, client):
        answer = broker.answers.pop(PUBLISH)
        task = asyncio.create_task(client.publish_stream("t", 6, [b"abc", b"def"], False, 1))
        await arrived(broker.peer, PUBLISH, 2)
        broker.answers[PUBLISH] = answer
        await task
        got = broker.peer.of(PUBLISH)
        assert [p.payload for p in got[:2]] == [b"abcdef"] * 2
        assert got[1].dup


async def test_an_iterator_that_was_not_acknowledged_is_an_error():
    async with Desk(response_time=0.1) as (broker, client):
        del broker.answers[PUBLISH]
        error = await raised(client.publish_stream("t", 6, iter((b"abc", b"def")), False, 1))
        assert isinstance(error, OSError)
        assert len(broker.peer.of(PUBLISH)) == 1


async def test_an_iterator_that_lost_its_connection_is_an_error():
    async with Desk(send_buffer=128, response_time=5) as (broker, client):
        client._sock.setsockopt(1, 7, 4096)
        broker.deaf = True
        pieces = pieces_of(bytes(1 << 16), 100)
        task = asyncio.create_task(raised(client.publish_stream("t", 1 << 16, pieces)))
        await run_until(lambda: client._writing)
        broker.peer.close()
        broker.deaf = False
        assert isinstance(await task, OSError)
        await run_until(client.isconnected)
        await client.publish("t", "after", qos=1)
        assert [p.payload for p in broker.peer.of(PUBLISH)] == [b"after"]


async def test_pieces_of_a_wrong_length_end_the_connection_and_are_a_value_error():
    for pieces in ([b"abc"], [b"abc", b"defg"], []):
        async with Desk() as (broker, client):
            error = await raised(client.publish_stream("t", 6, pieces))
            assert isinstance(error, ValueError)
            await run_until(lambda: client.connects == 2)
            await client.publish("t", "after", qos=1)
            assert broker.peer.of(PUBLISH)[0].payload == b"after"
            assert broker.peers[0].of(PUBLISH) == []


async def test_pieces_that_raise_end_the_connection():
    def pieces():
        yield b"abc"
        raise KeyError("a fault on purpose")

    async with Desk() as (broker, client):
        assert isinstance(await raised(client.publish_stream("t", 6, pieces())), KeyError)
        await run_until(lambda: client.connects == 2)
        await client.publish("t", "after", qos=1)


async def test_a_cancelled_stream_ends_the_connection():
    async with Desk(send_buffer=128, response_time=5) as (broker, client):
        client._sock.setsockopt(1, 7, 4096)
        broker.deaf = True
        task = asyncio.create_task(client.publish("t", bytes(1 << 16)))
        await run_until(lambda: client._writing)
        task.cancel()
        broker.deaf = False
        await run_until(lambda: client.connects == 2)
        await client.publish("t", "after", qos=1)


# -- flow control -------------------------------------------------------------------------


async def test_pausing_takes_effect_between_two_packets():
    async with Desk() as (broker, client):
        received = collect(client)

        def pause_at_first(topic, msg, retained):
            received.append(msg)
            if msg == b"1":
                client.pause_reading()

        client.on_message = pause_at_first
        broker.peer.send(publish(b"t", b"1") + publish(b"t", b"2") + publish(b"t", b"3"))
        await run_until(lambda: received == [b"1"])
        await asyncio.sleep_ms(30)
        assert received == [b"1"]
        client.resume_reading()
        await run_until(lambda: received == [b"1", b"2", b"3"])


async def test_the_connection_survives_a_pause_longer_than_the_broker_may_be_silent():
    async with Desk(keepalive=1, response_time=0.2) as (broker, client):
        received = collect(client)
        client.pause_reading()
        broker.peer.send(publish(b"t", b"1"))
        await asyncio.sleep_ms(700)
        assert broker.peer.of(PINGREQ)
        client.resume_reading()
        await run_until(lambda: len(received) == 1)
        assert client.connects == 1


async def test_a_pause_does_not_repeat_messages_whose_acknowledgement_is_not_read():
    async with Desk(response_time=0.1) as (broker, client):
        client.pause_reading()
        task = asyncio.create_task(client.publish("t", "m", qos=1))
        await asyncio.sleep_ms(300)
        client.resume_reading()
        await task
        assert len(broker.peer.of(PUBLISH)) == 1
        assert client.connects == 1


async def test_a_pause_without_end_costs_the_connection():
    async with Desk(keepalive=1, response_time=0.1) as (broker, client):
        client.pause_reading()
        first = broker.peer
        await run_until(lambda: not first.open, 3000)
        client.resume_reading()
        await run_until(lambda: client.connects == 2)


# -- keep-alive ---------------------------------------------------------------------------


async def test_an_idle_connection_is_pinged():
    async with Desk(keepalive=1) as (broker, client):
        await arrived(broker.peer, PINGREQ, 3)
        assert client.connects == 1


async def test_ping_interval_makes_pings_more_frequent_than_keepalive():
    async with Desk(ping_interval=0.1, response_time=0.2) as (broker, client):
        await arrived(broker.peer, PINGREQ, 3)
        assert broker.peer.of(CONNECT)[0].body[8:10] == number(60)


async def test_a_broker_that_only_receives_is_pinged():
    async with Desk(keepalive=1) as (broker, client):
        while not broker.peer.of(PINGREQ):
            assert client.publish_nowait(b"t", b"m")
            await asyncio.sleep_ms(5)


async def test_a_silent_broker_is_given_up_within_the_response_time():
    async with Desk(keepalive=1, response_time=0.2) as (broker, client):
        del broker.answers[PINGREQ]
        first = broker.peer
        start = time.ticks_ms()
        await run_until(lambda: not first.open, 3000)
        # A ping after a quarter of keepalive; then the response time, seen at a tick of 50 ms.
        assert 400 < time.ticks_diff(time.ticks_ms(), start) < 800
        assert client.last_error
        await run_until(lambda: client.connects == 2)


async def test_broker_up_asks_the_broker():
    async with Desk(response_time=0.2) as (broker, client):
        assert await client.broker_up()
        assert len(broker.peer.of(PINGREQ)) == 1
        del broker.answers[PINGREQ]
        start = time.ticks_ms()
        assert not await client.broker_up()
        assert time.ticks_diff(time.ticks_ms(), start) < 400
        client.close()
        assert not await client.broker_up()


async def test_an_idle_client_wakes_once_a_second():
    async with Desk(response_time=10) as (broker, client):
        await asyncio.sleep_ms(100)
        wakes, reads, writes = client.wakes, client.reads, client.writes
        await asyncio.sleep_ms(3100)
        assert client.wakes - wakes <= 4
        assert (client.reads, client.writes) == (reads, writes)


async def test_the_client_stays_awake_after_a_message_and_no_longer():
    async with Desk(awake_ms=100, response_time=10) as (broker, client):
        received = collect(client)
        await asyncio.sleep_ms(20)
        broker.peer.send(publish(b"t", b"1"))
        await run_until(lambda: len(received) == 1)
        wakes = client.wakes
        for i in range(2, 8):
            await asyncio.sleep_ms(10)
            broker.peer.send(publish(b"t", b"x"))
            await run_until(lambda n=i: len(received) == n)
        assert client.wakes - wakes <= 1  # the timer
        await run_until(lambda: client.wakes > wakes + 1, 2000)

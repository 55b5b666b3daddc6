# SPDX-License-Identifier: MIT
"""lib/mqtt_as.py: connecting, staying connected, and the life of the client's tasks."""

import asyncio
import time
from asyncio import core

import mqtt_as
from mqtt_as import MQTTClient

from fake_broker import (
    CONNECT,
    DISCONNECT,
    PUBLISH,
    SUBSCRIBE,
    Desk,
    publish,
)
from harness import raises, run_until

SOCKETS = True


async def failure(coroutine):
    """The OSError that a coroutine ends with."""
    try:
        await coroutine
    except OSError as e:
        return e
    raise AssertionError("no OSError")


def waiting_tasks():
    """Number of tasks that wait for a socket."""
    return len(core._io_queue.map)


# -- configuration ------------------------------------------------------------------------


def test_the_configuration_has_every_key_of_the_original():
    original = (
        "client_id server port user password keepalive ping_interval ssl ssl_params response_time "
        "clean_init clean max_repubs will subs_cb wifi_coro connect_coro ssid wifi_pw queue_len "
        "gateway mqttv5 mqttv5_con_props"
    )
    assert all(key in mqtt_as.config for key in original.split())


def test_the_default_port_depends_on_tls():
    config = dict(mqtt_as.config)
    config["server"] = "broker"
    assert MQTTClient(config).port == 1883
    config["ssl"] = True
    assert MQTTClient(config).port == 8883
    config["port"] = 1234
    assert MQTTClient(config).port == 1234


def test_a_configuration_that_cannot_work_is_a_value_error():
    config = dict(mqtt_as.config)
    raises(ValueError, MQTTClient, config)
    config["server"] = "broker"
    MQTTClient(config)
    config["mqttv5"] = True
    assert "3.1.1" in str(raises(ValueError, MQTTClient, config))


# -- the first connection -----------------------------------------------------------------


async def test_connect_sends_what_the_configuration_says():
    async with Desk(
        client_id="me", user="u", password="p", keepalive=300, will=("w", "bye", True, 1)
    ) as (broker, client):
        said = broker.peer.of(CONNECT)[0]
        assert said.body == b"\0\x04MQTT\x04\xee\x01\x2c\0\x02me\0\x01w\0\x03bye\0\x01u\0\x01p"


async def test_connect_returns_with_everything_up():
    async with Desk() as (broker, client):
        assert client.isconnected()
        assert client.up.is_set()
        assert not client.down.is_set()
        assert client.connects == 1
        assert client.publish_nowait(b"t", b"m")


async def test_a_broker_that_is_not_there_is_an_error():
    async with Desk(connect=False) as (broker, client):
        await broker.stop()
        assert "ECONNREFUSED" in str(await failure(client.connect()))
        assert not client.isconnected()
        await broker.start()
        await client.connect()


async def test_a_name_that_cannot_be_resolved_is_an_error():
    async with Desk(connect=False, server="no.such.host.invalid") as (_, client):
        await failure(client.connect())
        assert client.last_error


async def test_a_broker_that_does_not_answer_is_an_error_in_time():
    async with Desk(connect=False, response_time=0.2) as (broker, client):
        del broker.answers[CONNECT]
        start = time.ticks_ms()
        await failure(client.connect())
        assert time.ticks_diff(time.ticks_ms(), start) < 500
        await run_until(lambda: not broker.peer.open)


async def test_a_refusal_says_why():
    for code, text in ((2, "2"), (5, "user or password")):
        async with Desk(connect=False) as (broker, client):
            broker.connack = bytes((0x20, 2, 0, code))
            assert text in str(await failure(client.connect()))
            assert not client.up.is_set()
            await run_until(lambda: not broker.peer.open)


async def test_anything_but_connack_at_first_is_an_error():
    for answer in (b"\xd0\0", publish(b"t", b"m"), b"HTTP/1.1 400 Bad Request\r\n\r\n"):
        async with Desk(connect=False) as (broker, client):
            broker.connack = answer
            await failure(client.connect())
            assert client.protocol_errors == 1


async def test_messages_right_behind_connack_are_not_lost():
    async with Desk(connect=False, clean=False, clean_init=False) as (broker, client):
        broker.connack = b"\x20\2\1\0" + publish(b"t", b"kept", 1, 1)
        await client.connect()
        assert client.session_present
        assert await client.queue.__anext__() == (b"t", b"kept", False)


async def test_after_a_failure_nothing_is_left_over():
    async with Desk(connect=False) as (broker, client):
        before = waiting_tasks()
        broker.connack = b"\x20\2\0\5"
        for _ in range(3):
            await failure(client.connect())
        await run_until(lambda: waiting_tasks() == before)


async def test_a_second_connect_is_an_error():
    async with Desk() as (broker, client):
        assert "already" in str(await failure(client.connect()))
        assert client.isconnected()


# -- sessions -----------------------------------------------------------------------------


def clean_flags(broker):
    return [peer.of(CONNECT)[0].body[7] >> 1 & 1 for peer in broker.peers]


async def test_a_clean_session_is_the_default_also_later():
    async with Desk() as (broker, client):
        broker.peer.close()
        await run_until(lambda: client.connects == 2)
        assert clean_flags(broker) == [1, 1]


async def test_clean_init_forgets_the_old_session_and_then_keeps_one():
    async with Desk(clean=False) as (broker, client):
        assert clean_flags(broker) == [1, 0]
        assert broker.peers[0].of(DISCONNECT)
        assert client.connects == 1
        broker.peer.close()
        await run_until(lambda: client.connects == 2)
        assert clean_flags(broker) == [1, 0, 0]


async def test_without_clean_init_the_session_is_taken_up():
    async with Desk(clean=False, clean_init=False) as (broker, client):
        assert clean_flags(broker) == [0]
        assert not client.session_present


# -- staying connected --------------------------------------------------------------------


async def test_a_lost_connection_is_announced_and_made_again():
    async with Desk() as (broker, client):
        client.up.clear()
        broker.peer.close()
        await asyncio.wait_for_ms(client.down.wait(), 1000)
        assert not client.isconnected()
        await asyncio.wait_for_ms(client.up.wait(), 1000)
        assert client.isconnected()
        assert client.last_error == "closed by the broker"
        await client.publish("t", "m", qos=1)


async def test_the_broker_may_be_away_for_long():
    async with Desk() as (broker, client):
        await broker.stop()
        await asyncio.sleep_ms(300)
        assert not client.isconnected()
        await broker.start()
        await run_until(client.isconnected, 2000)
        await client.subscribe("t", 1)


async def test_pauses_between_attempts_grow_to_a_limit_and_differ():
    async with Desk() as (broker, client):
        pauses = []
        sleep_ms = asyncio.sleep_ms

        def spy(ms):
            if ms < 500:  # not the client's
                return sleep_ms(ms)
            pauses.append(ms)
            return sleep_ms(0)

        client.DELAY_MS, client.MAX_DELAY_MS = 1000, 60000
        client.close()
        await client.connect()
        await broker.stop()
        mqtt_as.sleep_ms = spy
        try:
            await run_until(lambda: len(pauses) > 30, 5000)
        finally:
            mqtt_as.sleep_ms = sleep_ms
        limit = 1000
        for pause in pauses[:30]:
            assert limit // 2 <= pause <= limit, pauses
            limit = min(2 * limit, 60000)
        assert len(set(pauses[7:30])) > 10


async def test_a_broker_that_ends_every_connection_is_tried_less_and_less():
    async with Desk() as (broker, client):
        client.close()
        client.DELAY_MS, client.MAX_DELAY_MS = 10, 10000
        broker.answers[SUBSCRIBE] = lambda peer, p: peer.close()
        broker.peers.clear()
        await client.connect()

        async def resubscribe():
            while True:
                await client.up.wait()
                client.up.clear()
                await client.subscribe("t", 0)

        task = asyncio.create_task(resubscribe())
        await asyncio.sleep_ms(1000)
        task.cancel()
        assert 4 <= len(broker.peers) <= 9


async def test_malformed_packets_end_the_connection_and_are_counted():
    async with Desk() as (broker, client):
        bad_packets = b"\xf0\0", b"\x30\1\0", b"\x40\xff\xff\xff\xff\1", b"\x34\4\0\1t\0"
        for n, bad in enumerate(bad_packets):
            broker.peer.send(bad)
            await run_until(lambda n=n: client.connects == n + 2, 2000)
            assert client.protocol_errors == n + 1
            assert client.last_error
        await client.publish("t", "m", qos=1)


async def test_a_second_connack_ends_the_connection():
    async with Desk() as (broker, client):
        broker.peer.send(b"\x20\2\0\0")
        await run_until(lambda: client.connects == 2)
        assert client.protocol_errors == 1


async def test_random_bytes_never_reach_the_application():
    import random

    random.seed(5)
    async with Desk() as (broker, client):
        client.DELAY_MS = 2
        client.MAX_DELAY_MS = 4
        client.close()
        await client.connect()
        for _ in range(60):
            peer = broker.peer
            peer.send(bytes(random.getrandbits(8) for _ in range(400)))
            peer.close()
            await run_until(lambda p=peer: broker.peer is not p and client.isconnected(), 3000)
        await client.publish("t", "m", qos=1)


async def test_callbacks_of_the_original_are_started_at_each_change():
    events = []

    async def wifi(up):
        events.append(up)

    async def connected(client):
        await client.subscribe("t", 1)
        events.append("connected")

    async with Desk(queue_len=0, wifi_coro=wifi, connect_coro=connected) as (broker, client):
        await run_until(lambda: events == [True, "connected"])
        broker.peer.close()
        await run_until(lambda: events == [True, "connected", False, True, "connected"])


# -- leaving ------------------------------------------------------------------------------


async def test_disconnect_sends_what_is_waiting_and_says_good_bye():
    async with Desk() as (broker, client):
        client.publish_nowait(b"t", b"last words")
        await client.disconnect()
        assert not client.isconnected()
        await run_until(lambda: not broker.peer.open)
        assert [p.kind for p in broker.peer.packets] == [CONNECT, PUBLISH, DISCONNECT]
        assert not client.down.is_set()


async def test_close_says_nothing():
    async with Desk() as (broker, client):
        client.close()
        await run_until(lambda: not broker.peer.open)
        assert [p.kind for p in broker.peer.packets] == [CONNECT]


async def test_after_disconnect_and_close_connecting_works_again():
    async with Desk() as (broker, client):
        for _ in range(3):
            await client.disconnect()
            await client.connect()
            client.close()
            await client.connect()
        await client.publish("t", "m", qos=1)
        assert client.connects == 7


async def test_all_tasks_end_with_close():
    async with Desk(connect=False) as (broker, client):
        before = waiting_tasks()
        await client.connect()
        await run_until(lambda: waiting_tasks() > before)
        tasks = list(client._tasks)
        keeper = client._keeper
        client.close()
        await run_until(lambda: all(task.done() for task in tasks) and keeper.done())
        await run_until(lambda: waiting_tasks() == before)


async def test_close_ends_waiting_for_a_broker_that_is_away():
    async with Desk() as (broker, client):
        await broker.stop()
        await run_until(lambda: not client.isconnected())
        task = asyncio.create_task(failure(client.publish("t", "m", qos=1)))
        await asyncio.sleep_ms(20)
        client.close()
        assert "closed" in str(await task)
        assert "closed" in str(await failure(client.publish("t", "m")))
        assert "closed" in str(await failure(client.subscribe("t")))


async def test_close_ends_a_first_connection_under_way():
    async with Desk(connect=False, response_time=5) as (broker, client):
        del broker.answers[CONNECT]
        task = asyncio.create_task(failure(client.connect()))
        await run_until(lambda: broker.peers)
        client.close()
        assert "closed" in str(await task)
        await run_until(lambda: not broker.peer.open)


async def test_a_cancelled_connect_leaves_nothing_over():
    async with Desk(connect=False, response_time=5) as (broker, client):
        before = waiting_tasks()
        answer = broker.answers.pop(CONNECT)
        task = asyncio.create_task(client.connect())
        await run_until(lambda: broker.peers and broker.peer.of(CONNECT))
        task.cancel()
        await run_until(lambda: not broker.peer.open)
        await run_until(lambda: waiting_tasks() == before)
        broker.answers[CONNECT] = answer
        await client.connect()
        assert client.isconnected()


async def test_the_application_may_close_from_on_message():
    async with Desk() as (broker, client):
        received = []

        def on_message(topic, msg, retained):
            received.append(msg)
            client.close()

        client.on_message = on_message
        tasks = list(client._tasks)
        broker.peer.send(publish(b"t", b"1", 1, 1) + publish(b"t", b"2"))
        await run_until(lambda: all(task.done() for task in tasks))
        assert received == [b"1"]
        await client.connect()
        assert client.isconnected()


async def test_two_clients_do_not_disturb_each_other():
    async with Desk() as (first_broker, first), Desk(client_id="b") as (second_broker, second):
        first_broker.peer.close()
        await second.publish("t", "2", qos=1)
        await run_until(lambda: first.connects == 2)
        await first.publish("t", "1", qos=1)
        assert second.connects == 1
        assert second_broker.peer.of(PUBLISH)[0].payload == b"2"

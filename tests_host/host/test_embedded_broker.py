# SPDX-License-Identifier: MIT
"""The embedded broker keeps the rules of MQTT that a node and its users depend on."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from desk import MQTT, wait_until
from yard.sim.ports import keep_port

Connect = Callable[..., MQTT]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with keep_port() as keeper:
        free: int = keeper.getsockname()[1]
        command = [sys.executable, "-m", "yard.sim.embedded_broker", str(free)]
        with subprocess.Popen(command) as broker:
            try:
                wait_until(lambda: is_listening(free, broker), what="broker")
                yield free
            finally:
                broker.terminate()


def is_listening(port: int, broker: subprocess.Popen[bytes]) -> bool:
    assert broker.poll() is None, "the broker has ended"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def connect(port: int) -> Iterator[Connect]:
    clients: list[MQTT] = []

    def new(*topics: str, will: str = "", keepalive: int = 60, **options: object) -> MQTT:
        client = MQTT(port, **options)
        if will:
            client.client.will_set(will, "offline", 1, retain=True)
        clients.append(client.connect(keepalive))
        for topic in topics:
            client.subscribe(topic)
        return client

    yield new
    for client in clients:
        client.close()


@pytest.mark.parametrize("qos", [0, 1])
def test_messages_arrive_in_order(connect: Connect, qos: int) -> None:
    receiver = connect(f"order{qos}/+")
    sender = connect()
    for number in range(200):
        sender.publish(f"order{qos}/a", str(number), qos)
    wait_until(lambda: len(receiver.messages) == 200)
    assert [message.payload for message in receiver.messages] == [str(n) for n in range(200)]
    assert not any(message.retained for message in receiver.messages)


def test_a_retained_message_waits_for_subscribers_until_it_is_cleared(connect: Connect) -> None:
    sender = connect()
    sender.publish("kept/a", "1", retain=True)
    sender.publish("kept/b", "2", retain=True)
    sender.publish("kept/a", "", retain=True)
    receiver = connect("kept/#")
    assert receiver.wait_for("kept/b", "2").retained
    sender.publish("kept/end", "now")
    receiver.wait_for("kept/end")
    assert [message.topic for message in receiver.messages] == ["kept/b", "kept/end"]


def test_nobody_is_sent_retained_messages_of_somebody_elses_subscription(connect: Connect) -> None:
    connect("own/#")
    connect().publish("own/large", "x" * 20000, retain=True)
    other = connect("marker")
    connect().publish("marker", "here")
    other.wait_for("marker")
    assert [message.topic for message in other.messages] == ["marker"]


def test_the_will_is_published_and_retained_when_the_connection_breaks(connect: Connect) -> None:
    watcher = connect("broken/will")
    cut(connect(will="broken/will"))
    assert not watcher.wait_for("broken/will", "offline").retained
    assert connect("broken/will").wait_for("broken/will", "offline").retained


def test_the_will_is_published_when_a_client_falls_silent(port: int, connect: Connect) -> None:
    watcher = connect("silent/will")
    with socket.create_connection(("127.0.0.1", port)) as client:
        # CONNECT: clean session, will of QoS 0, keep-alive 1 s; client id, will topic, message.
        body = b"\0\4MQTT\4\x06\0\1" + b"\0\2id" + b"\0\x0bsilent/will" + b"\0\7offline"
        client.sendall(bytes((0x10, len(body))) + body)
        assert client.makefile("rb").read(4) == b"\x20\2\0\0"
        watcher.wait_for("silent/will", "offline")


def test_the_will_is_not_published_after_a_disconnect(connect: Connect) -> None:
    watcher = connect("clean/will", "clean/end")
    connect(will="clean/will").close()
    connect().publish("clean/end")
    watcher.wait_for("clean/end")
    assert not watcher.of("clean/will")


def test_a_client_that_connects_again_takes_the_place_of_its_older_connection(
    connect: Connect,
) -> None:
    watcher = connect("twice/#")
    older = connect(will="twice/available", client_id="twice")
    older.client.reconnect_delay_set(60, 60)
    newer = connect(will="twice/available", client_id="twice")
    watcher.wait_for("twice/available", "offline")
    wait_until(lambda: not older.client.is_connected())
    newer.publish("twice/available", "online", retain=True)
    assert watcher.wait_for("twice/available", "online")
    assert newer.client.is_connected()


def cut(client: MQTT) -> None:
    """Break the connection without a DISCONNECT."""
    connection = client.client.socket()
    assert isinstance(connection, socket.socket)
    client.client.loop_stop()
    connection.shutdown(socket.SHUT_RDWR)

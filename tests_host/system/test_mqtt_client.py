# SPDX-License-Identifier: MIT
"""firmware/lib/mqtt_as.py against real mosquitto; the client runs in MicroPython.

Each test gives the client a program. What the program says with `say(key=value)` comes back as a
line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desk import LIMIT_S, RESTART_S, Connect, wait_until
from mosquitto import Authority, Mosquitto, SecureMosquitto
from yard.sim.node import find_micropython

LIB = Path(__file__).resolve().parents[2] / "firmware" / "lib"

PRELUDE = """
import asyncio, binascii, json
from mqtt_as import MQTTClient, config

def say(**what):
    print(json.dumps(what))

async def stay(client):
    while True:
        await client.up.wait()
        client.up.clear()
        await client.subscribe("to/#", 1)
        say(up=client.connects)

config.update(json.loads(SETTINGS))
for key, value in config["ssl_params"].items():
    if key in ("cadata", "cert", "key"):
        config["ssl_params"][key] = binascii.a2b_base64(value)
client = MQTTClient(config)
client.DELAY_MS = 200
"""

ECHO = """
refused = 0
def echo(topic, msg, retained):
    global refused
    if not client.publish_nowait(topic, msg, False, b"from/"):
        refused += 1

async def main():
    client.on_message = echo
    await client.connect()
    await stay(client)
"""


class Program:
    """A MicroPython process; `said` is what it said."""

    def __init__(self, body: str, settings: dict[str, Any], *options: str) -> None:
        # In the text, because MicroPython takes no argument of more than 255 bytes.
        text = f"SETTINGS = {json.dumps(settings)!r}\n{PRELUDE}{body}\nasyncio.run(main())\n"
        command = [find_micropython(), *options, "-c", text]
        self.said: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            command,
            env={**os.environ, "MICROPYPATH": f"{LIB}:.frozen"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            try:
                self.said.append(json.loads(line))
            except ValueError:  # a traceback; wait_for shows it
                self.said.append({"printed": line})

    def wait_for(self, key: str, value: object = None, limit_s: float = LIMIT_S) -> Any:
        """Return the value said under `key`; the first, or the one that is equal to `value`."""

        def found() -> list[Any]:
            return [w[key] for w in list(self.said) if key in w and value in (None, w[key])]

        return wait_until(found, limit_s, f"{key} {value or ''} in {self.said}")[0]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT_S)
        self._listener.join(LIMIT_S)

    def wait_end(self) -> None:
        """Wait until the program is over, and its connection with it."""
        self.process.wait(LIMIT_S)


Run = Callable[..., Program]


@pytest.fixture
def run() -> Iterator[Run]:
    """Function that starts a program with a client for the broker at `port`."""
    programs: list[Program] = []

    def start(body: str, port: int, *options: str, **settings: Any) -> Program:
        known = {"server": "127.0.0.1", "port": port, "client_id": "client", "queue_len": 32}
        programs.append(Program(body, known | {"ssl_params": {}} | settings, *options))
        return programs[-1]

    yield start
    for program in programs:
        program.stop()


# -- messages -----------------------------------------------------------------------------


@pytest.mark.parametrize("qos", [0, 1])
def test_messages_travel_both_ways(run: Run, broker: Mosquitto, mqtt: Connect, qos: int) -> None:
    body = f"""
async def main():
    await client.connect()
    await client.subscribe("to/#", {qos})
    say(up=1)
    async for topic, msg, retained in client.queue:
        await client.publish(b"from/" + topic, msg, retained, {qos})
"""
    program = run(body, broker.port)
    program.wait_for("up")
    other = mqtt(broker.port, "from/#")
    for i in range(20):
        other.publish(f"to/{i}", f"message {i}", qos)
    for i in range(20):
        other.wait_for(f"from/to/{i}", f"message {i}")
    assert len(other.messages) == 20


def test_retained_messages_are_retained_and_seen_as_such(
    run: Run, broker: Mosquitto, mqtt: Connect
) -> None:
    body = """
async def main():
    await client.connect()
    await client.publish("state", "kept", True, 1)
    await client.subscribe("state", 0)
    say(first=(await client.queue.__anext__())[2])
    await client.publish("state", "live")
    say(second=(await client.queue.__anext__())[2])
"""
    program = run(body, broker.port)
    assert program.wait_for("first") is True
    assert program.wait_for("second", False) is False
    assert mqtt(broker.port, "state").wait_for("state", "kept").retained


def test_a_burst_of_512_is_answered_whole(run: Run, broker: Mosquitto, mqtt: Connect) -> None:
    program = run(ECHO, broker.port)
    program.wait_for("up")
    other = mqtt(broker.port, "from/#")
    for i in range(512):
        other.publish(f"to/relays/lamp{i % 128}", f"{i}", qos=0)
    wait_until(lambda: len(other.messages) == 512, what="512 answers")
    assert sorted(int(m.payload) for m in other.messages) == list(range(512))


def test_long_messages_in_and_out(run: Run, broker: Mosquitto, mqtt: Connect) -> None:
    body = """
def pieces():
    for i in range(5000):
        yield b"%09d\\n" % i

async def main():
    await client.connect()
    await client.subscribe("to/#", 1)
    say(up=1)
    async for topic, msg, retained in client.queue:
        say(length=len(msg), skipped=client.skipped, connects=client.connects)
        await client.publish_stream("from/stream", 50000, pieces(), False, 1)
"""
    program = run(body, broker.port)
    program.wait_for("up")
    other = mqtt(broker.port, "from/#")
    other.publish("to/long", "x" * 1_000_000, retain=True)
    other.publish("to/fits", "y" * 4000)
    assert program.wait_for("length") == 4000
    assert program.wait_for("skipped") == 1
    assert program.wait_for("connects") == 1
    received = other.wait_for("from/stream").payload
    assert received == "".join(f"{i:09}\n" for i in range(5000))


def test_a_small_heap_lasts_for_any_number_of_messages(
    run: Run, broker: Mosquitto, mqtt: Connect
) -> None:
    program = run(ECHO, broker.port, "-X", "heapsize=150k")
    program.wait_for("up")
    other = mqtt(broker.port, "from/#")
    for start in range(0, 10_000, 500):
        for i in range(start, start + 500):
            other.publish("to/relays/lamp", f"{i}", qos=0)
        wait_until(lambda n=start: len(other.messages) == n + 500, what="answers")
    assert program.process.poll() is None
    assert [m.payload for m in other.messages] == [str(i) for i in range(10_000)]


# -- who may come in ----------------------------------------------------------------------

TRY = """
async def main():
    try:
        await client.connect()
        await client.publish("state", "in", qos=1)
        say(result="connected")
    except OSError as e:
        say(result=str(e))
"""


@pytest.mark.parametrize(
    ("user", "password", "result"),
    [
        ("node", "secret", "connected"),
        ("node", "wrong", "user or password"),
        ("somebody", "secret", "user or password"),
        ("", "", "user or password"),
    ],
)
def test_user_and_password(
    run: Run, tmp_path: Path, user: str, password: str, result: str
) -> None:
    with Mosquitto(tmp_path, users={"node": "secret"}) as guarded:
        program = run(TRY, guarded.port, user=user, password=password)
        assert result in program.wait_for("result")


def test_tls_with_a_broker_of_the_right_authority(
    run: Run, secure_broker: SecureMosquitto, authority: Authority
) -> None:
    params = {"cadata": authority.certificate}
    program = run(TRY, secure_broker.port, ssl=True, ssl_params=params)
    assert program.wait_for("result") == "connected"


def test_tls_with_a_name_that_is_not_the_server_setting(
    run: Run, secure_broker: SecureMosquitto, authority: Authority
) -> None:
    params = {"cadata": authority.certificate, "server_hostname": "broker.test"}
    program = run(TRY, secure_broker.port, ssl=True, ssl_params=params)
    assert program.wait_for("result") == "connected"


def test_tls_refuses_a_broker_of_another_authority(
    run: Run, secure_broker: SecureMosquitto, tmp_path: Path
) -> None:
    params = {"cadata": Authority(tmp_path / "another").certificate}
    program = run(TRY, secure_broker.port, ssl=True, ssl_params=params)
    assert "not correctly signed" in program.wait_for("result")


def test_tls_refuses_a_certificate_for_another_name(
    run: Run, secure_broker: SecureMosquitto, authority: Authority
) -> None:
    params = {"cadata": authority.certificate, "server_hostname": "another.test"}
    program = run(TRY, secure_broker.port, ssl=True, ssl_params=params)
    assert "does not match" in program.wait_for("result")


def test_tls_without_an_authority_is_not_verified(
    run: Run, secure_broker: SecureMosquitto
) -> None:
    program = run(TRY, secure_broker.port, ssl=True)
    assert program.wait_for("result") == "connected"


def test_tls_carries_bursts_and_long_messages(
    run: Run, secure_broker: SecureMosquitto, authority: Authority
) -> None:
    body = """
async def main():
    await client.connect()
    await client.subscribe("t/#", 1)
    received = []
    client.on_message = lambda topic, msg, retained: received.append(msg)
    for i in range(100):
        await client.publish("t/%d" % i, "%d" % i)
    await client.publish("t/long", b"0123456789" * 400, qos=1)
    await client.publish("u/longer", b"x" * 300000, qos=1)
    while len(received) < 101:
        await asyncio.sleep_ms(1)
    say(good=received == [b"%d" % i for i in range(100)] + [b"0123456789" * 400])
"""
    params = {"cadata": authority.certificate}
    program = run(body, secure_broker.port, ssl=True, ssl_params=params)
    assert program.wait_for("good") is True


def test_plain_mqtt_to_a_tls_port_and_the_reverse_are_errors(
    run: Run, secure_broker: SecureMosquitto, broker: Mosquitto
) -> None:
    assert run(TRY, secure_broker.port).wait_for("result") != "connected"
    program = run(TRY, broker.port, ssl=True, response_time=2)
    assert program.wait_for("result") != "connected"


# -- sessions and the will ----------------------------------------------------------------


def test_a_persistent_session_keeps_messages_for_the_client(
    run: Run, broker: Mosquitto, mqtt: Connect
) -> None:
    body = """
async def main():
    await client.connect()
    await client.subscribe("to/#", 1)
    client.close()
    say(away=client.session_present)
    await asyncio.sleep(1)
    await client.connect()
    say(back=client.session_present)
    kept = []
    while len(kept) < 3:
        kept.append((await client.queue.__anext__())[1].decode())
    say(kept=kept)
"""
    program = run(body, broker.port, clean=False, clean_init=False)
    assert program.wait_for("away", False) is False
    other = mqtt(broker.port)
    for i in range(3):
        other.publish("to/x", str(i), qos=1)
    assert program.wait_for("back") is True
    assert program.wait_for("kept") == ["0", "1", "2"]


def test_clean_init_forgets_the_session_of_the_last_run(run: Run, broker: Mosquitto) -> None:
    body = """
async def main():
    await client.connect()
    say(present=client.session_present)
    await client.disconnect()
"""
    settings: dict[str, Any] = {"clean": False}
    for clean_init, present in ((False, False), (False, True), (True, False)):
        program = run(body, broker.port, **settings | {"clean_init": clean_init})
        assert program.wait_for("present") is present
        program.wait_end()  # else the next one would throw it out, and it would come back


def test_the_will_is_published_when_the_client_dies_and_only_then(
    run: Run, broker: Mosquitto, mqtt: Connect
) -> None:
    other = mqtt(broker.port, "available")
    will = ["available", "offline", True, 1]
    polite = """
async def main():
    await client.connect()
    await client.publish("available", "online", True, 1)
    await client.disconnect()
"""
    run(polite, broker.port, will=will).wait_end()
    program = run(ECHO, broker.port, will=will)
    program.wait_for("up")
    other.subscribe("nothing")  # what was published before has come when that returns
    assert [m.payload for m in other.messages] == ["online"]
    program.stop()
    other.wait_for("available", "offline")


# -- staying connected --------------------------------------------------------------------


def test_a_broker_that_was_restarted_is_found_again(
    run: Run, broker: Mosquitto, mqtt: Connect
) -> None:
    program = run(ECHO, broker.port)
    for times in (1, 2, 3):
        program.wait_for("up", times, RESTART_S)
        other = mqtt(broker.port, "from/#")
        other.publish("to/x", f"{times}")
        other.wait_for("from/to/x", f"{times}")
        if times < 3:
            broker.stop()
            broker.start()


def test_a_message_with_qos_1_outlives_the_broker(
    run: Run, broker: Mosquitto, mqtt: Connect
) -> None:
    body = """
async def send(i):
    await client.publish("from/x", str(i), False, 1)

async def main():
    await client.connect()
    say(up=1)
    await client.down.wait()
    say(down=1)
    await asyncio.gather(*[send(i) for i in range(12)])
    say(sent=1)
"""
    program = run(body, broker.port)
    program.wait_for("up")
    broker.stop()
    program.wait_for("down")
    broker.start()
    other = mqtt(broker.port, "from/#")
    program.wait_for("sent", None, RESTART_S)
    # What was sent before this client subscribed is not seen; what is seen is whole.
    assert all(m.payload in map(str, range(12)) for m in other.messages)


def test_a_broker_that_stops_without_a_word_is_noticed(run: Run, broker: Mosquitto) -> None:
    body = """
async def main():
    while not client.isconnected():
        try:
            await client.connect()
        except OSError:
            pass  # the broker had no second to answer in
    say(up=1)
    await client.down.wait()
    say(down=client.last_error)
"""
    program = run(body, broker.port, ping_interval=1, response_time=1)
    program.wait_for("up")
    process = broker._process
    assert process
    process.send_signal(signal.SIGSTOP)
    try:
        assert program.wait_for("down")
    finally:
        process.send_signal(signal.SIGCONT)

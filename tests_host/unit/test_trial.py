# SPDX-License-Identifier: MIT
"""node/trial.py: what a person is told when Wi-Fi or broker cannot be reached."""

import asyncio
import errno

from node import trial

SOCKETS = True


class WiFi:
    ssid = "home"

    def __init__(self, fault=None):
        self.fault = fault

    async def join(self):
        return not self.fault

    def reason(self):
        return self.fault

    def address(self):
        return "10.0.0.2"


ANSWERS = {
    "MQTT_HOST": "127.0.0.1",
    "MQTT_USER": "node",
    "MQTT_PASSWORD": "secret",
    "NODE_ID": "hall",
}


async def ask(answer, tls=False):
    """Return (what was wrong, what the broker read) of a broker that answers with `answer`."""
    read = []

    async def serve(reader, writer):
        if not tls:
            read.append(await reader.read(256))
            writer.write(answer)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    for port in range(20000, 20050):
        try:
            server = await asyncio.start_server(serve, "127.0.0.1", port)
            break
        except OSError as e:
            if e.errno != errno.EADDRINUSE:
                raise
    try:
        fault = await trial.broker(dict(ANSWERS, MQTT_PORT=str(port)), tls, lambda text: None)
    finally:
        server.close()
        await server.wait_closed()
    return fault, read


async def test_wifi_that_is_joined_has_no_fault():
    said = []
    assert await trial.network(WiFi(), said.append) is None
    assert "".join(said) == "Joining home ... joined as 10.0.0.2\n"


async def test_wifi_that_is_not_joined_says_why():
    fault = await trial.network(WiFi("wrong password"), lambda text: None)
    assert fault == "Wi-Fi network home: wrong password"


async def test_a_broker_that_accepts_has_no_fault():
    fault, read = await ask(b"\x20\x02\x00\x00")
    assert fault is None
    # CONNECT with user and password, MQTT 3.1.1 section 3.1.
    assert read[0][2:12] == b"\x00\x04MQTT\x04\xc2\x00\x3c"
    assert read[0].endswith(b"\x00\x04hall\x00\x04node\x00\x06secret")


async def test_a_broker_that_refuses_says_why():
    for code, part in ((1, "3.1.1"), (2, "name"), (3, "not available"), (4, "wrong"), (5, "may")):
        fault, _ = await ask(b"\x20\x02\x00" + bytes((code,)))
        assert fault.startswith("broker 127.0.0.1: ") and part in fault, fault


async def test_what_is_no_broker_is_told():
    for answer in (b"", b"HTTP/1.1 400\r\n"):
        fault, _ = await ask(answer)
        assert "is no MQTT broker, or wants TLS" in fault


async def test_a_password_is_not_sent_where_tls_is_wanted():
    fault, read = await ask(b"", tls=True)
    assert (fault, read) == (None, [])


def test_each_error_of_the_connection_has_its_words():
    for number, part in (
        (errno.ECONNREFUSED, "nothing listens on port 1883 there"),
        (errno.EHOSTUNREACH, "no route"),
        (101, "no route"),
        (errno.ETIMEDOUT, "no answer"),
        (-2, "no host has this name"),
        (-202, "no host has this name"),
        (errno.EIO, "connection failed"),
    ):
        assert part in trial._reason(OSError(number), 1883)

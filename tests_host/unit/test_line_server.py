# SPDX-License-Identifier: MIT
"""lib/line_server.py: what a client costs that does not read."""

import asyncio
import time

from line_server import LineClient

from harness import run_until


class DeafWriter:
    """The stream of a client that reads nothing. Attribute `pending`: bytes handed to it."""

    def __init__(self):
        self.pending = 0

    def get_extra_info(self, name):
        return ("192.0.2.1", 5)

    def write(self, data):
        self.pending += len(data)

    async def drain(self):
        await asyncio.sleep(3600)


async def test_what_waits_for_a_client_that_does_not_read_is_bounded_and_it_is_ended():
    writer = DeafWriter()
    client = LineClient(None, writer)
    for _ in range(1000):
        client.tell("chip20.0 on chip20/pump")
    talker = asyncio.create_task(say_forever(client))
    sender = asyncio.create_task(client.send(talker))
    for _ in range(1000):
        client.tell("chip20.0 on chip20/pump")
    start = time.ticks_ms()
    await run_until(talker.done, 8000)
    assert 4000 < time.ticks_diff(time.ticks_ms(), start)
    assert writer.pending < 2 * 16 * 130
    sender.cancel()


async def say_forever(client):
    while True:
        await client.say("x" * 128)


class SlowWriter(DeafWriter):
    """Reads, but only when `go` is set."""

    def __init__(self):
        super().__init__()
        self.go = asyncio.Event()
        self.text = b""

    def write(self, data):
        self.text += data

    async def drain(self):
        await self.go.wait()


async def test_lines_that_found_no_room_are_counted():
    writer = SlowWriter()
    client = LineClient(None, writer)
    sender = asyncio.create_task(client.send(None))
    for i in range(40):
        client.tell(str(i))
    writer.go.set()
    await run_until(lambda: writer.text.endswith(b"left out\r\n"))
    assert writer.text.split(b"\r\n")[14:18] == [b"14", b"15", b"24 lines left out", b""]
    sender.cancel()

# SPDX-License-Identifier: MIT
"""node/ntp.py: the clock of the chip is set from what a time server says, and only from that."""

import asyncio
import errno
import socket
import struct
import time

from board_link import attach
from machine import RTC

from fake_node import FakeNode
from harness import run_until
from node import ntp
from node.ntp import Clock
from scripted_time import ScriptedTime
from yard.model.board import Board

SOCKETS = True

UNTIL_1970 = 2208988800
MOMENT = 1785585600  # 2026-08-01 12:00:00 UTC


class Node(FakeNode):
    async def link_ready(self):
        await asyncio.sleep_ms(0)


class Server:
    """A time server on loopback. Attributes: `port`; `requests`; `answer`, function that gets a
    request and returns a list of answers.
    """

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(socket.getaddrinfo("127.0.0.1", 0)[0][-1])
        self._socket.setblocking(False)
        self.port = self._port()

    def _port(self):
        # Of a socket bound to port 0 MicroPython does not tell the number.
        for port in range(40000 + time.ticks_us() % 20000, 65000):
            taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                taken.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
            except OSError:
                taken.close()
                continue
            self._socket.close()
            self._socket = taken
            taken.setblocking(False)
            return port
        raise AssertionError("no free port")

    async def run(self):
        while True:
            try:
                request, sender = self._socket.recvfrom(64)
            except OSError as e:
                assert e.errno == errno.EAGAIN, e
                await asyncio.sleep_ms(1)
                continue
            self.requests.append(request)
            for answer in self.answer(request):
                self._socket.sendto(answer, sender)

    def close(self):
        self._socket.close()


def packet(request, seconds=MOMENT + UNTIL_1970, fraction=0, head=0x24, stratum=2):
    head = bytes((head, stratum)) + bytes(22) + request[40:48] + bytes(8)
    return head + struct.pack("!II", seconds & 0xFFFFFFFF, fraction)


async def asked(answer, zone="UTC0", enough=lambda node: node.clock.known):
    """Return a node whose clock asked a server until `enough`."""
    attach(Board([]))
    node = Node()
    server = Server(answer)
    task = asyncio.create_task(server.run())
    node.clock = Clock(node, "127.0.0.1", zone, server.port)
    try:
        node.spawn("time", node.clock.run)
        await run_until(lambda: enough(node), 4000)
    finally:
        node.tasks["time"].cancel()
        task.cancel()
        server.close()
    assert server.requests[0][0] == 0x23 and len(server.requests[0]) == 48
    return node


def ahead(clock):
    """By how many seconds the local time of a clock is ahead of UTC."""
    before = ntp.time
    ntp.time = lambda: MOMENT
    try:
        local, utc = clock.local(), time.gmtime(MOMENT)
    finally:
        ntp.time = before
    return time.mktime(local[:6] + (0, 0, 0)) - time.mktime(utc[:6] + (0, 0, 0))


def refused(node):
    return [text for level, _, text in node.log.records if level == "warn"]


async def test_the_clock_of_the_chip_is_set():
    await asked(lambda request: [packet(request, fraction=0x80000000)])
    year, month, day, weekday, hour, minute, second, us = RTC().datetime()
    assert (year, month, day, weekday, hour, minute, second) == (2026, 8, 1, 5, 12, 0, 0)
    assert 500000 <= us < 900000


async def test_seconds_are_counted_on_after_the_end_of_the_era():
    await asked(lambda request: [packet(request, seconds=(1 << 32) + 86400)])
    assert RTC().datetime()[:3] == (2036, 2, 8)


async def test_the_local_time_follows_the_zone():
    node = await asked(lambda request: [packet(request)], "<+0545>-5:45")
    assert ahead(node.clock) == 20700


def test_the_local_time_changes_with_the_summer_time_to_the_second():
    clock = Clock(Node(), "127.0.0.1", "CET-1CEST,M3.5.0,M10.5.0/3")
    clock.known = True
    change = 1774746000  # 2026-03-29 01:00:00 UTC
    told = []
    before = ntp.time
    try:
        for moment in (change - 900, change - 1, change, change + 1, change - 1):
            ntp.time = lambda moment=moment: moment
            told.append(clock.local()[2:6])
    finally:
        ntp.time = before
    assert told == [(29, 1, 45, 0), (29, 1, 59, 59), (29, 3, 0, 0), (29, 3, 0, 1), (29, 1, 59, 59)]


async def test_what_is_no_good_answer_sets_nothing():
    for answer in (
        lambda request: [packet(request)[:47]],
        lambda request: [packet(bytes(48))],
        lambda request: [packet(request, head=0x23)],
        lambda request: [packet(request, head=0xE4)],
        lambda request: [packet(request, stratum=0)],
        lambda request: [packet(request, stratum=16)],
    ):
        node = await asked(answer, enough=refused)
        assert not node.clock.known and node.clock.local() is None
        assert "no time from 127.0.0.1: " in refused(node)[0]


async def test_a_server_that_does_not_answer_is_given_up():
    node = await asked(lambda request: [], enough=refused)
    assert "ETIMEDOUT" in refused(node)[0] or "110" in refused(node)[0]


def test_a_zone_that_is_not_understood_is_told():
    node = Node()
    Clock(node, "127.0.0.1", "CET")
    assert node.log.records[0][:2] == ("error", "time")


class Answers(Clock):
    """Gets the time, or does not, as `answers` say, and then waits for ever."""

    def __init__(self, *answers):
        super().__init__(Node(), "127.0.0.1", "UTC0")
        self.answers = list(answers)

    async def _ask(self):
        if not self.answers:
            await asyncio.Event().wait()
        if self.answers.pop(0):
            return MOMENT, 0
        raise OSError(errno.ETIMEDOUT)


async def test_the_time_is_asked_for_every_4_hours_and_sooner_after_a_failure():
    attach(Board([]))
    clock = Answers(*[False] * 9 + [True, True, False, True])
    with ScriptedTime(ntp) as scripted:
        task = asyncio.create_task(clock.run())
        await run_until(lambda: len(scripted.pauses) == 13)
        task.cancel()
    seconds = [4, 8, 16, 32, 64, 128, 256, 512, 600, 14400, 14400, 4, 14400]
    assert scripted.pauses == [1000 * s for s in seconds]


async def test_server_and_zone_are_those_of_the_settings():
    node = Node()
    node.settings.NTP_HOST = "time.home"
    node.settings.TIME_ZONE = "<+0545>-5:45"
    ntp.begin(node)
    node.tasks["node.time"].cancel()
    node.clock.known = True
    assert ahead(node.clock) == 20700
    assert node.clock._host == "time.home"

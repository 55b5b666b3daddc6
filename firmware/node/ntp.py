# SPDX-License-Identifier: MIT
"""The time of day from a time server (RFC 5905, client mode). Imported if NTP_HOST is set.

`node.clock` is the Clock.
"""

import asyncio
import errno
import socket
import struct
from random import getrandbits
from time import gmtime, ticks_diff, ticks_ms, time

from import_once import import_once
from micropython import const

_PORT = const(123)
_REQUEST = const(0x23)  # version 4, mode 3
_ANSWER_MS = const(2000)
_INTERVAL_S = const(14400)
_FIRST_PAUSE_S = const(4)
_LONGEST_PAUSE_S = const(600)
_TO_2000 = 3155673600  # s from 1900 on
_TO_1970 = 2208988800
_ERA_S = 1 << 32  # the second begins in 2036
_QUARTER_S = const(900)  # clocks change at full quarters of an hour, everywhere


class Clock:
    """The time of day.

    node: has `log`, `link_ready`. host: of the server. zone: POSIX text of the time zone.

    Attribute: `known`, whether the time has been set in this run.
    """

    def __init__(self, node, host, zone, port=_PORT):
        self.known = False
        self._node = node
        self._host = host
        self._port = port
        self._zone = zone
        self._quarter = None  # for which the offset is known
        self._offset = 0
        try:
            self._ahead(time())
        except ValueError as e:
            node.log.error("time", "TIME_ZONE: %s; UTC is used", e)
            self._zone = "UTC0"

    def local(self):
        """Return the local time as `time.gmtime` has it, None while it is not known."""
        if not self.known:
            return None
        now = time()
        return gmtime(now + self._ahead(now))

    def _ahead(self, now):
        """Return how many s the local time is ahead. Raises ValueError for a zone that is none."""
        quarter = now // _QUARTER_S
        if quarter != self._quarter:
            # Needed a few times a day, so its code does not stay in memory.
            zone = import_once("time_zone").TimeZone(self._zone)
            self._offset = zone.offset(gmtime(now))
            self._quarter = quarter
        return self._offset

    async def run(self):
        """Set the clock of the chip every 4 hours; sooner after a failure."""
        pause = _FIRST_PAUSE_S
        while True:
            await self._node.link_ready()
            try:
                seconds, ms = await self._ask()
            except (OSError, ValueError) as e:
                self._node.log.warn("time", "no time from %s: %s", self._host, e)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
                continue
            import_once("node.board").set_clock(gmtime(seconds), ms)
            if not self.known:
                self.known = True
                text = "%d-%02d-%02d %02d:%02d:%02d"
                self._node.log.info("time", text, *self.local()[:6])
            pause = _FIRST_PAUSE_S
            await asyncio.sleep(_INTERVAL_S)

    async def _ask(self):
        """Return the time as (s since the epoch of this chip, ms)."""
        address = socket.getaddrinfo(self._host, self._port)[0][-1]
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.connect(address)  # nobody else can answer
            cookie = bytes([getrandbits(8) for _ in range(8)])
            sent = ticks_ms()
            sock.send(bytes((_REQUEST,)) + bytes(39) + cookie)
            answer = await _receive(sock, sent)
            trip = ticks_diff(ticks_ms(), sent)
        finally:
            sock.close()
        return _read(answer, cookie, trip)


async def _receive(sock, since):
    while True:
        try:
            return sock.recv(64)
        except OSError as e:
            if e.errno != errno.EAGAIN:
                raise
        if ticks_diff(ticks_ms(), since) > _ANSWER_MS:
            raise OSError(errno.ETIMEDOUT)
        await asyncio.sleep_ms(10)


def _read(answer, cookie, trip_ms):
    """Return (s since the epoch of this chip, ms) of now. Raises ValueError."""
    if len(answer) < 48 or answer[0] & 7 != 4 or answer[24:32] != cookie:
        raise ValueError("this is no answer of a time server")
    if answer[0] >> 6 == 3 or not 1 <= answer[1] <= 15:
        raise ValueError("the server does not know the time itself")
    seconds, fraction = struct.unpack("!II", answer[40:48])
    if seconds < 0x80000000:
        seconds += _ERA_S
    ms = (fraction * 1000 >> 32) + trip_ms // 2
    epoch = _TO_2000 if gmtime(0)[0] == 2000 else _TO_1970
    return seconds - epoch + ms // 1000, ms % 1000


def begin(node):
    """Give `node` its `clock`."""
    settings = node.settings
    node.clock = Clock(node, settings.NTP_HOST, settings.TIME_ZONE)
    node.spawn("node.time", node.clock.run)

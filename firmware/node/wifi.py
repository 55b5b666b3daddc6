# SPDX-License-Identifier: MIT
"""The Wi-Fi station: joins, stays joined, says why not. The only module that imports `network`."""

import asyncio
from random import getrandbits
from time import ticks_diff, ticks_ms

import network
from micropython import const

_JOIN_MS = const(15000)
_FIRST_PAUSE_MS = const(1000)
_LONGEST_PAUSE_MS = const(30000)
_WATCH_MS = const(1000)


class WiFi:
    """The station interface of the node.

    `connected` is an Event that is set while there is an address; `on_joined()`, if set, is called
    each time that one is got.
    """

    def __init__(self, ssid, password, hostname, log):
        self._ssid = ssid
        self._password = password
        self._log = log
        self.connected = asyncio.Event()
        self.on_joined = None
        network.hostname(hostname)
        self._station = network.WLAN(network.STA_IF)
        self._station.active(True)

    def rssi(self):
        """Return the signal strength in dBm, or None while there is no link."""
        return self._station.status("rssi") if self._station.isconnected() else None

    async def run(self):
        """Join, watch and join again, for ever."""
        pause = _FIRST_PAUSE_MS
        while True:
            if await self._join():
                pause = _FIRST_PAUSE_MS
                self._log.info("wifi", "joined %s as %s", self._ssid, self._station.ifconfig()[0])
                self.connected.set()
                if self.on_joined:
                    self.on_joined()
                while self._station.isconnected():
                    await asyncio.sleep_ms(_WATCH_MS)
                self.connected.clear()
                self._log.warn("wifi", "lost %s", self._ssid)
            else:
                self._log.warn("wifi", "cannot join %s: %s", self._ssid, self._reason())
                # Jitter, so that a house full of nodes does not ask at once after a power cut.
                await asyncio.sleep_ms(pause + getrandbits(9))
                pause = min(2 * pause, _LONGEST_PAUSE_MS)

    async def _join(self):
        if not self._station.isconnected():
            # The driver tries by itself after a loss, and refuses connect() while it does.
            self._station.disconnect()
            self._station.connect(self._ssid, self._password)
        started = ticks_ms()
        while not self._station.isconnected():
            if ticks_diff(ticks_ms(), started) > _JOIN_MS:
                return False
            await asyncio.sleep_ms(100)
        return True

    def _reason(self):
        status = self._station.status()
        if status == network.STAT_WRONG_PASSWORD:
            return "wrong password"
        if status == network.STAT_NO_AP_FOUND:
            return "no such network in reach"
        return "no answer within %d s (status %s)" % (_JOIN_MS // 1000, status)

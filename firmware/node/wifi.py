# SPDX-License-Identifier: MIT
"""The Wi-Fi station: joins, stays joined, says why not. The only module that imports `network`."""

import asyncio
from random import getrandbits
from time import ticks_diff, ticks_ms

import network
from import_once import import_once
from micropython import const

_JOIN_MS = const(15000)
_REASON_MS = const(4000)
_FIRST_PAUSE_MS = const(1000)
_LONGEST_PAUSE_MS = const(30000)
_WATCH_MS = const(1000)
_FINAL = (network.STAT_WRONG_PASSWORD, network.STAT_NO_AP_FOUND)


class WiFi:
    """The station interface of the node.

    `connected` is an Event that is set while there is an address; `on_joined()`, if set, is called
    each time that one is got, and `on_failed(count)` after each attempt in vain, with how many
    there were since.
    """

    def __init__(self, ssid, password, hostname, log):
        self.ssid = ssid
        self._password = password
        self._log = log
        self.connected = asyncio.Event()
        self.on_joined = self.on_failed = None
        network.hostname(hostname)
        self._station = network.WLAN(network.STA_IF)
        self._station.active(True)

    def rssi(self):
        """Return the signal strength in dBm, or None while there is no link."""
        return self._station.status("rssi") if self._station.isconnected() else None

    def address(self):
        """Return the address that the node has in the network, as text."""
        return self._station.ifconfig()[0]

    async def run(self):
        """Join, watch and join again, for ever."""
        pause = _FIRST_PAUSE_MS
        failures = 0
        while True:
            if await self.join():
                pause = _FIRST_PAUSE_MS
                failures = 0
                self._log.info("wifi", "joined %s as %s", self.ssid, self.address())
                self.connected.set()
                if self.on_joined:
                    self.on_joined()
                while self._station.isconnected():
                    await asyncio.sleep_ms(_WATCH_MS)
                self.connected.clear()
                self._log.warn("wifi", "lost %s", self.ssid)
            else:
                self._log.warn("wifi", "cannot join %s: %s", self.ssid, self.reason())
                failures += 1
                if self.on_failed:
                    self.on_failed(failures)
                # Jitter, so that a house full of nodes does not ask at once after a power cut.
                await asyncio.sleep_ms(pause + getrandbits(9))
                pause = min(2 * pause, _LONGEST_PAUSE_MS)

    async def join(self):
        """Try to join once; return whether it succeeded."""
        if not self._station.isconnected():
            # The driver tries by itself after a loss, and refuses connect() while it does.
            self._station.disconnect()
            self._connect()
        started = ticks_ms()
        while not self._station.isconnected():
            waited = ticks_diff(ticks_ms(), started)
            # The radio goes on trying, but a reason that it has by then does not go away.
            if waited > _JOIN_MS or (waited > _REASON_MS and self._station.status() in _FINAL):
                return False
            await asyncio.sleep_ms(100)
        return True

    def _connect(self):
        self._station.connect(self.ssid, self._password)

    def reason(self):
        """Return why the last attempt failed, in words."""
        failure = import_once("node.wifi_failure")
        return failure.reason(self._station.status(), _JOIN_MS // 1000)

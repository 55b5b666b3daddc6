# SPDX-License-Identifier: MIT
"""Wired Ethernet, with the interface of WiFi. Imported if the setting ETHERNET is there."""

import asyncio
from time import ticks_diff, ticks_ms

import network
from import_once import import_once
from micropython import const

_JOIN_MS = const(15000)
_WATCH_MS = const(1000)
_PINS = ("mdc", "mdio", "power", "ref_clk")


class LAN:
    """The Ethernet interface of the node.

    wiring: as the setting ETHERNET. address: as STATIC_ADDRESS. Attributes as of WiFi.
    """

    ssid = "Ethernet"

    def __init__(self, wiring, address, hostname, log):
        self._log = log
        self.connected = asyncio.Event()
        self.on_joined = self.on_failed = None
        self._interface = None
        self._fault = "no link within %d s; is the cable plugged in?" % (_JOIN_MS // 1000)
        network.hostname(hostname)
        try:
            self._interface = network.LAN(**_arguments(wiring))
            self._interface.active(True)
            if address:
                self._interface.ifconfig(tuple(address))
        except (OSError, ValueError, TypeError) as e:
            self._interface = None
            self._fault = "ETHERNET: %s" % e

    def rssi(self):
        """Return None: there is no signal strength."""
        return None

    def address(self):
        """Return the address that the node has in the network, as text."""
        return self._interface.ifconfig()[0]

    async def run(self):
        """Watch the link, for ever; without hardware only say so."""
        failures = 0
        while True:
            if await self.join():
                failures = 0
                self._log.info("lan", "joined as %s", self.address())
                self.connected.set()
                if self.on_joined:
                    self.on_joined()
                while self._interface.isconnected():
                    await asyncio.sleep_ms(_WATCH_MS)
                self.connected.clear()
                self._log.warn("lan", "link lost")
            else:
                failures += 1
                if failures == 1:
                    self._log.error("lan", "%s", self.reason())
                if self.on_failed:
                    self.on_failed(failures)

    async def join(self):
        """Wait for the link; return whether it came."""
        started = ticks_ms()
        while ticks_diff(ticks_ms(), started) < _JOIN_MS:
            if self._interface and self._interface.isconnected():
                return True
            await asyncio.sleep_ms(100)
        return False

    def reason(self):
        """Return why there is no link, in words."""
        return self._fault


def _arguments(wiring):
    """Return the arguments of `network.LAN`. Raises ValueError."""
    board = import_once("node.board")
    arguments = {}
    for name, value in wiring.items():
        if name in _PINS:
            arguments[name] = board.pin(value)
    known = [name[4:] for name in dir(network) if name.startswith("PHY_")]
    if wiring["phy_type"] not in known:
        raise ValueError("unknown phy_type %s; known are %s" % (wiring["phy_type"], known))
    arguments["phy_type"] = getattr(network, "PHY_" + wiring["phy_type"])
    arguments["phy_addr"] = wiring["phy_addr"]
    if "ref_clk" in wiring:
        arguments["ref_clk_mode"] = board.clock_mode(wiring.get("ref_clk_out", False))
    return arguments

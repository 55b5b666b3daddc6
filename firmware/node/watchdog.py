# SPDX-License-Identifier: MIT
"""Feeds the hardware watchdog only while what matters makes progress. Imported if there is one.

Progress is that the event loop turns, that every bus serves its devices about when they are due,
and that the broker is heard from while there is a connection.
"""

import asyncio
from time import ticks_diff, ticks_ms

from import_once import import_once
from micropython import const

_LATE_MS = const(10000)  # a device of a bus that works is never so late
_QUIET = const(3)  # keep-alive times; four pings belong to each


class Watchdog:
    """node: the running node. feed: function that feeds the hardware."""

    def __init__(self, node, feed):
        self._node = node
        self._feed = feed
        self._packets = None
        self._heard = ticks_ms()

    async def run(self, seconds):
        """Feed it until something makes no progress. seconds: time limit of the hardware."""
        while True:
            stuck = self.stuck()
            if stuck:
                break
            self._feed()
            await asyncio.sleep_ms(seconds * 250)
        text = "watchdog: %s; the node restarts within %d s" % (stuck, seconds)
        self._node.log.critical("watchdog", "%s", text)
        import_once("node.reset_reason").note(self._node, text)

    def stuck(self):
        """Return what makes no progress, in words, or None."""
        return self._late_bus() or self._silent_broker()

    def _late_bus(self):
        now = ticks_ms()
        for name, component in self._node.components.items():
            worker = getattr(component, "worker", None)
            for device in getattr(worker, "devices", ()):
                if ticks_diff(now, device.due) > _LATE_MS:
                    return "the bus %s does not serve its devices" % name
        return None

    def _silent_broker(self):
        session = self._node.session
        # The original mqtt_as does not count.
        packets = getattr(session.client, "rx_packets", None) if session else None
        now = ticks_ms()
        if packets is None or not session.online or packets != self._packets:
            self._packets = packets
            self._heard = now
            return None
        if ticks_diff(now, self._heard) > _QUIET * self._node.settings.MQTT_KEEPALIVE * 1000:
            return "the broker is not heard from, and nobody noticed"
        return None


async def run(node, seconds):
    """Start the hardware watchdog and feed it."""
    feed = import_once("node.board").watchdog(seconds)
    await Watchdog(node, feed).run(seconds)

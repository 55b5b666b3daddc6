# SPDX-License-Identifier: MIT
"""Deep sleep for nodes with a battery: awake until everything is told, then asleep for a while.

Every awakening is a start of the node. What it shows stays `online` meanwhile.
"""

import asyncio
from time import ticks_diff, ticks_ms

import machine
from micropython import const

from node.component import Component, Entity

_POLL_MS = const(100)
_LINGER_MS = const(1000)  # so that what was handed to the client leaves, and a command arrives


class DeepSleep(Component):
    """sleep: s from falling asleep to waking up. awake: s after which it falls asleep although not
    everything could be told.

    A node that drives something does not sleep, because commands would not reach it.
    """

    def __init__(self, sleep=600, awake=30):
        self._sleep_s = sleep
        self._awake_ms = awake * 1000

    async def start(self):
        self._switch = Awake("awake", "Stay awake")
        self.node.add_entity(self, self._switch)
        self.node.spawn(self.name, self._run)

    async def _run(self):
        node = self.node
        while not node.settled:
            await asyncio.sleep_ms(_POLL_MS)
        drivers = self._drivers()
        if drivers:
            text = "the node does not sleep, because commands would not reach %s"
            node.fault(self.name, "start", text % ", ".join(sorted(drivers)))
            return
        started = ticks_ms()
        while not self._told() and ticks_diff(ticks_ms(), started) < self._awake_ms:
            await asyncio.sleep_ms(_POLL_MS)
        await asyncio.sleep_ms(_LINGER_MS)
        while self._switch.on:
            await asyncio.sleep_ms(_POLL_MS)
        node.log.info(self.name, "asleep for %d s", self._sleep_s)
        if node.session:
            # In good order, so that the broker does not say that the node is offline.
            await node.session.client.disconnect()
            await asyncio.sleep_ms(_POLL_MS)
        machine.deepsleep(self._sleep_s * 1000)

    def _drivers(self):
        """Return the names of the components that drive something."""
        node = self.node
        names = {
            name
            for name, component in node.components.items()
            if getattr(getattr(component, "chip", None), "outputs", 0)
        }
        for entity in node.entities.values():
            settles = "ent_cat" in (entity.config or ()) or "ent_cat" in (entity.options or ())
            if entity.words and entity.platform and not settles:
                names.add(entity.component.name)
        return names

    def _told(self):
        """Return whether every sensor has a value and the broker has been told."""
        node = self.node
        if not (node.session and node.session.online):
            return False
        for component in node.components.values():
            for quantity in (getattr(component, "quantities", None) or {}).values():
                if quantity.value is None:
                    return False
        return True


class Awake(Entity):
    """Whether the node is to stay awake, for instance for an update."""

    platform = "switch"
    words = {b"ON": 1, b"OFF": 0}
    config = {"ent_cat": "config"}
    on = 0

    def state(self):
        return b"ON" if self.on else b"OFF"

    def command(self, action, value, ttl_ms, tag):
        self.on = action
        self.component.node.state_changed(self)

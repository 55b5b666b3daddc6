# SPDX-License-Identifier: MIT
"""A lamp that tells by its flashes how the node fares, and blinks fast to be found."""

import asyncio

from micropython import const

from components.machine.identify import Identify

_ON_MS = const(100)
_OFF_MS = const(300)
_PAUSE_MS = const(1500)


class StatusLED(Identify):
    """Flashes between two pauses: 1 all is well, 2 no network, 3 no broker, 4 a field bus does not
    answer.

    The arguments are those of Identify.
    """

    async def start(self):
        await super().start()
        self.node.spawn(self.name, self._run)

    async def _identify(self):
        await super()._identify()
        await self._run()

    async def _run(self):
        while True:
            for _ in range(self.code()):
                await self.flash(_ON_MS, _OFF_MS)
            await asyncio.sleep_ms(_PAUSE_MS)

    def code(self):
        """Return how often it flashes now."""
        node = self.node
        if node.wifi and not node.wifi.connected.is_set():
            return 2
        if not (node.session and node.session.online):
            return 3
        components = node.components.values()
        return 1 if all(c.alive() for c in components if hasattr(c, "alive")) else 4

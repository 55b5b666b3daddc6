# SPDX-License-Identifier: MIT
"""A button that restarts the node. Outputs of expanders keep their levels meanwhile."""

import asyncio

from micropython import const

from components.machine.button import Button
from node.component import Component

_WAIT_MS = const(300)  # what is to be sent leaves


class Restart(Component):
    """A node has at most one."""

    async def start(self):
        self.node.add_entity(self, Button("restart", "Restart", self._pressed))

    def _pressed(self):
        self.node.log.warn(self.name, "the node restarts")
        self.node.spawn(self.name, self._restart)

    async def _restart(self):
        await asyncio.sleep_ms(_WAIT_MS)
        self.node.restart("button " + self.name)

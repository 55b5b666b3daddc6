# SPDX-License-Identifier: MIT
"""A node that survives the loss of its power, as a task of it would not."""

from fake_node import FakeNode
from ram_flash import PowerLost


class PowerNode(FakeNode):
    """Attributes: `lost`, whether power was lost in a task; `restarted`, the reason of a restart.

    A subclass sets `data`, the entity that takes what a host sends.
    """

    id = "hall"

    def __init__(self):
        super().__init__()
        self.restarted = None
        self.lost = False

    def spawn(self, name, function, *args):
        super().spawn(name, self._run, function, args)

    async def _run(self, function, args):
        try:
            await function(*args)
        except PowerLost:
            self.lost = True

    def restart(self, reason):
        self.restarted = reason

    def send(self, message):
        self.data.command(self.data.get(message), None, None, None)

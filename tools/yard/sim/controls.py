# SPDX-License-Identifier: MIT
"""What the page in the browser can do to the processes of `yard sim`."""

from yard.sim.serial import SerialChild
from yard.sim.supervisor import Supervisor


class Controls:
    """The node's keyboard and the broker's switch.

    Attributes:
        node: the node's process, once it runs.
        broker: keeps the broker running.
    """

    def __init__(self) -> None:
        self.node: SerialChild | None = None
        self.broker: Supervisor | None = None

    def type(self, data: bytes) -> None:
        """Type on the node's console; nobody sees it while there is no node."""
        if self.node is not None:
            self.node.type(data)

    async def set_broker(self, on: bool) -> None:
        """End the broker, or start it again."""
        if self.broker is None:
            return
        if on:
            self.broker.release()
        elif not self.broker.is_held:
            await self.broker.hold()

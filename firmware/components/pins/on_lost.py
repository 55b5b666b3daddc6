# SPDX-License-Identifier: MIT
"""Option of an output: what it does when the broker has been lost for ON_LOST_S."""

import asyncio
import time

from command_buffer import OFF, ON
from micropython import const

_LOOK_S = const(1)


def apply(component, user, row):
    """Do with the output of `user` what `on_lost` of its row says: "keep", "off" or "on"."""
    if row["on_lost"] == "keep":
        return
    node = component.node
    outputs = getattr(node, "lost_outputs", None)
    if outputs is None:
        outputs = node.lost_outputs = []
        node.spawn("on lost", watch, node, node.settings.ON_LOST_S * 1000)
    outputs.append(_Output(user.pin, ON if row["on_lost"] == "on" else OFF))


async def watch(node, limit_ms, clock=time):
    """Switch the outputs once each time that the node has been without broker for `limit_ms`.

    A node that has no broker in its settings has lost none.
    """
    since = clock.ticks_ms()
    lost = False
    while True:
        if node.session is None or node.session.online:
            since = clock.ticks_ms()
            lost = False
        elif not lost and clock.ticks_diff(clock.ticks_ms(), since) >= limit_ms:
            lost = True
            node.log.warn("on_lost", "no broker for %d s: outputs switched", limit_ms // 1000)
            for output in node.lost_outputs:
                output.begin()
        elif lost:
            for output in node.lost_outputs:
                output.repeat()
        await asyncio.sleep(_LOOK_S)


class _Output:
    """The target of the command for one output."""

    def __init__(self, pin, action):
        self.pin = pin
        self._action = action
        self._again = False

    def begin(self):
        self._again = False
        self.pin.submit(self, self._action, 0, None, None)

    def repeat(self):
        """Try again what could not be done: a chip without power may come back."""
        if self._again:
            self.begin()

    def applied(self, tag):
        self._user().changed()

    def dropped(self, reason, tag):
        # Only the safe direction: to switch on late might surprise, and two could fight for it.
        self._again = self._action == OFF
        self._user().changed()

    def _user(self):
        return self.pin.chip.users[self.pin.number]

# SPDX-License-Identifier: MIT
"""Options of an output: the group of outputs of which at most one is ever on."""

import asyncio

from interlock import Interlock
from micropython import const

from node.component import ConfigError

_LOADING_MS = const(50)  # how often to look whether all components are loaded


def apply(component, user, row):
    """Put the output of `user` into the group of its row: `interlock`, `interlock_gap` (ms).

    Raises ConfigError when another of the group is "on" after a power loss, too.
    """
    if "interlock" not in row:
        raise ConfigError('goes with "interlock", the name of a group', "interlock_gap")
    join(component, user.pin, row["interlock"], row.get("interlock_gap"), row.get("restore"))


def join(component, pin, name, gap_ms=None, restore=None):
    """Put an output into a group before its chip is connected.

    name: of the group, the same for all components of the node. gap_ms: from the moment at which
    one is off to that at which another is on, None for 100. restore: that of the output.
    Raises ConfigError when another of the group is "on" after a power loss, too.
    """
    node = component.node
    groups = getattr(node, "interlocks", None)
    if groups is None:
        groups = node.interlocks = {}
    group = groups.get(name)
    if group is None:
        group = groups[name] = _Group(component, name)
    if restore == "on":
        if group.restored:
            text = 'another output of the interlock "%s" is "on" already; only one can be'
            raise ConfigError(text % name, "restore")
        group.restored = True
    group.add(pin, gap_ms)


class _Group(Interlock):
    """A group that tells the log what a person must know."""

    restored = False  # one of it has "restore": "on"

    def __init__(self, component, name):
        super().__init__()
        self._component = component
        self._name = name
        self.on_clash = self._warn
        component.node.spawn("interlock " + name, self._work)

    async def _work(self):
        node = self._component.node
        while not node.settled:
            await asyncio.sleep_ms(_LOADING_MS)
        if len(self.members) < 2:
            text = 'interlock "%s": there is no other output in it'
            node.fault(self._component.name, "check", text % self._name)
        self.start()
        await self.run()

    def drop(self, reason):
        if self._wish is not None and reason != "replaced":
            self._component.node.count("dropped")
        super().drop(reason)

    def _warn(self):
        text = "%s: several outputs were on; all are switched off"
        self._component.node.log.warn("interlock", text, self._name)

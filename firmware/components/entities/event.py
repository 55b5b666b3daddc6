# SPDX-License-Identifier: MIT
"""What is done with a pushbutton, as an event: something that happens and has no state."""

import asyncio
from json import loads

from micropython import const

from node.component import Entity

_PAYLOAD = const('{"event_type":"%s"}')
_TRIGGER = const(
    '{"p":"device_automation","atype":"trigger","t":"%s/event","type":"%s","stype":"%s",'
    '"val_tpl":"{{ value_json.event_type }}","pl":"%s"}'
)
# The kinds of which Home Assistant has a text of its own.
_TRIGGER_TYPES = (
    ("single", "button_short_press"),
    ("double", "button_double_press"),
    ("triple", "button_triple_press"),
    ("long", "button_long_press"),
    ("long_release", "button_long_release"),
)
_RETRY_MS = const(20)  # until a full send buffer is tried again
_RETRIES = const(50)


class Event(Entity):
    """The presses of an input, each sent once and at once, and forgotten while there is no link.

    Attributes: `triggers`, the name under which Home Assistant also gets them as triggers of the
    device, for automations; None for no triggers.
    """

    platform = "event"
    leaf = None
    drives = False
    config = {"stat_t": "~/event", "dev_cla": "button"}
    triggers = None
    _waiting = ()

    def __init__(self, object_id, name, options, pin):
        super().__init__(object_id, name, options)
        self.pin = pin

    def listen(self, presses, kinds):
        """Send what happens; presses: those of the pin; kinds: a list of those wanted."""
        options = {"evt_typ": kinds}
        options.update(self.options or {})
        self.options = options
        presses.add(kinds, self.happened)

    def changed(self):
        """The level is no news here: its presses are."""

    def happened(self, kind):
        """Send an event."""
        node = self.component.node
        if not node.session or not node.session.online:
            return
        if node.entities.get(self.key) is not self:
            return  # its component has been unloaded
        payload = (_PAYLOAD % kind).encode()
        if self._waiting:
            self._waiting.append(payload)
        elif not self._send(payload):
            self._waiting = [payload]
            node.spawn(self.key.decode(), self._send_waiting)

    def _send(self, payload):
        node = self.component.node
        return node.session.send(node.base.encode() + self.key + b"/event", payload)

    async def _send_waiting(self):
        # For a moment only: what is done long after a press surprises people.
        for _ in range(_RETRIES):
            await asyncio.sleep_ms(_RETRY_MS)
            while self._waiting and self._send(self._waiting[0]):
                self._waiting.pop(0)
            if not self._waiting:
                return
        self.component.node.count("events_lost", len(self._waiting))
        self._waiting = ()

    def announce(self, base):
        """Yield (id below the node, discovery) of what it shows beside itself.

        base: the node's part of topics.
        """
        key = self.key.decode()
        for kind in self.options["evt_typ"] if self.triggers else ():
            kind_type = dict(_TRIGGER_TYPES).get(kind, kind)
            config = loads(_TRIGGER % (base + key, kind_type, self.triggers, kind))
            yield key.replace("/", "_") + "_" + kind, config

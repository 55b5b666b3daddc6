# SPDX-License-Identifier: MIT
"""The topic where a new firmware or configuration arrives. Imported when one may."""

import json

from import_once import import_once
from micropython import const

from node.component import Entity

_SHORTEST_KEY = const(16)


def begin(node, component, name, setting, entities):
    """Give the node a component of its own, and find out what became of what it received last.

    setting: the name of that with its key; nothing is begun when that is too short.
    """
    if len(getattr(node.settings, setting)) < _SHORTEST_KEY:
        node.log.error("settings", "%s: needs %d characters or more", setting, _SHORTEST_KEY)
        return
    component.attach(node, name)
    for entity in entities:
        node.add_entity(component, entity)
    import_once("node.settle").begin(node)


class Bytes(Entity):
    """Takes any payload: what is sent is no word but data, and the action of `command`."""

    def __init__(self, object_id):
        super().__init__(object_id)
        self.words = self

    def get(self, payload):
        """Return the action of `command`."""
        return payload


class Data(Bytes):
    """Takes offers and their parts; the state is the answer to what came last.

    The `package` of its component is the module of the Receiver, which is made when one is needed.
    """

    answer = {"phase": "idle"}
    receiver = None

    def state(self):
        return json.dumps(self.answer).encode()

    def tell(self, **answer):
        """Publish an answer."""
        self.answer = answer
        self.component.node.state_changed(self)

    def command(self, action, value, ttl_ms, tag):
        component = self.component
        try:
            if self.receiver is None:
                self.receiver = import_once(component.package).Receiver(component)
            self.receiver.take(action)
        except MemoryError as e:
            component.node.log.error(component.name, "refused: %s", e)

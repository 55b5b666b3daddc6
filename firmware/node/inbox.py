# SPDX-License-Identifier: MIT
"""The topic where a new firmware or configuration arrives. Imported when one may."""

import json

from import_once import import_once

from node.component import Entity


class Data(Entity):
    """Takes offers and their parts; the state is the answer to what came last.

    The `package` of its component is the module of the Receiver, which is made when one is needed.
    """

    answer = {"phase": "idle"}
    receiver = None

    def __init__(self, object_id):
        super().__init__(object_id)
        self.words = self

    def get(self, payload):
        """Return the action of `command`: what is sent is no word but data."""
        return payload

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

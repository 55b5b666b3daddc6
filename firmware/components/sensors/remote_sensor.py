# SPDX-License-Identifier: MIT
"""A value that another node, or anybody else, publishes: for components that need a sensor."""

import json

from micropython import const

from components.sensors.base import Sensor
from node.component import ConfigError

_LONGEST = const(1024)  # bytes
_ANY = const(1000000000)


class RemoteSensor(Sensor):
    """One topic. Home Assistant is not told of it, because it knows the value already.

    topic: where the value is published. kind: what it is, as in `kinds.py`. key: of the value in
    a JSON object, None if the payload is the value. retained: also take what the broker has kept,
    of which nobody knows how old it is. max_age: s for which a value is good.
    """

    def __init__(self, topic, kind="temperature", key=None, retained=False, max_age=900):
        super().__init__(max_age=max_age)
        self._topic = topic
        self._kind = kind
        self._key = key
        self._retained = retained
        self._subscription = None
        self.measures(kind, -_ANY, _ANY)

    async def start(self):
        try:
            self._subscription = self.node.subscribe(self._topic, self._arrived)
        except ValueError as e:
            raise ConfigError(str(e), "topic")
        self.node.spawn(self.name, self._run)  # forgets what is too old

    def stop(self):
        super().stop()
        if self._subscription:
            self._subscription.stop()

    async def read(self):
        return {}  # what there is has come already

    def _arrived(self, payload, retained):
        if retained and not self._retained:
            return
        try:
            fault = self._take({self._kind: self._number(payload)})
        except (ValueError, TypeError, KeyError) as e:
            fault = "%s: %s" % (self._topic, e)
        self.note(fault)

    def _number(self, payload):
        if len(payload) > _LONGEST:
            raise ValueError("%d bytes are too many" % len(payload))
        if self._key is None:
            return float(payload.decode())
        value = json.loads(payload)
        return float(value[self._key])

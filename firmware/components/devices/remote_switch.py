# SPDX-License-Identifier: MIT
"""A switch of another node, or anybody else's, as an output for components of this one."""

from remote_port import RemotePort

from node.component import Component, ConfigError

_LEVELS = {b"ON": 1, b"1": 1, b"TRUE": 1, b"OFF": 0, b"0": 0, b"FALSE": 0}


class RemoteSwitch(Component):
    """Home Assistant is not told of it, because it knows the switch already.

    topic: of the switch, without `/set` and `/state`. available: topic that says `offline` when
    the switch cannot be reached, or None. timeout: s until a command counts as without effect.

    Its only pin is number 0, for a reference like `@far.0`. Attribute: `chip`, the RemotePort.
    """

    chip = None

    def __init__(self, topic, available=None, timeout=10):
        if topic.split("/")[-1] in ("set", "state"):
            raise ConfigError("expected the topic without /set and /state", "topic")
        self._topic = topic
        self._available = available
        self._timeout = timeout
        self._subscriptions = []

    async def start(self):
        self._set_topic = (self._topic + "/set").encode()
        self.chip = RemotePort(self._send, self._timeout * 1000)
        try:
            self._listen(self._topic + "/state", self._state_came)
            if self._available:
                self._listen(self._available, self._availability_came)
        except ValueError as e:
            self.stop()
            raise ConfigError(str(e), "topic")
        self.node.spawn("commands " + self.name, self.chip.run)

    def stop(self):
        for subscription in self._subscriptions:
            subscription.stop()
        self._subscriptions = []

    def pin(self, number):
        """Return the pin for a reference. Raises ValueError for another number than 0."""
        if number != 0:
            raise ValueError('"%s" has only pin 0' % self.name)
        return self.chip.users[0].pin

    def _listen(self, topic, handler):
        self._subscriptions.append(self.node.subscribe(topic, handler))

    def _send(self, payload):
        session = self.node.session
        return bool(session and session.send(self._set_topic, payload))

    def _state_came(self, payload, retained):
        # A switch keeps its state at the broker; so a retained one counts.
        level = _LEVELS.get(bytes(payload).strip().upper())
        if level is None:
            text = "%s is neither ON nor OFF"
            self.node.log.warn(self.name, text, repr(bytes(payload[:20])))
        else:
            self.chip.told(level)

    def _availability_came(self, payload, retained):
        if payload == b"offline":
            self.chip.told(None)

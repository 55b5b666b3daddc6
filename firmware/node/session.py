# SPDX-License-Identifier: MIT
"""The node at the broker: availability, commands in, states out, announcements, log records.

Runs on any client with the interface of mqtt_as. Where the client has more (docs/design.md), a
state goes straight into its send buffer; else it waits in a short outbox for one publishing task.
"""

import asyncio
from random import getrandbits

from micropython import const

_FIRST_PAUSE_MS = const(1000)
_LONGEST_PAUSE_MS = const(60000)
_OUTBOX = const(64)  # messages that may wait for a client without a send buffer
_RETRY_MS = const(20)  # until a full send buffer is tried again
_BIRTH_SPREAD_BITS = const(12)  # up to 4 s: Home Assistant's restart wakes every node at once


class Session:
    """The node's side of the MQTT connection.

    node: the running node. client_class: `MQTTClient` of any mqtt_as. config: its configuration;
    the session adds will and queue. prefix: `<home>/<node>/`. discovery: what announces the
    entities, or None.
    """

    def __init__(self, node, client_class, config, prefix, discovery):
        self._node = node
        self._prefix = prefix.encode()
        self._available = prefix + "available"
        self._birth = (discovery.prefix + "/status").encode() if discovery else None
        self._discovery = discovery
        self._entities = node.entities
        self.online = False
        self.downtimes = 0
        self._connecting = False  # since the first attempt
        self._connected = False  # by connect(); the client then stays so by itself
        config["will"] = (self._available, "offline", True, 1)
        config["queue_len"] = 16
        self._client = client = client_class(config)
        self._unsent = set()  # entities whose newest state did not fit
        self._wake = asyncio.Event()
        self._outbox = []
        self._direct = hasattr(client, "publish_nowait")
        if self._direct:
            client.on_message = self._on_message

    # -- what the node publishes ----------------------------------------------------------

    def send(self, topic, payload, retain=False):
        """Hand one message to the client without waiting.

        topic, payload: bytes. Return False when it could not be taken now.
        """
        if not self.online:
            return False
        self._wake.set()  # what waits behind it follows
        if self._direct:
            return self._client.publish_nowait(topic, payload, retain)
        if len(self._outbox) >= _OUTBOX:
            return False
        self._outbox.append((topic, payload, retain))
        return True

    def state_changed(self, entity):
        """Publish the state of `entity`, now or as soon as there is room.

        entity: an Entity, or anything with `key`, `leaf` and `state()`. While the link is down
        nothing is kept: every state is published when it is back.
        """
        if self.online and not self._send_state(entity):
            self._unsent.add(entity)
            self._wake.set()

    async def publish_pieces(self, topic, pieces, *args):
        """Publish a payload that is made piece by piece, retained.

        pieces: function; `pieces(*args)` returns an iterable of bytes, the same each time.
        """
        if self._direct:
            length = sum(len(piece) for piece in pieces(*args))
            await self._client.publish_stream(topic, length, pieces(*args), True)
        else:
            await self._client.publish(topic, b"".join(pieces(*args)), True)

    async def announce(self):
        """Publish discovery, availability and every state, as Home Assistant needs them."""
        if self._discovery:
            await self._discovery.publish(self)
        self._node.publish_reports()
        for entity in tuple(self._entities.values()):
            self.state_changed(entity)
            await asyncio.sleep_ms(0)

    def _send_state(self, entity):
        payload = entity.state()
        if payload is None:
            return True
        if self._direct:  # the topic in parts, so that a state allocates nothing
            publish = self._client.publish_nowait
            return publish(entity.key, payload, True, self._prefix, entity.leaf)
        return self.send(self._prefix + entity.key + entity.leaf, payload, True)

    def pause(self, paused):
        """Take no commands for a moment, or go on, where the client can."""
        if self._direct:
            if paused:
                self._client.pause_reading()
            else:
                self._client.resume_reading()

    def statistics(self):
        """Return counters for the node's status topic."""
        counters = {"mqtt_downtimes": self.downtimes}
        for name in ("reads", "writes", "wakes", "skipped", "protocol_errors"):
            value = getattr(self._client, name, None)
            if value is not None:
                counters["mqtt_" + name] = value
        return counters

    # -- what arrives ---------------------------------------------------------------------

    def _on_message(self, topic, payload, retained):
        if topic.startswith(self._prefix) and topic.endswith(b"/set"):
            key = topic[len(self._prefix) : -4]
            entity = self._entities.get(key)
            if entity is None or entity.words is None:
                self._refuse(topic, "no entity takes commands here")
            elif retained:
                self._node.count("refused_retained")
                self._refuse(topic, "retained commands are refused; clear the retained message")
                self.state_changed(entity)
            else:
                self._command(topic, entity, payload)
        elif topic == self._birth and payload == b"online" and not retained:
            self._node.spawn("announce", self._announce_after_birth)

    def _command(self, topic, entity, payload):
        try:
            action = entity.words.get(payload)
            if action is None:
                from node.command import parse

                action, value, ttl, tag = parse(entity.words, payload)
                entity.command(action, value, ttl, tag)
            else:
                entity.command(action, None, None, None)
        except ValueError as e:
            self._node.count("refused")
            self._refuse(topic, e)
            self.state_changed(entity)

    def _refuse(self, topic, reason):
        self._node.log.warn("command", "%s: %s", topic.decode(), reason)

    async def _announce_after_birth(self):
        await asyncio.sleep_ms(500 + getrandbits(_BIRTH_SPREAD_BITS))
        await self._unless_lost(self.announce)

    # -- the connection -------------------------------------------------------------------

    def start(self):
        """Start the tasks of the session."""
        spawn = self._node.spawn
        spawn("mqtt", self._run)
        spawn("mqtt down", self._watch_down)
        spawn("mqtt send", self._send_waiting)
        if not self._direct:
            spawn("mqtt receive", self._receive)

    def network_joined(self):
        """Try the broker at once; a pause that began without network has no reason any more."""
        if self._connecting and not self._client.isconnected():
            self._client.close()
            self._connected = False
            self._node.spawn("mqtt", self._run)

    async def _run(self):
        self._connecting = True
        if not self._connected:
            await self._connect()
        up = self._client.up
        while True:
            await up.wait()
            up.clear()
            await self._unless_lost(self._come_online)

    async def _connect(self):
        pause = _FIRST_PAUSE_MS
        while True:
            await self._node.link_ready()
            try:
                await self._client.connect()
                self._connected = True
                return
            except OSError as e:
                server = self._client.server
                self._node.log.warn("mqtt", "cannot connect to broker %s: %s", server, e)
            await asyncio.sleep_ms(pause + getrandbits(9))
            pause = min(2 * pause, _LONGEST_PAUSE_MS)

    async def _come_online(self):
        client = self._client
        await client.subscribe(self._prefix.decode() + "+/+/set", 0)
        if self._birth:
            await client.subscribe(self._birth.decode(), 0)
        self.online = True
        await self.announce()
        await client.publish(self._available, "online", True)
        self._node.log.info("mqtt", "online as %s", self._prefix.decode()[:-1])
        self._wake.set()

    async def _unless_lost(self, step):
        try:
            await step()
        except OSError as e:  # what was not said is said after the next connection
            self._node.log.warn("mqtt", "connection lost while announcing: %s", e)

    async def _watch_down(self):
        down = self._client.down
        while True:
            await down.wait()
            down.clear()
            self.online = False
            self.downtimes += 1
            self._node.log.warn("mqtt", "connection to the broker lost")

    async def _send_waiting(self):
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.online and not await self._send_all():
                await asyncio.sleep_ms(_RETRY_MS)

    async def _send_all(self):
        """Send what waits, as far as there is room; return whether that was all."""
        while self._outbox and self.online:
            await self._client.publish(*self._outbox.pop(0))
        while self._unsent:
            entity = self._unsent.pop()
            if not self._send_state(entity):
                self._unsent.add(entity)
                return False
        return self._node.log.flush()

    async def _receive(self):
        async for topic, payload, retained in self._client.queue:
            self._on_message(bytes(topic), bytes(payload), retained)

# SPDX-License-Identifier: MIT
"""The node at the broker: availability, commands in, states out, announcements, log records."""

import asyncio
from random import getrandbits

from import_once import import_once
from micropython import const

_RETRY_MS = const(20)  # until a full send buffer is tried again
_LONGEST = const(800)  # bytes of a state that surely fits into the send buffer, with its topic
_BIRTH_SPREAD_BITS = const(12)  # up to 4 s: Home Assistant's restart wakes every node at once


class Session:
    """The node's side of the MQTT connection.

    node: the running node. client: an MQTTClient of mqtt_as with the extensions that
    docs/design.md names.

    Attribute: `subscriptions`, the Subscriptions, None until a component listens to others.
    """

    subscriptions = None
    _long = None  # entity whose state does not fit into the send buffer

    def __init__(self, node, client):
        self._node = node
        self.client = client
        self._prefix = node.base.encode()
        # Made once: a slice takes 16 bytes, and each command needs this one.
        self._cut = self[len(self._prefix) : -len(b"/set")]
        self._birth = None
        if node.settings.DISCOVERY_PREFIX:
            self._birth = (node.settings.DISCOVERY_PREFIX + "/status").encode()
        self.online = False
        self.downtimes = self.downtime = 0  # downtime: s
        self._lost_at = None  # s of uptime, while a connection that was there is not
        self._connecting = False  # since the first attempt
        self._connected = False  # by connect(); the client then stays so by itself
        self._unsent = set()  # entities whose newest state did not fit
        self._sending = False  # by the task that does so
        self._rpc = None
        client.on_message = self._on_message

    def __getitem__(self, cut):
        """Return the slice that this is indexed with; there is no other way to make one."""
        return cut

    # -- what the node publishes ----------------------------------------------------------

    def send(self, topic, payload):
        """Hand one message to the client without waiting.

        topic, payload: bytes. Return False when it could not be taken now.
        """
        if not self.online:
            return False
        sent = self.client.publish_nowait(topic, payload)
        if not sent:
            self._send_later()
        return sent

    def state_changed(self, entity):
        """Publish the state of `entity`, now or as soon as there is room.

        entity: an Entity, or anything with `key`, `leaf` and `state()`. While the link is down
        nothing is kept: every state is published when it is back.
        """
        if self.online and not self._send_state(entity):
            self._unsent.add(entity)
            self._send_later()

    async def announce(self):
        """Publish discovery, availability and every state, as Home Assistant needs them."""
        # Needed a few times a year; until then its place is for others.
        await import_once("node.announcement").announce(self._node)

    def announce_again(self):
        """Announce everything in a moment, if there is a connection; else it comes with that."""
        if self.online:
            self._node.spawn("announce", self._announce_later)

    def _send_state(self, entity):
        try:
            payload = entity.state()
        except Exception as e:  # no entity may keep the node from being online
            self._node.log.exception("state", e, "%s", entity.key.decode())
            return True
        if payload is None:
            return True
        if len(payload) > _LONGEST:
            self._long = entity
            return False
        return self.client.publish_nowait(entity.key, payload, True, self._prefix, entity.leaf)

    def pause(self, paused):
        """Take no commands for a moment, or (False) go on."""
        if paused:
            self.client.pause_reading()
        else:
            self.client.resume_reading()

    # -- what arrives ---------------------------------------------------------------------

    def _on_message(self, topic, payload, retained):
        if topic.startswith(self._prefix) and topic.endswith(b"/set"):
            entity = self._node.entities.get(topic[self._cut])
            if entity is None or entity.words is None:
                self._refuse(topic, "no entity takes commands here")
            elif retained:
                self._node.count("refused_retained")
                self._refuse(topic, "retained commands are refused; clear the retained message")
                self.state_changed(entity)
            else:
                self._command(topic, entity, payload)
        elif topic.endswith(b"/rpc/request"):
            self._request(payload, retained)
        elif topic == self._birth and payload == b"online" and not retained:
            self.announce_again()
        elif self.subscriptions:
            self.subscriptions.arrived(topic, payload, retained)

    def _command(self, topic, entity, payload):
        try:
            action = entity.words.get(payload)
            if action is None:
                from node.command import parse

                action, value, ttl, tag = parse(entity.words, payload)
                entity.command(action, value, ttl, tag)
            else:
                entity.command(action, None, None, None)
        except Exception as e:  # no entity may disturb the others
            if not isinstance(e, ValueError):
                self._node.log.exception("command", e, "%s", entity.key.decode())
            self._node.count("refused")
            self._refuse(topic, e)
            self.state_changed(entity)

    def _request(self, payload, retained):
        if self._rpc is None:
            from node.rpc import RPC  # most nodes are never asked

            self._rpc = RPC(self._node, self.client)
        self._rpc.request(payload, retained)

    def _refuse(self, topic, reason):
        self._node.log.warn("command", "%s: %s", topic.decode(), reason)

    async def _announce_later(self):
        await asyncio.sleep_ms(500 + getrandbits(_BIRTH_SPREAD_BITS))
        await self._unless_lost(self.announce)

    # -- the connection -------------------------------------------------------------------

    def start(self):
        """Connect, and stay connected."""
        self._node.spawn("mqtt", self._run)

    def network_joined(self):
        """Try the broker at once; a pause that began without network has no reason any more."""
        if self._connecting and not self.client.isconnected():
            self.client.close()
            self._connected = self.online = False
            self.client.down.clear()  # it is known, and the next connection is not down
            self._node.spawn("mqtt", self._run)

    async def _run(self):
        self._connecting = True
        if not self._connected:
            # What connecting takes is needed for a moment only, and rarely.
            await import_once("node.announcement").connect(self)
            self._connected = True
        up, down = self.client.up, self.client.down
        while True:
            await up.wait()
            up.clear()
            await self._unless_lost(self._come_online)
            await down.wait()
            down.clear()
            self.online = False
            self.downtimes += 1
            if self._lost_at is None:
                self._lost_at = self._node.uptime()
            self._node.log.warn("mqtt", "connection to the broker lost")

    async def _come_online(self):
        await import_once("node.announcement").come_online(self)
        self._send_later()

    def come_back(self):
        """There is a connection to say everything over."""
        self.online = True
        if self._lost_at is not None:
            self.downtime += self._node.uptime() - self._lost_at
            self._lost_at = None

    async def _unless_lost(self, step):
        try:
            await step()
        except OSError as e:  # what was not said is said after the next connection
            self._node.log.warn("mqtt", "connection lost while announcing: %s", e)

    def _send_later(self):
        """Have the task run that sends what waits; it is there only then."""
        if not self._sending:
            self._sending = True
            self._node.spawn("mqtt send", self._send_waiting)

    async def _send_waiting(self):
        await asyncio.sleep_ms(0)
        while self.online and not self._send_all():
            if self._long:
                await self._unless_lost(self._send_long)
            else:
                await asyncio.sleep_ms(_RETRY_MS)
        self._sending = False

    async def _send_long(self):
        entity = self._long
        self._long = None
        self._unsent.discard(entity)
        payload = entity.state()
        if payload:
            topic = self._prefix + entity.key + entity.leaf
            await self.client.publish(topic, payload, True)

    def _send_all(self):
        """Send what waits, as far as there is room; return whether that was all."""
        while self._unsent:
            entity = self._unsent.pop()
            if not self._send_state(entity):
                self._unsent.add(entity)
                return False
        return self._node.log.flush()

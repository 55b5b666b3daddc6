# SPDX-License-Identifier: MIT
"""The node as a component sees it; notes everything that it is told."""

import asyncio

from node.component import Component


class Settings:
    COMMAND_BUFFER = 64
    COMMAND_TTL_MS = 1500
    ON_LOST_S = 60


class FakeLog:
    """Attribute `records`: (level, source, text) of each record."""

    def __init__(self):
        self.records = []

    def error(self, source, text, *args):
        self.records.append(("error", source, text % args))

    def warn(self, source, text, *args):
        self.records.append(("warn", source, text % args))

    def exception(self, source, error, text, *args):
        self.records.append(("error", source, text % args))

    def info(self, source, text, *args):
        self.records.append(("info", source, text % args))


class Listener:
    """A subscription; `stop` ends it."""

    def __init__(self, listeners, topic, handler):
        self.topic = topic
        self.handler = handler
        self._listeners = listeners

    def stop(self):
        self._listeners.remove(self)


class FakeSession:
    """A connection. Attributes: `online`; `sent`, (topic, payload) of each message."""

    def __init__(self):
        self.online = True
        self.sent = []

    def send(self, topic, payload):
        if self.online:
            self.sent.append((topic, payload))
        return self.online


class FakeNode:
    """Attributes: `entities` (key -> entity), `states` (key -> all payloads in order), `available`
    (component name -> all values in order), `faults` (name, phase, message), `pauses` (all values
    in order), `counters`, `tasks`, `log`.
    """

    def __init__(self):
        Component.claims.clear()  # a node that begins
        self.log = FakeLog()
        self.settings = Settings()
        self.entities = {}
        self.states = {}
        self.available = {}
        self.faults = []
        self.pauses = []
        self.counters = {}
        self.tasks = {}
        self.session = self.presses = None
        self.settled = True
        self.stored = {}
        self.listeners = []
        self.announcements = 0

    def keep(self, key, value):
        self.stored[key] = value

    def kept(self, key):
        return self.stored.get(key)

    def announce(self):
        self.announcements += 1

    def subscribe(self, topic, handler):
        listener = Listener(self.listeners, topic, handler)
        self.listeners.append(listener)
        return listener

    def arrive(self, topic, payload, retained=False):
        """Do what the session does with a message on a topic of somebody else."""
        for listener in tuple(self.listeners):
            if listener.topic == topic:
                listener.handler(payload, retained)

    def spawn(self, name, function, *args):
        if name in self.tasks:
            self.tasks[name].cancel()
        self.tasks[name] = asyncio.create_task(function(*args))

    def add_entity(self, component, entity):
        key = ("%s/%s" % (component.name, entity.object_id)).encode()
        if key in self.entities:
            raise ValueError("%s is used twice" % key.decode())
        entity.key = key
        entity.component = component
        self.entities[key] = entity
        self.states[key] = []

    def state_changed(self, entity):
        self.states[entity.key].append(entity.state())

    def set_available(self, component, available):
        self.available.setdefault(component.name, []).append(available)

    def fault(self, name, phase, message):
        self.faults.append((name, phase, message))

    def count(self, counter, amount=1):
        self.counters[counter] = self.counters.get(counter, 0) + amount

    def crowded(self, crowded):
        self.pauses.append(crowded)

    async def start(self, name, component):
        """Do with a component what the loader does; returns it."""
        component.attach(self, name)
        try:
            await component.start()
        except Exception:
            self.free(name)
            raise
        return component

    def free(self, name):
        """Take back what a component has claimed, as `node.manage` does when it ends."""
        claims = Component.claims
        for what in tuple(claims):
            if claims[what] == name:
                del claims[what]

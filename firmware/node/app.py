# SPDX-License-Identifier: MIT
"""The running node: owns the services and is the object that components are given."""

import asyncio
import gc
import json
import os
from time import ticks_add, ticks_diff, ticks_ms

from import_once import import_once
from micropython import const

from node.log import Log
from node.tasks import Tasks

# Bytes allocated.
_COLLECT_EVERY_AT_START = const(4096)


class Report:
    """Something of the node's own that is published as the state of an entity is."""

    def __init__(self, key, leaf, state):
        self.key = key
        self.leaf = leaf
        self.state = state  # function: the payload, made when there is room to send it


def _online():
    return b"online"


def _offline():
    return b"offline"


class Node:
    """What a component sees of the node it runs on.

    Attributes: `id` (in topics), `uid` (the chip's factory id), `name` (for people), `base`
    (`<home>/<id>/`), `settings`, `log`, `components` (name -> object), `presses` (of the library
    of that name, None until somebody wants to know of presses), `clock` (of `node.ntp`, None
    without), `settled` (whether all components have been loaded). Of the class: `running`, the
    node that runs, None if none does.
    """

    presses = running = clock = None
    settled = False
    _store = None

    def __init__(self, settings):
        self.settings = settings
        board = import_once("node.board")
        self.uid = board.unique_id()
        self.reset_cause = board.reset_cause()
        self.id = settings.NODE_ID or "sy-" + self.uid[-6:]
        self.name = settings.NODE_NAME or self.id
        self.base = "%s/%s/" % (settings.MQTT_HOME, self.id)
        self.log = Log(settings.LOG_LEVEL, settings.LOG_MQTT_LEVEL, settings.LOG_RING)
        self.components = {}
        self.entities = {}  # b"<component>/<object>" -> entity
        self.counters = {}
        self.rows = {}  # component name -> row of the `components` topic
        self.reports = {}  # component name -> its report
        self._alive = Report(b"alive", b"", self._alive_state)
        self._status = Report(b"status", b"", self._status_state)
        self._crowded = 0  # how many buses are
        self._started = ticks_ms()
        self._uptime = 0
        self.tasks = Tasks(self._task_crashed)
        self.wifi = None
        self.session = None

    # -- for components -------------------------------------------------------------------

    def spawn(self, name, function, *args):
        """Run the coroutine function `function(*args)` as task `name`, restarted if it dies."""
        self.tasks.spawn(name, function, *args)

    def add_entity(self, component, entity):
        """Give an entity its topics; Home Assistant sees it with the next announcement.

        Raises ValueError when the component has an entity of that id already.
        """
        key = ("%s/%s" % (component.name, entity.object_id)).encode()
        if key in self.entities:
            raise ValueError("%s is used twice" % key.decode())
        entity.key = key
        entity.component = component
        self.entities[key] = entity

    def state_changed(self, entity):
        """Publish the state of an entity."""
        if self.session:
            self.session.state_changed(entity)

    def set_available(self, component, available):
        """Publish whether a component (a chip, for instance) can be reached."""
        name = component.name
        state = _online if available else _offline
        report = self.reports.get(name)
        if report is None:
            report = self.reports[name] = Report(name.encode(), b"/available", state)
        report.state = state
        self.state_changed(report)

    def fault(self, name, phase, message):
        """Record that the component `name` failed in `phase`; one line on the log."""
        import_once("node.announcement").fault(self, name, phase, message)

    def loaded(self, name, package, version):
        """Record that the component `name` runs."""
        import_once("node.announcement").loaded(self, name, package, version)

    def crowded(self, crowded):
        """Commands come faster than they can be carried out; or (False) no longer."""
        self._crowded += 1 if crowded else -1
        if self.session:
            self.session.pause(self._crowded > 0)

    def count(self, counter, amount=1):
        """Add to a counter of the `status` topic."""
        self.counters[counter] = self.counters.get(counter, 0) + amount

    def keep(self, key, value):
        """Keep a value that JSON knows, beyond a power loss; None forgets it."""
        self._kept().put(key, value)

    def kept(self, key):
        """Return the value that was kept as `key`, in this run or an earlier one, else None."""
        # Every chip asks, and few nodes have kept something.
        if self._store is None and "kept.json" not in os.listdir():
            return None
        return self._kept().get(key)

    def announce(self):
        """Tell Home Assistant anew what there is, because that has changed."""
        if self.session:
            self.session.announce_again()

    def restart(self, reason):
        """Restart the node at once. reason: who wants it, told on the log after the restart."""
        import_once("node.reset_reason").restart(self, reason)

    def subscribe(self, topic, handler):
        """Have `handler(payload, retained)` called for each message on a topic of anybody.

        topic: text without wildcards. The handler raises nothing. Returns an object whose `stop()`
        ends it. Raises ValueError for a topic that cannot be.
        """
        from node.subscriptions import subscribe  # few nodes listen to others

        return subscribe(self, topic, handler)

    # -- for the core ---------------------------------------------------------------------

    async def run(self):
        """Start everything; returns only when the node is shut down."""
        self.log.sink = self._send_record
        self.spawn("reports", self._publish_regularly)
        await import_once("node.start").start(self)
        while True:
            await asyncio.sleep(3600)

    async def link_ready(self):
        """Wait until there is a network."""
        if self.wifi:
            await self.wifi.connected.wait()

    def wifi_failed(self, count):
        """Wi-Fi could not be joined, `count` times by now."""
        limit = self.settings.FAILED_JOINS
        if limit and count % limit == 0:
            import_once("node.provision").reopen(self)

    def publish_reports(self):
        """Publish what can be reached, and how the node fares."""
        for report in self.reports.values():
            self.state_changed(report)
        self.state_changed(self._alive)
        self.state_changed(self._status)

    def _send_record(self, level, text):
        if not self.session:
            return False
        topic = "%s/log/%s/%s" % (self.settings.MQTT_HOME, level, self.id)
        return self.session.send(topic.encode(), text.encode())

    def _kept(self):
        if self._store is None:
            from node.kept import Kept  # few nodes need it

            self._store = Kept(self)
        return self._store

    def _task_crashed(self, name, error):
        self.log.exception("task", error, "%s died and is started again", name)
        self.count("task_crashes")
        import_once("node.crashes").note(self, name, error)

    def rows_changed(self):
        """Publish the rows of the components."""
        if self.session and self.session.online:
            rows = import_once("node.announcement").publish_rows
            self.spawn("components topic", rows, self)

    async def _publish_regularly(self):
        settings = self.settings
        alive_at = status_at = 0  # s of uptime
        while True:
            now = self.uptime()
            if now >= alive_at:
                alive_at = now + settings.ALIVE_INTERVAL
                self.state_changed(self._alive)
            if now >= status_at:
                status_at = now + settings.STATUS_INTERVAL
                self.state_changed(self._status)
            await asyncio.sleep(min(alive_at, status_at) - now)

    def _alive_state(self):
        alive = all(c.alive() for c in self.components.values() if hasattr(c, "alive"))
        return b"ON" if alive else b"OFF"

    def _status_state(self):
        return json.dumps(self.statistics()).encode()

    def statistics(self):
        """Return what the `status` topic tells, as a dictionary."""
        # Made once a minute, so its code does not stay in memory.
        return import_once("node.announcement").statistics(self)

    def uptime(self):
        """Return for how many s the node has been running."""
        # ticks wrap after 12 days; `_publish_regularly` asks far more often than that.
        seconds = ticks_diff(ticks_ms(), self._started) // 1000
        self._started = ticks_add(self._started, seconds * 1000)
        self._uptime += seconds
        return self._uptime


def run():
    """Read the settings and run the node until it is stopped."""
    # A collector that waits for a full heap leaves what lives spread over all of it, and no block
    # for a buffer. Loading leaves the most. `make bench-memory` tells what it saves.
    gc.threshold(_COLLECT_EVERY_AT_START)
    Node.running = node = import_once("node.start").make()
    try:
        asyncio.run(node.run())
    except Exception as e:  # noqa: BLE001 whatever it is, the node must come back
        import_once("node.reset_reason").crashed(node, e)
    finally:
        Node.running = None
        asyncio.new_event_loop()

# SPDX-License-Identifier: MIT
"""Removes from broker and Home Assistant what this node has announced and does not have any more.

The file `announced` tells what that is, one line each, also after a restart:

    <device> <component> <platform> <id> <topic>

device: `node`, or the component that is a device of its own. id: below the node. topic: the
retained one, below the node. What a line does not have is `-`. The first line has the prefix and
the form of the discovery.
"""

import asyncio
import os
from binascii import crc32

from import_once import import_once

_FILE = "announced"
_NEW = "announced.new"
_NONE = "-"


async def remove(node, publish_pieces):
    """Remove what has left; to be called before everything is announced.

    publish_pieces: that of `announcement`.
    """
    settings = node.settings
    head = settings.DISCOVERY_PREFIX + " " + settings.DISCOVERY_FORM
    stale = _Stale(node, publish_pieces)
    lines = _stored()
    stale.begin(next(lines, " "), head)
    for line in lines:
        await stale.look(line)
    await stale.end()
    if stale.changed():
        try:
            _write(head, node, stale.kept)
        except OSError as e:
            node.log.error("announced", "the file cannot be written: %s", e)


class _Stale:
    """What was announced, held against what there is. Sums of lines stand for the lines."""

    def __init__(self, node, publish_pieces):
        self._node = node
        self._publish = publish_pieces
        self._lines = {_sum(line) for line in _lines(node)}
        self._topics = None
        self._devices = {line.partition(" ")[0] for line in _lines(node)}
        self._found = 0  # of them in the file
        self._gone = {}  # device that is still there -> [(platform, id)]
        self._gone_devices = set()
        self.kept = []  # lines of components that have not started, but are to

    def begin(self, before, now):
        """Take the first line of the file, as it was and as it would be now."""
        self._prefix, _, self._form = before.partition(" ")
        self._same = before == now  # the discovery is as it was
        self._removed = not self._same  # something, or there is no file yet

    def changed(self):
        """Return whether the file has to be written."""
        return self._removed or self._found != len(self._lines)

    async def look(self, line):
        """Take a line of the file, and remove what it stands for if that has left."""
        await asyncio.sleep_ms(0)
        here = _sum(line) in self._lines
        self._found += 1 if here else 0
        if here and self._same:
            return
        fields = line.split(" ")
        if len(fields) != 5:  # damaged
            self._removed = True
            return
        device, component, platform, entity, topic = fields
        node = self._node
        if component in node.rows and component not in node.components:
            self.kept.append(line)
            if topic.endswith("/available"):
                await self._clear(node.base + topic, b"offline")
            return
        self._removed = True
        if topic != _NONE and not self._in_use(topic):
            await self._clear(node.base + topic)
        if platform != _NONE and self._prefix:
            await self._retract(device, platform, entity)

    def _in_use(self, topic):
        if self._topics is None:
            self._topics = {_sum(line.rpartition(" ")[2]) for line in _lines(self._node)}
        return _sum(topic) in self._topics

    async def _retract(self, device, platform, entity):
        uid = self._node.uid
        if self._form == "entity":
            await self._clear("%s/%s/%s/%s/config" % (self._prefix, platform, uid, entity))
        elif device in self._devices and self._same:
            self._gone.setdefault(device, []).append((platform, entity))
        elif device not in self._gone_devices:
            self._gone_devices.add(device)
            await self._clear(self._topic(device))

    async def end(self):
        """Remove entities of devices that stay."""
        # https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload: what is
        # reduced to its platform is removed; what is not mentioned stays.
        for device, gone in self._gone.items():
            await self._publish(self._node, self._topic(device), self._retraction, device, gone)

    def _retraction(self, device, gone):
        uid = self._node.uid
        ids = uid if device == "node" else "%s_%s" % (uid, device)
        yield ('{"dev":{"ids":["%s"]},"o":{"name":"Switchyard"},"cmps":' % ids).encode()
        separator = "{"
        for platform, entity in gone:
            yield ('%s"%s":{"p":"%s"}' % (separator, entity, platform)).encode()
            separator = ","
        yield b"}}"

    def _topic(self, device):
        return "%s/device/%s/%s/config" % (self._prefix, self._node.uid, device)

    async def _clear(self, topic, payload=b""):
        await self._publish(self._node, topic, _single, payload)


def _single(payload):
    yield payload


def _lines(node):
    for platform, name in import_once("node.discovery").own():
        yield " ".join(("node", _NONE, platform, name, _NONE))
    for entity in node.entities.values():
        component = entity.component
        device = component.name if component.device else "node"
        key = entity.key.decode()
        name = key.replace("/", "_")
        topic = _NONE if entity.leaf is None else key + entity.leaf.decode()
        if entity.platform or topic != _NONE:
            yield " ".join((device, component.name, entity.platform or _NONE, name, topic))
        announce = getattr(entity, "announce", None)
        for name, config in announce(node.base) if announce else ():
            yield " ".join((device, component.name, config["p"], name, _NONE))
    for name in node.reports:
        yield " ".join((_NONE, name, _NONE, _NONE, name + "/available"))


def _stored():
    """Yield the lines of the file, as far as it can be read."""
    if _FILE not in os.listdir():
        return
    try:
        with open(_FILE) as f:
            for line in f:
                yield line.rstrip("\n")
    except (OSError, ValueError):
        return  # it is written anew


def _sum(text):
    return crc32(text.encode()) & 0x3FFFFFFF  # as a small integer


def _write(head, node, kept):
    with open(_NEW, "w") as f:
        f.write(head + "\n")
        for line in _lines(node):
            f.write(line + "\n")
        for line in kept:
            f.write(line + "\n")
    os.rename(_NEW, _FILE)

# SPDX-License-Identifier: MIT
"""node/stale.py: what left the configuration leaves broker and Home Assistant, then or later."""

import json
import os
import random

from node.component import Entity
from node.stale import remove
from scratch import Scratch


def stored():
    with open("announced", "rb") as f:
        return f.read()


def store(text):
    with open("announced", "wb") as f:
        f.write(text)


class Part:
    """A component."""

    def __init__(self, name, device=None):
        self.name = name
        self.device = device


class Lamp(Entity):
    platform = "switch"


class Fan(Entity):
    platform = "fan"


class Button(Entity):
    platform = "button"
    leaf = None


class Hidden(Entity):
    """Has a topic, and is not shown."""


class Event(Entity):
    platform = "event"
    leaf = None

    def announce(self, base):
        yield self.key.decode().replace("/", "_") + "_long", {"p": "device_automation", "t": base}


class Log:
    def __init__(self):
        self.lines = []

    def error(self, source, text, *args):
        self.lines.append(text % args)


class Settings:
    def __init__(self, prefix, form):
        self.DISCOVERY_PREFIX = prefix
        self.DISCOVERY_FORM = form


class Node:
    """One run of a node. Attribute `retained`: what the broker has, topic -> payload."""

    uid = "0a1b"
    base = "home/n/"

    def __init__(self, prefix="ha", form="device"):
        self.settings = Settings(prefix, form)
        self.log = Log()
        self.entities = {}
        self.reports = {}
        self.rows = {}
        self.components = {}
        self.sent = []

    def add(self, component, *entities, available=False):
        self.components[component.name] = component
        self.rows[component.name] = {"phase": "running"}
        for entity in entities:
            entity.key = ("%s/%s" % (component.name, entity.key)).encode()
            entity.component = component
            self.entities[entity.key] = entity
        if available:
            self.reports[component.name] = True
        return self

    async def announce(self):
        """Let it remove what has left; return what it sent."""
        self.sent = []
        await remove(self, self.publish)
        return dict(self.sent)

    async def publish(self, node, topic, pieces, *args):
        payload = b"".join(pieces(*args))
        assert payload == b"".join(pieces(*args))
        self.sent.append((topic, payload.decode()))


def chip(*entities, name="chip", device=True, **options):
    node = Node(**options)
    return node.add(Part(name, {"mdl": "x"} if device else None), *entities, available=True)


async def test_nothing_is_removed_while_nothing_leaves():
    with Scratch():
        for _ in range(3):
            node = chip(Lamp("a"), Button("b"), Hidden("c"), Event("d"))
            assert await node.announce() == {}


async def test_the_file_is_written_only_when_something_has_changed():
    with Scratch():
        await chip(Lamp("a")).announce()
        os.rename("announced", "before")
        await chip(Lamp("a")).announce()
        os.remove("before")
        size, written = os.stat("announced")[6], os.stat("announced")[8]
        os.mkdir("announced.new")  # so that writing would fail
        node = chip(Lamp("a"))
        await node.announce()
        assert node.log.lines == []
        assert (os.stat("announced")[6], os.stat("announced")[8]) == (size, written)
        node = chip(Lamp("a"), Lamp("b"))
        assert await node.announce() == {}
        assert node.log.lines[0].startswith("the file cannot be written")


async def test_an_entity_of_a_device_that_stays():
    with Scratch():
        await chip(Lamp("a"), Lamp("b"), Fan("c")).announce()
        node = chip(Lamp("a"))
        sent = await node.announce()
        assert sorted(sent) == [
            "ha/device/0a1b/chip/config",
            "home/n/chip/b/state",
            "home/n/chip/c/state",
        ]
        assert sent["home/n/chip/b/state"] == ""
        assert json.loads(sent["ha/device/0a1b/chip/config"]) == {
            "dev": {"ids": ["0a1b_chip"]},
            "o": {"name": "Switchyard"},
            "cmps": {"chip_b": {"p": "switch"}, "chip_c": {"p": "fan"}},
        }
        assert await chip(Lamp("a")).announce() == {}


async def test_an_entity_of_the_node_itself():
    with Scratch():
        await chip(Lamp("a"), device=False).announce()
        sent = await chip(device=False).announce()
        payload = json.loads(sent["ha/device/0a1b/node/config"])
        assert payload["dev"] == {"ids": ["0a1b"]}
        assert payload["cmps"] == {"chip_a": {"p": "switch"}}


async def test_a_device_that_left():
    with Scratch():
        await chip(Lamp("a"), Lamp("b")).announce()
        assert await Node().announce() == {
            "ha/device/0a1b/chip/config": "",
            "home/n/chip/a/state": "",
            "home/n/chip/b/state": "",
            "home/n/chip/available": "",
        }
        assert await Node().announce() == {}


async def test_what_has_no_state_or_is_not_shown():
    with Scratch():
        await chip(Lamp("x"), Button("b"), Hidden("c"), Event("d")).announce()
        sent = await chip(Lamp("x")).announce()
        assert sent.pop("home/n/chip/c/state") == ""
        ((topic, payload),) = sent.items()
        assert topic == "ha/device/0a1b/chip/config"
        assert json.loads(payload)["cmps"] == {
            "chip_b": {"p": "button"},
            "chip_d": {"p": "event"},
            "chip_d_long": {"p": "device_automation"},
        }


async def test_an_entity_that_changed_its_platform_keeps_its_state():
    with Scratch():
        await chip(Lamp("a")).announce()
        sent = await chip(Fan("a")).announce()
        ((_, payload),) = sent.items()
        assert json.loads(payload)["cmps"] == {"chip_a": {"p": "switch"}}


async def test_one_message_for_each_entity():
    with Scratch():
        await chip(Lamp("a"), Lamp("b"), form="entity").announce()
        assert await chip(Lamp("a"), form="entity").announce() == {
            "ha/switch/0a1b/chip_b/config": "",
            "home/n/chip/b/state": "",
        }


async def test_another_form_removes_what_was_announced_in_the_old_one():
    with Scratch():
        await chip(Lamp("a")).announce()
        assert await chip(Lamp("a"), form="entity").announce() == {
            "ha/device/0a1b/chip/config": "",
            "ha/device/0a1b/node/config": "",
        }
        sent = await chip(Lamp("a")).announce()
        assert sent.pop("ha/switch/0a1b/chip_a/config") == ""
        assert sent.pop("ha/binary_sensor/0a1b/alive/config") == ""
        assert all(topic.startswith("ha/sensor/0a1b/") for topic in sent)


async def test_another_prefix_and_none():
    with Scratch():
        await chip(Lamp("a")).announce()
        assert sorted(await chip(Lamp("a"), prefix="new").announce()) == [
            "ha/device/0a1b/chip/config",
            "ha/device/0a1b/node/config",
        ]
        assert sorted(await chip(Lamp("a"), prefix="").announce()) == [
            "new/device/0a1b/chip/config",
            "new/device/0a1b/node/config",
        ]
        assert await chip(prefix="").announce() == {"home/n/chip/a/state": ""}


async def test_a_component_that_did_not_start_is_not_forgotten_but_offline():
    with Scratch():
        await chip(Lamp("a"), Lamp("b")).announce()
        for _ in range(2):
            node = Node()
            node.rows["chip"] = {"phase": "start", "errors": ["no"]}
            assert await node.announce() == {"home/n/chip/available": "offline"}
        assert await chip(Lamp("a"), Lamp("b")).announce() == {}
        # Neither is what it had before, while it is away.
        node = Node().add(Part("new"), Lamp("x"))
        node.rows["chip"] = {"phase": "start", "errors": ["no"]}
        await node.announce()
        node = chip(Lamp("a")).add(Part("new"), Lamp("x"))
        sent = await node.announce()
        assert json.loads(sent["ha/device/0a1b/chip/config"])["cmps"] == {
            "chip_b": {"p": "switch"}
        }


async def test_what_could_not_be_sent_is_removed_after_the_next_connection():
    async def lost(*args):
        raise OSError(104)

    with Scratch():
        await chip(Lamp("a")).announce()
        node = Node()
        hidden = True
        try:
            await remove(node, lost)
        except OSError:
            hidden = False
        assert not hidden
        assert "home/n/chip/a/state" in await Node().announce()


async def test_a_damaged_file_costs_nothing_but_what_it_does_not_tell():
    random.seed(7)
    with Scratch():
        await chip(Lamp("a"), Lamp("b")).announce()
        whole = stored()
        texts = [b"", b"\xff\xfe", b"\n\n", b"ha device\nx\n", whole[:-9]]
        for _ in range(60):
            at = random.randint(0, len(whole) - 1)
            texts.append(whole[:at] + bytes((random.getrandbits(8),)) + whole[at + 1 :])
        for text in texts:
            store(text)
            node = chip(Lamp("a"), Lamp("b"))
            sent = await node.announce()
            assert "home/n/chip/a/state" not in sent and "home/n/chip/b/state" not in sent
            assert await chip(Lamp("a"), Lamp("b")).announce() == {}, text


async def test_whatever_changes_the_broker_has_what_the_node_has():
    random.seed(8)
    kinds = (Lamp, Fan, Button, Hidden, Event)
    with Scratch():
        retained = set()
        for _ in range(60):
            node = Node()
            for name in "abc":
                if random.randint(0, 2):
                    entities = [
                        kinds[random.randint(0, 4)](k) for k in "xyz" if random.randint(0, 1)
                    ]
                    node.add(Part(name, random.choice((None, {}, {"m": 1}))), *entities)
            for topic, payload in (await node.announce()).items():
                if topic.startswith("home"):
                    assert payload == "" and topic in retained, topic
                    retained.remove(topic)
            now = set()
            for entity in node.entities.values():
                if entity.leaf:
                    now.add(node.base + entity.key.decode() + "/state")
            assert retained <= now, (retained, now)
            retained = now

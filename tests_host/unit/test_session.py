# SPDX-License-Identifier: MIT
"""node/session.py: what arrives becomes a command or a reason; states leave when they can."""

import asyncio
import json

from harness import raises, run_until
from node.log import Log
from node.plain_client import PlainClient as Adapter
from node.session import Session
from node.subscriptions import subscribe
from node.tasks import Tasks

WORDS = {b"ON": 1, b"OFF": 0}


class FakeEntity:
    platform = "switch"
    leaf = b"/state"
    config = None
    options = None

    def __init__(self, component, object_id, words=WORDS):
        self.component = component
        self.key = ("%s/%s" % (component.name, object_id)).encode()
        self.name = object_id
        self.words = words
        self.payload = b"OFF"
        self.commands = []

    def state(self):
        return self.payload

    def command(self, action, value, ttl_ms, tag):
        if action is None:
            raise ValueError("nothing to do")
        self.commands.append((action, value, ttl_ms, tag))


class FakeComponent:
    def __init__(self, name, device=None):
        self.name = name
        self.device = device


class PlainClient:
    """The part of mqtt_as that every client has."""

    def __init__(self):
        self.server = "broker"
        self.up = asyncio.Event()
        self.down = asyncio.Event()
        self.queue = self
        self.connects = 0
        self.refusals = 0
        self.connected = False
        self.lose_next_publish = False
        self.arrived = []
        self._arrival = asyncio.Event()
        self.published = []
        self.subscribed = []

    async def connect(self):
        self.connects += 1
        if self.refusals:
            self.refusals -= 1
            raise OSError("refused")
        self.connected = True
        self.up.set()

    def isconnected(self):
        return self.connected

    def close(self):
        self.connected = False

    async def subscribe(self, topic, qos):
        self.subscribed.append((topic, qos))

    async def unsubscribe(self, topic):
        self.subscribed.append((topic, None))

    async def publish(self, topic, msg, retain=False, qos=0):
        if self.lose_next_publish:
            self.lose_next_publish = False
            raise OSError("the connection was lost")
        self.published.append((as_text(topic), as_text(msg), retain))

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self.arrived:
            self._arrival.clear()
            await self._arrival.wait()
        return self.arrived.pop(0)

    def arrive(self, topic, payload, retained=False):
        self.arrived.append((topic, payload, retained))
        self._arrival.set()


class DirectClient(PlainClient):
    """A client with a send buffer that takes `room` more messages."""

    def __init__(self):
        super().__init__()
        self.on_message = None
        self.room = 1000
        self.paused = False

    def publish_nowait(self, topic, msg, retain=False, prefix=b"", suffix=b""):
        if self.room == 0:
            return False
        self.room -= 1
        self.published.append((as_text(prefix + topic + suffix), as_text(msg), retain))
        return True

    def pause_reading(self):
        self.paused = True

    def resume_reading(self):
        self.paused = False

    async def publish_stream(self, topic, length, pieces, retain=False, qos=0):
        payload = b"".join(pieces)
        assert len(payload) == length
        await self.publish(topic, payload, retain)

    def arrive(self, topic, payload, retained=False):
        self.on_message(topic, payload, retained)


def as_text(value):
    return value if isinstance(value, str) else bytes(value).decode()


class Settings:
    def __init__(self, form):
        self.DISCOVERY_PREFIX = "homeassistant" if form else ""
        self.DISCOVERY_FORM = form
        self.RPC = False


class FakeNode:
    def __init__(self, client_class, discovery=False):
        self.uid = "0a1b2c"
        self.id = self.name = "n1"
        self.base = "home/n1/"
        self.counts = {}
        self.entities = {}
        self.rows = {}
        self.seconds = 0
        self.settled = False  # what has left is not its business
        self.log = Log("critical", "warn")
        self.crashes = []
        self.tasks = Tasks(lambda name, e: self.crashes.append(e))
        self.spawn = self.tasks.spawn
        self.settings = Settings(discovery)
        self.client = client = client_class()
        if not hasattr(client, "publish_nowait"):
            client = Adapter(client, self.spawn)
        self.session = Session(self, client)
        self.log.sink = self.send_record
        self.warnings = []

    def uptime(self):
        return self.seconds

    def stop(self):
        for name in tuple(self.tasks.tasks):
            self.tasks.cancel(name)

    def send_record(self, level, text):
        self.warnings.append(text)
        return True

    def count(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1

    def publish_reports(self):
        self.client.published.append(("reports", "", False))

    async def link_ready(self):
        await asyncio.sleep_ms(0)

    def add(self, entity):
        self.entities[entity.key] = entity
        return entity

    async def come_online(self):
        self.session.start()
        await run_until(lambda: ("home/n1/available", "online", True) in self.client.published)


async def online_node(client_class, **options):
    node = FakeNode(client_class, **options)
    lamp = node.add(FakeEntity(FakeComponent("chip"), "lamp"))
    await node.come_online()
    node.client.published.clear()
    return node, lamp


async def all_states(node):
    await run_until(lambda: any("/state" in topic for topic, _, _ in node.client.published))
    return node.client.published


CLIENTS = (PlainClient, DirectClient)


async def for_each_client(check):
    for client_class in CLIENTS:
        node, lamp = await online_node(client_class)
        await check(node, lamp)
        node.stop()
        assert node.crashes == []


async def test_it_announces_states_before_it_says_online():
    for client_class in CLIENTS:
        node = FakeNode(client_class)
        node.add(FakeEntity(FakeComponent("chip"), "lamp"))
        await node.come_online()
        assert ("home/n1/chip/lamp/state", "OFF", True) in await all_states(node)
        assert ("home/n1/+/+/set", 0) in node.client.subscribed
        node.stop()


async def test_a_command_reaches_its_entity():
    async def check(node, lamp):
        node.client.arrive(b"home/n1/chip/lamp/set", b"ON")
        node.client.arrive(b"home/n1/chip/lamp/set", b'{"state":"off","ttl":800,"id":"x"}')
        await run_until(lambda: len(lamp.commands) == 2)
        assert lamp.commands == [(1, None, None, None), (0, None, 800, "x")]

    await for_each_client(check)


async def test_requests_reach_the_rpc_unless_the_setting_forbids_it():
    async def check(node, lamp):
        assert ("home/n1/rpc/request", 0) not in node.client.subscribed
        node.settings.RPC = True
        node.components = {}
        await node.session._come_online()
        assert ("home/n1/rpc/request", 0) in node.client.subscribed
        node.client.published.clear()
        node.client.arrive(b"home/n1/rpc/request", b'{"id": 7, "command": "PINS"}')
        await run_until(lambda: node.client.published)
        topic, payload, retained = node.client.published[0]
        assert (as_text(topic), retained) == ("home/n1/rpc/response", False)
        assert json.loads(payload)["response"] == "no component has pins"
        node.stop()

    await for_each_client(check)


async def test_a_retained_command_is_refused_and_counted_and_the_true_state_follows():
    async def check(node, lamp):
        node.client.arrive(b"home/n1/chip/lamp/set", b"ON", True)
        await run_until(lambda: node.counts.get("refused_retained") == 1)
        await run_until(lambda: ("home/n1/chip/lamp/state", "OFF", True) in node.client.published)
        assert lamp.commands == []
        assert "retained commands are refused" in node.warnings[-1]

    await for_each_client(check)


async def test_a_wrong_command_changes_nothing_and_is_answered_with_the_reason():
    async def check(node, lamp):
        node.client.arrive(b"home/n1/chip/lamp/set", b"ONN")
        await run_until(lambda: node.warnings)
        assert lamp.commands == []
        assert node.warnings == [
            "command: home/n1/chip/lamp/set: unknown command 'ONN'; known are OFF, ON"
        ]

    await for_each_client(check)


async def test_an_entity_that_raises_costs_neither_the_node_nor_the_other_entities():
    class Broken(FakeEntity):
        def state(self):
            return 1 // 0

        def command(self, action, value, ttl_ms, tag):
            return 1 // 0

    for client_class in CLIENTS:
        node = FakeNode(client_class)
        lamp = FakeEntity(FakeComponent("chip"), "lamp")
        node.add(Broken(lamp.component, "broken"))
        node.add(lamp)
        await node.come_online()
        assert ("home/n1/chip/lamp/state", "OFF", True) in await all_states(node)
        assert "ZeroDivisionError" in node.warnings[0]
        node.client.arrive(b"home/n1/chip/broken/set", b"ON")
        node.client.arrive(b"home/n1/chip/lamp/set", b"ON")
        await run_until(lambda commands=lamp.commands: commands)
        assert node.counts["refused"] == 1
        assert any("command: chip/broken" in text for text in node.warnings)
        assert node.crashes == []
        node.stop()


async def test_a_command_for_nobody_is_answered_on_the_log():
    async def check(node, lamp):
        node.add(FakeEntity(lamp.component, "door", None))
        node.client.arrive(b"home/n1/chip/nothing/set", b"ON")
        node.client.arrive(b"home/n1/chip/door/set", b"ON")
        await run_until(lambda: len(node.warnings) == 2)
        assert node.warnings[0] == (
            "command: home/n1/chip/nothing/set: no entity takes commands here"
        )

    await for_each_client(check)


async def test_a_changed_state_is_published_retained():
    async def check(node, lamp):
        lamp.payload = b"ON"
        node.session.state_changed(lamp)
        await run_until(lambda: node.client.published)
        assert node.client.published == [("home/n1/chip/lamp/state", "ON", True)]

    await for_each_client(check)


async def test_a_state_that_finds_no_room_leaves_later_with_the_newest_value():
    node, lamp = await online_node(DirectClient)
    node.client.room = 0
    lamp.payload = b"ON"
    node.session.state_changed(lamp)
    lamp.payload = b"OFF"
    node.session.state_changed(lamp)
    await asyncio.sleep_ms(0)
    node.client.room = 1
    await run_until(lambda: node.client.published)
    assert node.client.published == [("home/n1/chip/lamp/state", "OFF", True)]


async def test_while_the_link_is_down_nothing_is_kept_and_every_state_follows_when_it_is_back():
    async def check(node, lamp):
        node.client.down.set()
        await run_until(lambda: not node.session.online)
        lamp.payload = b"ON"
        node.session.state_changed(lamp)
        await asyncio.sleep_ms(30)
        assert node.client.published == []
        node.client.up.set()
        await run_until(lambda: ("home/n1/chip/lamp/state", "ON", True) in node.client.published)
        assert node.session.downtimes == 1

    await for_each_client(check)


async def test_components_can_listen_to_topics_of_others():
    async def check(node, lamp):
        arrived = []
        before = subscribe(node, "home/n2/x/state", lambda *message: arrived.append((1, message)))
        other = subscribe(node, "home/n2/x/state", lambda *message: arrived.append((2, message)))
        await run_until(lambda: ("home/n2/x/state", 0) in node.client.subscribed)
        node.client.arrive(b"home/n2/x/state", b"21.5", True)
        node.client.arrive(b"home/n2/y/state", b"3")
        await run_until(lambda: len(arrived) == 2)
        assert arrived == [(1, (b"21.5", True)), (2, (b"21.5", True))]
        before.stop()
        node.client.arrive(b"home/n2/x/state", b"22")
        await run_until(lambda: len(arrived) == 3)
        assert arrived[2] == (2, (b"22", False))
        assert ("home/n2/x/state", None) not in node.client.subscribed
        other.stop()
        await run_until(lambda: ("home/n2/x/state", None) in node.client.subscribed)
        node.client.arrive(b"home/n2/x/state", b"23")
        node.client.arrive(b"home/n1/chip/lamp/set", b"ON")
        await run_until(lambda: lamp.commands)
        assert len(arrived) == 3

    await for_each_client(check)


async def test_what_components_listen_to_is_subscribed_anew_after_each_connection():
    async def check(node, lamp):
        for topic in ("home/n2/x/state", "home/n2/x/state", "home/n2/y/state"):
            subscribe(node, topic, print)
        node.client.down.set()
        await run_until(lambda: not node.session.online)
        node.client.subscribed.clear()
        node.client.up.set()
        await run_until(lambda: node.session.online)
        topics = [topic for topic, _ in node.client.subscribed if topic.startswith("home/n2")]
        assert topics == ["home/n2/x/state", "home/n2/y/state"]

    await for_each_client(check)


async def test_a_topic_to_listen_to_has_no_wildcards():
    node = FakeNode(DirectClient)
    for topic in ("", "home/#", "home/+/x"):
        assert "is no topic" in str(raises(ValueError, subscribe, node, topic, print))
    node.session = None
    subscribe(node, "home/n2/x", print).stop()  # a node without a broker hears nothing


def discovery_of(node, topic):
    for published, payload, retain in node.client.published:
        if published == topic:
            assert retain
            return json.loads(payload)
    raise AssertionError("%s was not published" % topic)


async def test_a_component_with_a_device_is_announced_below_the_node():
    for client_class in CLIENTS:
        node = FakeNode(client_class, discovery="device")
        chip = FakeComponent("chip", {"mf": "Microchip", "mdl": "MCP23017"})
        lamp = node.add(FakeEntity(chip, "lamp"))
        lamp.options = {"ic": "mdi:lamp"}
        node.add(FakeEntity(chip, "door", None)).platform = "binary_sensor"
        await node.come_online()
        found = discovery_of(node, "homeassistant/device/0a1b2c/chip/config")
        assert found["dev"]["ids"] == ["0a1b2c_chip"]
        assert found["dev"]["via_device"] == "0a1b2c"
        assert found["o"]["name"] == "Switchyard"
        assert [a["t"] for a in found["avty"]] == ["home/n1/available", "home/n1/chip/available"]
        assert found["avty_mode"] == "all"
        assert found["cmps"]["chip_lamp"] == {
            "p": "switch",
            "name": "lamp",
            "~": "home/n1/chip/lamp",
            "stat_t": "~/state",
            "cmd_t": "~/set",
            "ic": "mdi:lamp",
            "uniq_id": "0a1b2c_chip_lamp",
            "def_ent_id": "switch.n1_chip_lamp",
        }
        assert "cmd_t" not in found["cmps"]["chip_door"]
        node.stop()


async def test_the_node_itself_is_a_device_with_diagnostic_entities():
    node = FakeNode(DirectClient, discovery="device")
    await node.come_online()
    found = discovery_of(node, "homeassistant/device/0a1b2c/node/config")
    assert found["dev"]["ids"] == ["0a1b2c"]
    assert [a["t"] for a in found["avty"]] == ["home/n1/available"]
    assert found["cmps"]["alive"]["stat_t"] == "home/n1/alive"
    for config in found["cmps"].values():
        assert config["ent_cat"] == "diagnostic"
        assert config["uniq_id"].startswith("0a1b2c_")


async def test_the_older_form_has_one_message_for_each_entity():
    node = FakeNode(DirectClient, discovery="entity")
    node.add(FakeEntity(FakeComponent("chip", {"mdl": "MCP23017"}), "lamp"))
    await node.come_online()
    found = discovery_of(node, "homeassistant/switch/0a1b2c/chip_lamp/config")
    assert found["dev"]["via_device"] == "0a1b2c"
    assert found["uniq_id"] == "0a1b2c_chip_lamp"
    assert "p" not in found


async def test_home_assistant_coming_online_has_everything_announced_again():
    node, _ = await online_node(DirectClient, discovery="device")
    node.client.arrive(b"homeassistant/status", b"online")
    state = ("home/n1/chip/lamp/state", "OFF", True)
    await run_until(lambda: state in node.client.published, 7000)
    assert any(topic.startswith("homeassistant/device/") for topic, _, _ in node.client.published)


async def test_a_crowded_bus_pauses_the_commands():
    node, _ = await online_node(DirectClient)
    node.session.pause(True)
    assert node.client.paused
    node.session.pause(False)
    assert not node.client.paused


async def test_a_connection_lost_while_announcing_is_announced_on_again():
    node = FakeNode(DirectClient, discovery="device")
    node.client.lose_next_publish = True
    node.session.start()
    await run_until(lambda: not node.client.lose_next_publish)
    node.client.down.set()
    node.client.up.set()
    await run_until(lambda: ("home/n1/available", "online", True) in node.client.published)
    assert node.client.connects == 1
    assert node.crashes == []
    assert "connection lost while announcing" in node.warnings[0]


async def test_a_network_that_is_back_ends_the_pause_before_the_next_attempt():
    node = FakeNode(DirectClient)
    node.client.refusals = 1
    node.session.start()
    await run_until(lambda: node.client.connects == 1)
    node.session.network_joined()
    await run_until(lambda: ("home/n1/available", "online", True) in node.client.published, 500)
    assert node.client.connects == 2
    node.session.network_joined()
    await asyncio.sleep_ms(20)
    assert node.client.connects == 2


async def test_a_record_that_finds_no_room_follows_later():
    node, _ = await online_node(DirectClient)
    node.log.sink = lambda level, text: node.session.send(b"log", text.encode())
    node.client.room = 0
    node.log.error("a", "1")
    await asyncio.sleep_ms(0)
    assert node.client.published == []
    node.client.room = 1
    await run_until(lambda: node.client.published == [("log", "a: 1", False)])


async def test_the_time_without_broker_is_counted_from_a_loss_to_the_next_announcement():
    node, lamp = await online_node(DirectClient)
    assert node.session.downtime == 0
    for lost_at, back_at in ((100, 160), (1000, 1005)):
        node.seconds = lost_at
        node.client.down.set()
        await run_until(lambda: not node.session.online)
        node.seconds = back_at
        node.client.up.set()
        await run_until(lambda: node.session.online)
    assert node.session.downtimes == 2
    assert node.session.downtime == 65
    node.stop()


async def test_a_state_that_no_send_buffer_holds_is_published_when_there_is_room():
    node, lamp = await online_node(DirectClient)
    lamp.value = "x" * 2000
    lamp.state = lambda: lamp.value.encode()  # noqa: PLW0108 the value changes
    node.client.published.clear()
    node.session.state_changed(lamp)
    lamp.value = "y" * 2000
    node.session.state_changed(lamp)
    await run_until(lambda: node.client.published)
    assert node.client.published == [("home/n1/chip/lamp/state", "y" * 2000, True)]
    node.client.lose_next_publish = True
    node.session.state_changed(lamp)
    await run_until(lambda: any("connection lost" in text for text in node.warnings))
    assert node.crashes == []
    node.stop()

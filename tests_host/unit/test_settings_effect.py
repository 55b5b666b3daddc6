# SPDX-License-Identifier: MIT
"""What a setting says, the node does: those that no other test of a running node changes."""

import asyncio
import json
import ssl

import mqtt_as
import network
from board_link import attach
from import_once import import_once

import node.app
from components.machine import claims
from harness import run_until
from node.app import Node
from node.log import LEVELS
from node.settings import load
from scratch import Scratch
from yard.model.board import Board

COMPLETE = "WIFI_SSID = 'switchyard'\nMQTT_HOST = '127.0.0.1'\nMQTT_PORT = 1\n"
CHIP = {
    "i2c": {
        "package": ".machine.i2c",
        "component": "I2C",
        "constructor_args": {"scl": 22, "sda": 21},
    },
    "chip": {
        "package": ".devices.mcp23017",
        "component": "MCP23017",
        "constructor_args": {"i2c": "i2c", "address": "0x20", "pins": []},
    },
}


class Started:
    """`async with Started(lines of config.py) as node`: a node whose broker is not there."""

    def __init__(self, config="", components=()):
        self._config = config
        self._components = dict(components)

    async def __aenter__(self):
        self._folder = Scratch().__enter__()
        self._folder.write("config.py", COMPLETE + self._config)
        self._folder.write("components.json", json.dumps(self._components))
        attach(Board([0x20]))
        faults = []
        self._node = running = Node(load(faults.append))
        assert faults == []
        await import_once("node.start").start(running)
        return running

    async def __aexit__(self, *_):
        for task in tuple(self._node.tasks.tasks):
            self._node.tasks.cancel(task)
        await asyncio.sleep_ms(0)
        claims._owners.clear()
        self._folder.__exit__()


# -- names --------------------------------------------------------------------------------


async def test_names_of_the_node():
    config = "MQTT_HOME = 'my/house'\nNODE_ID = 'attic'\nNODE_NAME = 'Under the roof'\n"
    async with Started(config) as running:
        assert (running.id, running.name) == ("attic", "Under the roof")
        assert running.base == "my/house/attic/"
        sent = []
        running.session.send = lambda topic, payload: sent.append((topic, payload))
        running._send_record("warn", "cold")
        assert sent == [(b"my/house/log/warn/attic", b"cold")]
        assert mqtt_as.config["client_id"] == "attic"
        assert mqtt_as.config["will"][0] == "my/house/attic/available"


async def test_names_that_are_not_set():
    async with Started() as running:
        assert running.id == running.name == "sy-" + running.uid[-6:]
        assert running.base == "home/%s/" % running.id
    async with Started("NODE_ID = 'attic'\n") as running:
        assert running.name == "attic"


async def test_the_name_in_the_network_is_that_of_the_node_or_its_own():
    for config, name in (("", "attic"), ("WIFI_HOSTNAME = 'attic-2'\n", "attic-2")):
        async with Started("NODE_ID = 'attic'\n" + config) as running:
            await run_until(running.wifi.connected.is_set, 4000)
            assert network.hostname() == name


# -- broker -------------------------------------------------------------------------------


async def test_what_the_client_is_told_of_the_broker():
    config = "MQTT_USER = 'me'\nMQTT_PASSWORD = 'pw'\nMQTT_KEEPALIVE = 33\nMQTT_AWAKE_MS = 7\n"
    async with Started(config + "MQTT_PACKET_LIMIT = 999\nWIFI_PASSWORD = 'wp'\n"):
        for key, value in (
            ("server", "127.0.0.1"),
            ("port", 1),
            ("user", "me"),
            ("password", "pw"),
            ("keepalive", 33),
            ("awake_ms", 7),
            ("packet_limit", 999),
            ("ssid", "switchyard"),
            ("wifi_pw", "wp"),
            ("ssl", False),
        ):
            assert mqtt_as.config[key] == value, key


async def test_a_broker_is_verified_unless_that_is_switched_off():
    for config, verified in (
        ("MQTT_TLS_CA = 'ca.der'\n", True),
        ("MQTT_TLS_VERIFY = False\n", False),
    ):
        try:
            async with Started("MQTT_TLS = True\n" + config):
                assert mqtt_as.config["ssl"] is True
                given = mqtt_as.config["ssl_params"].get("cert_reqs") == ssl.CERT_REQUIRED
                assert given == verified
        finally:
            mqtt_as.config["ssl"] = False


# -- commands -----------------------------------------------------------------------------


class JoinsByItself:
    """A client of MQTT that joins Wi-Fi itself, as the original mqtt_as does."""

    def __init__(self, config):
        self.up = self.down = asyncio.Event()

    async def connect(self):
        await asyncio.sleep(3600)


async def test_what_a_client_that_joins_wifi_itself_does_not_do_is_said():
    config = (
        "STATIC_ADDRESS = ['10.0.0.9', '255.255.255.0', '10.0.0.1', '10.0.0.1']\n"
        "WIFI_COUNTRY = 'AT'\nWIFI_STRONGEST = False\nFAILED_JOINS = 5\n"
    )
    ours, mqtt_as.MQTTClient = mqtt_as.MQTTClient, JoinsByItself
    try:
        async with Started(config) as running:
            said = []
            running.log.sink = lambda level, text: said.append((level, text)) or True
            running.log.flush()
            assert not running.wifi
    finally:
        mqtt_as.MQTTClient = ours
    said = sorted(text for level, text in said if level == "warn")
    reason = "has no effect: the mqtt_as of this board joins Wi-Fi by itself"
    assert said == [
        "settings: %s %s" % (name, reason)
        for name in ("FAILED_JOINS", "STATIC_ADDRESS", "WIFI_COUNTRY")
    ]


async def test_ours_does_all_of_that_and_says_nothing():
    async with Started("FAILED_JOINS = 5\nWIFI_COUNTRY = 'AT'\n") as running:
        said = []
        running.log.sink = lambda level, text: said.append(text) or True
        running.log.flush()
        assert [text for text in said if text.startswith("settings:")] == []


async def test_how_many_commands_may_wait_and_for_how_long():
    async with Started("COMMAND_BUFFER = 5\nCOMMAND_TTL_MS = 321\n", CHIP) as running:
        assert running.rows["chip"]["phase"] == "running", running.rows
        assert len(running.components["i2c"].worker.buffer.targets) == 5
        assert running.components["chip"].chip.ttl_ms == 321


# -- intervals ----------------------------------------------------------------------------


class Script:
    """Stands for asyncio in node.app; a pause is over at once. Attribute: `now`, in s."""

    now = 0

    async def sleep(self, seconds):
        self.now += seconds
        if self.now > 20:
            raise asyncio.CancelledError
        await asyncio.sleep_ms(0)


async def test_how_often_alive_and_status_are_published():
    async with Started("ALIVE_INTERVAL = 7\nSTATUS_INTERVAL = 5\n") as running:
        sent = []
        node.app.asyncio = script = Script()
        running.uptime = lambda: script.now
        running.state_changed = lambda report: sent.append((report.key, script.now))
        try:
            await running._publish_regularly()
        except asyncio.CancelledError:
            pass
        finally:
            node.app.asyncio = asyncio
        assert [now for key, now in sent if key == b"alive"] == [0, 7, 14]
        assert [now for key, now in sent if key == b"status"] == [0, 5, 10, 15, 20]


# -- time of day --------------------------------------------------------------------------


async def test_the_time_of_day_is_asked_for_only_if_there_is_a_server():
    async with Started() as running:
        assert running.clock is None
    async with Started("NTP_HOST = 'time.home'\nTIME_ZONE = 'XYZ-3'\n") as running:
        assert running.clock._host == "time.home"
        assert running.clock._ahead(0) == 3 * 3600


# -- log ----------------------------------------------------------------------------------


async def test_levels_of_the_log_on_the_console_and_over_mqtt():
    config = "LOG_LEVEL = 'error'\nLOG_MQTT_LEVEL = 'critical'\nLOG_LEVELS = {'wifi': 'debug'}\n"
    async with Started(config) as running:
        log = running.log
        shown = []
        sent = []
        log.file = shown.append
        log.sink = lambda level, text: sent.append(text) or True
        for source in ("mqtt", "wifi"):
            for level in LEVELS:
                getattr(log, level)(source, "x")
        told = {line.split(" ", 1)[1].replace(" ", "") for line in shown}
        assert told == {"criticalmqtt:x", "errormqtt:x"} | {level + "wifi:x" for level in LEVELS}
        assert sent == ["mqtt: x"] + ["wifi: x"] * len(LEVELS)


async def test_how_many_records_wait_for_the_broker():
    async with Started("LOG_RING = 3\n") as running:
        log = running.log
        log.sink = lambda level, text: False
        before = log.lost
        for number in range(8):
            log.error("x", "record %d", number)
        sent = []
        log.sink = lambda level, text: sent.append(text) or True
        log.flush()
        assert [text[-1] for text in sent] == ["5", "6", "7"]
        assert log.lost - before >= 5

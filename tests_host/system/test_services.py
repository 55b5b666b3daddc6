# SPDX-License-Identifier: MIT
"""The services of the core on a running node: log levels, restarts and their reasons, figures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desk import MQTT, RESTART_S, Desk, Furnished, wait_until

COMPONENTS = """{
  "i2c": {"package": ".machine.i2c", "component": "I2C",
          "constructor_args": {"scl": 22, "sda": 21}},
  "chip20": {"package": ".devices.mcp23017", "component": "MCP23017", "constructor_args": {
    "i2c": "@i2c", "address": "0x20", "pins": [{"pin": 0, "type": "switch"},
                                               {"pin": 3, "type": "binary_sensor"}]}},
  "logging": {"package": ".machine.log", "component": "LogLevel",
              "constructor_args": {"keep": true}},
  "again": {"package": ".machine.restart", "component": "Restart"},
  "led": {"package": ".machine.status_led", "component": "StatusLED",
          "constructor_args": {"pin": 2}}
}
"""


@pytest.fixture
def ready(furnished: Furnished) -> Furnished:
    """Function that starts a node with the services, or other components; settings: lines of
    credentials.py; program: the module `own` on the board.
    """

    def start(
        settings: str = "", components: str = COMPONENTS, program: str = ""
    ) -> tuple[Desk, MQTT]:
        settings = "STATUS_INTERVAL = 1\n" + settings
        return furnished(components, {"credentials.py": settings, "own.py": program})

    return start


def status(client: MQTT, desk: Desk) -> dict[str, Any]:
    messages = client.of(desk.base + "status")
    return dict(json.loads(messages[-1].payload)) if messages else {}


def records(client: MQTT, desk: Desk, level: str) -> list[str]:
    return [message.payload for message in client.of(f"home/log/{level}/{desk.node}")]


def test_a_client_that_sends_nonsense_does_not_flood_the_log(ready: Furnished) -> None:
    desk, client = ready()
    for number in range(300):
        client.publish(desk.base + "chip20/pin0/set", f"nonsense{number}", qos=0)
    client.publish(desk.base + "chip20/pin0/set", "ON")
    client.wait_for(desk.base + "chip20/pin0/state", "ON")
    wait_until(lambda: status(client, desk).get("refused") == 300, what="refused commands")
    assert 20 <= len(records(client, desk, "warn")) <= 60
    assert status(client, desk)["log_muted"] >= 240
    assert any("left out" in text for text in records(client, desk, "warn"))


def test_the_log_level_changes_at_run_time_and_survives_a_restart(ready: Furnished) -> None:
    desk, client = ready()
    client.wait_for(desk.base + "logging/mqtt_level/state", "warn")
    client.publish(desk.base + "logging/mqtt_level/set", "info")
    client.wait_for(desk.base + "logging/mqtt_level/state", "info")
    wait_until(lambda: "kept.json" in _files(desk), what="kept level")
    client.clear()
    desk.board.reset_node()
    client.wait_for(desk.base + "logging/mqtt_level/state", "info", RESTART_S)
    wait_until(lambda: records(client, desk, "info"), what="records of level info")


def _files(desk: Desk) -> list[str]:
    return [path.name for path in (desk.state / "flash").iterdir()]


def test_the_restart_button_restarts_and_the_reason_is_told_once(ready: Furnished) -> None:
    desk, client = ready()
    client.publish(desk.base + "chip20/pin0/set", "ON")
    client.wait_for(desk.base + "chip20/pin0/state", "ON")
    client.clear()
    client.publish(desk.base + "again/restart/set", "PRESS")
    client.wait_for(f"home/log/warn/{desk.node}", "reset: command: button again", RESTART_S)
    wait_until(lambda: status(client, desk).get("reset_cause") == "command", what="reset cause")
    assert desk.board.latch(0x20) == 1
    wait_until(lambda: "reset.txt" not in _files(desk), what="told")
    desk.restart_node(client)
    wait_until(lambda: status(client, desk).get("reset_cause") == "HARD_RESET", what="reset cause")
    assert not any("command" in text for text in records(client, desk, "warn"))


def test_a_node_that_crashes_restarts_and_tells_the_traceback(ready: Furnished) -> None:
    desk, client = ready()
    library = desk.state / "flash" / "mqtt_as.py"
    library.write_text('import os\nos.remove("mqtt_as.py")\nraise ValueError("broken once")\n')
    client.clear()
    desk.board.reset_node()
    told = client.wait_for(f"home/log/error/{desk.node}", None, RESTART_S).payload
    assert told.startswith("reset: crash: Traceback") and "mqtt_as.py" in told
    assert told.endswith("ValueError: broken once")
    wait_until(lambda: "the node crashed and restarts in 5 s" in desk.log)
    wait_until(lambda: "reset.txt" not in _files(desk), what="told")


DEEP = """
import os


def down(levels):
    return down(levels - 1) if levels else 1 // 0


os.remove("mqtt_as.py")
down(25)
"""


def test_a_traceback_longer_than_the_send_buffer_is_told_in_full(ready: Furnished) -> None:
    desk, client = ready()
    (desk.state / "flash" / "mqtt_as.py").write_text(DEEP)
    client.clear()
    desk.board.reset_node()
    wait_until(
        lambda: "ZeroDivisionError" in "".join(records(client, desk, "error")), RESTART_S, "end"
    )
    wait_until(lambda: "reset.txt" not in _files(desk), what="told")
    told = "".join(records(client, desk, "error"))
    assert told.startswith("reset: crash: Traceback")
    assert told.count(", in down\n") == 26


def test_the_figures_are_diagnostic_entities(ready: Furnished) -> None:
    desk, client = ready()
    wait_until(lambda: "interrupts" in status(client, desk), what="status")
    found = [
        json.loads(message.payload)
        for message in client.messages
        if message.topic.endswith("/node/config") and "/device/" in message.topic
    ][-1]["cmps"]
    figures = status(client, desk)
    for key, config in found.items():
        if config.get("stat_t") == desk.base + "status":
            assert config["ent_cat"] == "diagnostic"
            assert config["val_tpl"] == "{{ value_json.%s }}" % key
            assert key in figures, key
    for key in (
        *("dropped", "i2c_retries", "refused_retained", "queue_high_water", "i2c_errors"),
        *("interrupts", "missed_interrupts", "i2c_longest_us", "rssi", "uptime", "heap_free"),
        *("mqtt_downtime_s", "mqtt_downtimes", "reset_cause"),
    ):
        assert key in found, key
    assert found["again_restart"]["dev_cla"] == "restart"
    assert found["led_identify"]["dev_cla"] == "identify"
    assert found["logging_level"]["ops"] == ["critical", "error", "warn", "info", "debug"]


def test_the_status_led_blinks_fast_to_be_found(ready: Furnished) -> None:
    desk, client = ready()
    client.publish(desk.base + "led/identify/set", "PRESS")

    def lamp() -> int:
        return int(desk.board.get("/node")["pins"]["2"]["level"])

    for level in (1, 0, 1, 0):
        wait_until(lambda level=level: lamp() == level, what=f"level {level}")


WATCHDOG_S = 6
HANGS = """
import asyncio
import os


async def hang():
    if "hung" not in os.listdir():
        await asyncio.sleep(2)
        open("hung", "w").close()
        while True:
            os.listdir()
"""


def test_a_node_that_hangs_is_restarted_by_the_watchdog_and_says_so(ready: Furnished) -> None:
    components = '{"own": {"package": "own", "component": "hang"}}'
    # Longer than a computer stalls, which would be a node that hangs.
    desk, client = ready(f"WATCHDOG_S = {WATCHDOG_S}\n", components, HANGS)
    told = client.wait_for(f"home/log/error/{desk.node}", None, RESTART_S)
    assert told.payload.startswith("reset: watchdog: ")
    wait_until(lambda: status(client, desk).get("reset_cause") == "watchdog", what="reset cause")
    wait_until(lambda: status(client, desk)["uptime"] > WATCHDOG_S + 2, RESTART_S, "a longer life")


def test_log_file_level_of_a_source_and_a_time_server_that_is_not_there(ready: Furnished) -> None:
    desk, client = ready(
        'LOG_FILE_KB = 8\nLOG_LEVELS = {"mqtt": "debug"}\nNTP_HOST = "127.0.0.1"\n'
    )
    desk.board.reset_node()  # records of the first start were made before we listened
    client.wait_for(f"home/log/info/{desk.node}", f"mqtt: online as home/{desk.node}", RESTART_S)
    wait_until(
        lambda: any("time: no time from 127.0.0.1" in r for r in records(client, desk, "warn")),
        what="warning",
    )
    file = desk.state / "flash" / "log.txt"
    wait_until(lambda: file.exists() and "online as" in file.read_text(), what="log file")


def test_country_strongest_access_point_and_static_address(ready: Furnished) -> None:
    desk, client = ready(
        'WIFI_COUNTRY = "DE"\nWIFI_STRONGEST = True\n'
        'STATIC_ADDRESS = ["192.168.1.20", "255.255.255.0", "192.168.1.1", "192.168.1.1"]\n'
    )
    # What the node prints may come later than what it publishes.
    wait_until(lambda: "is the strongest" in desk.log)
    wait_until(lambda: " as 192.168.1.20" in desk.log)
    wait_until(lambda: status(client, desk).get("rssi"), what="signal strength")


def test_a_cable_takes_the_place_of_the_radio(ready: Furnished) -> None:
    desk, client = ready(
        'WIFI_SSID = ""\n'
        'ETHERNET = {"phy_type": "LAN8720", "phy_addr": 1, "mdc": 23, "mdio": 18}\n'
    )
    wait_until(lambda: "lan: joined as 127.0.0.1" in desk.log)
    client.publish(desk.base + "chip20/pin0/set", "ON")
    client.wait_for(desk.base + "chip20/pin0/state", "ON")
    wait_until(lambda: status(client, desk), what="status")
    assert status(client, desk)["rssi"] is None


def test_alive_is_told_again_and_again_and_is_off_while_no_chip_answers(ready: Furnished) -> None:
    desk, client = ready("ALIVE_INTERVAL = 1\n")
    topic = desk.base + "alive"
    client.wait_for(topic, "ON")
    client.clear()
    wait_until(lambda: len(client.of(topic)) >= 4, what="some intervals")
    assert {message.payload for message in client.of(topic)} == {"ON"}
    desk.board.power(0x20, False)
    off = client.wait_for(topic, "OFF")
    desk.board.power(0x20, True)
    client.wait_for(topic, "ON", after=off)


OFFLINE = """
import asyncio


class Own:
    def attach(self, node, name):
        self.node = node

    async def start(self):
        self.node.spawn("own", self.run)

    async def run(self):
        session = self.node.session
        while not session.online:
            await asyncio.sleep_ms(10)
        while session.online:
            await asyncio.sleep_ms(10)
        for number in range(15):
            self.node.log.warn("own", "%d", number)
"""
OWN = '{"own": {"package": "own", "component": "Own"}}'


def test_of_records_made_without_a_broker_the_newest_follow_and_the_others_are_counted(
    ready: Furnished,
) -> None:
    levels = 'LOG_LEVELS = {"wifi": "critical", "mqtt": "critical"}\n'  # only ours count
    desk, client = ready("LOG_RING = 5\n" + levels, OWN, OFFLINE)
    desk.board.wifi(False)
    wait_until(lambda: "own: 14" in desk.log, RESTART_S, "the records")
    client.clear()
    desk.board.wifi(True)
    wait_until(lambda: len(records(client, desk, "warn")) >= 5, RESTART_S, "what was kept")
    wait_until(lambda: status(client, desk).get("log_lost") == 10, what="count of what was not")
    assert records(client, desk, "warn") == [f"own: {number}" for number in range(10, 15)]


TELLS = """
import gc


class Own:
    def attach(self, node, name):
        self.node = node

    async def start(self):
        self.node.log.warn("own", "while loading %d", gc.threshold())
        self.node.spawn("own", self.later)

    async def later(self):
        await self.node.link_ready()
        self.node.log.warn("own", "later %d", gc.threshold())
"""


def test_memory_is_collected_often_while_components_load_and_more_rarely_then(
    ready: Furnished,
) -> None:
    desk, _ = ready("", OWN, TELLS)
    wait_until(lambda: "own: later 65536" in desk.log, what="threshold of a node that runs")
    assert "own: while loading 4096" in desk.log


def test_a_node_with_a_battery_sleeps_wakes_and_never_seems_to_be_away(ready: Furnished) -> None:
    components = {
        "ram": {"package": ".machine.ram", "component": "RAM"},
        "battery": {
            "package": ".machine.deep_sleep",
            "component": "DeepSleep",
            "constructor_args": {"sleep": 2},
        },
    }
    desk, client = ready("", json.dumps(components))
    client.wait_for(desk.base + "ram/free/state")
    asleep = "battery: asleep for 2 s"
    wait_until(lambda: desk.log.count(asleep) >= 1, RESTART_S, "the first sleep")
    client.clear()
    wait_until(lambda: desk.log.count(asleep) >= 2, RESTART_S, "the second sleep")
    client.wait_for(desk.base + "ram/free/state", None, RESTART_S)
    assert not [m for m in client.of(desk.base + "available") if m.payload != "online"]

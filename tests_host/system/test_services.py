# SPDX-License-Identifier: MIT
"""The services of the core on a running node: log levels, restarts and their reasons, figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desk import MQTT, Desk, wait_until

RESTART_S = 30
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
def ready(
    tmp_path: Path, sim: Callable[..., Desk], mqtt: Callable[..., MQTT]
) -> Callable[..., tuple[Desk, MQTT]]:
    """Function that starts a node with the services and the given lines of credentials.py."""

    def start(settings: str = "") -> tuple[Desk, MQTT]:
        folder = tmp_path / "desk"
        flash = folder / "state" / "flash"
        flash.mkdir(parents=True)
        (flash / "credentials.py").write_text("STATUS_INTERVAL = 1\n" + settings)
        file = tmp_path / "components.json"
        file.write_text(COMPONENTS)
        desk = sim("--components", str(file), folder=folder)
        client = mqtt(desk.mqtt_port, "#")
        client.wait_for(desk.base + "available", "online")
        return desk, client

    return start


Ready = Callable[..., tuple[Desk, MQTT]]


def status(client: MQTT, desk: Desk) -> dict[str, Any]:
    messages = client.of(desk.base + "status")
    return dict(json.loads(messages[-1].payload)) if messages else {}


def records(client: MQTT, desk: Desk, level: str) -> list[str]:
    return [message.payload for message in client.of(f"home/log/{level}/{desk.node}")]


def test_a_client_that_sends_nonsense_does_not_flood_the_log(ready: Ready) -> None:
    desk, client = ready()
    for number in range(300):
        client.publish(desk.base + "chip20/pin0/set", f"nonsense{number}", qos=0)
    client.publish(desk.base + "chip20/pin0/set", "ON")
    client.wait_for(desk.base + "chip20/pin0/state", "ON")
    wait_until(lambda: status(client, desk).get("refused") == 300, 10, "refused commands")
    assert 20 <= len(records(client, desk, "warn")) <= 60
    assert status(client, desk)["log_muted"] >= 240
    assert any("left out" in text for text in records(client, desk, "warn"))


def test_the_log_level_changes_at_run_time_and_survives_a_restart(ready: Ready) -> None:
    desk, client = ready()
    client.wait_for(desk.base + "logging/mqtt_level/state", "warn")
    client.publish(desk.base + "logging/mqtt_level/set", "info")
    client.wait_for(desk.base + "logging/mqtt_level/state", "info")
    wait_until(lambda: "kept.json" in _files(desk), 10, "kept level")
    client.clear()
    desk.board.reset_node()
    client.wait_for(desk.base + "logging/mqtt_level/state", "info", RESTART_S)
    wait_until(lambda: records(client, desk, "info"), 10, "records of level info")


def _files(desk: Desk) -> list[str]:
    return [path.name for path in (desk.state / "flash").iterdir()]


def test_the_restart_button_restarts_and_the_reason_is_told_once(ready: Ready) -> None:
    desk, client = ready()
    client.publish(desk.base + "chip20/pin0/set", "ON")
    client.wait_for(desk.base + "chip20/pin0/state", "ON")
    client.clear()
    client.publish(desk.base + "again/restart/set", "PRESS")
    client.wait_for(f"home/log/warn/{desk.node}", "reset: command: button again", RESTART_S)
    wait_until(lambda: status(client, desk).get("reset_cause") == "command", 10, "reset cause")
    assert desk.board.latch(0x20) == 1
    wait_until(lambda: "reset.txt" not in _files(desk), 10, "told")
    client.clear()
    desk.board.reset_node()
    client.wait_for(desk.base + "available", "online", RESTART_S)
    wait_until(lambda: status(client, desk).get("reset_cause") == "HARD_RESET", 10, "reset cause")
    assert not any("command" in text for text in records(client, desk, "warn"))


def test_a_node_that_crashes_restarts_and_tells_the_traceback(ready: Ready) -> None:
    desk, client = ready()
    library = desk.state / "flash" / "mqtt_as.py"
    library.write_text('import os\nos.remove("mqtt_as.py")\nraise ValueError("broken once")\n')
    client.clear()
    desk.board.reset_node()
    told = client.wait_for(f"home/log/error/{desk.node}", None, RESTART_S).payload
    assert told.startswith("reset: crash: Traceback") and "mqtt_as.py" in told
    assert told.endswith("ValueError: broken once")
    assert "the node crashed and restarts in 5 s" in desk.log
    wait_until(lambda: "reset.txt" not in _files(desk), 10, "told")


def test_the_figures_are_diagnostic_entities(ready: Ready) -> None:
    desk, client = ready()
    wait_until(lambda: "interrupts" in status(client, desk), 10, "status")
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


def test_the_status_led_blinks_fast_to_be_found(ready: Ready) -> None:
    desk, client = ready()
    client.publish(desk.base + "led/identify/set", "PRESS")
    levels: set[int] = set()
    wait_until(
        lambda: levels.add(int(desk.board.get("/node")["pins"]["2"]["level"])) or levels == {0, 1},
        10,
        "both levels",
    )

# SPDX-License-Identifier: MIT
"""Devices through the whole node: real firmware, real broker, simulated board."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desk import MQTT, Desk, Furnished, wait_until

COMPONENTS = """{
  "i2c": {"package": ".machine.i2c", "component": "I2C",
          "constructor_args": {"scl": 22, "sda": 21, "freq": 400000}},
  "eight": {"package": ".devices.mcp23008", "component": "MCP23008", "constructor_args": {
    "i2c": "@i2c", "address": "0x22", "int_pin": 4, "pins": [
      {"pin": "GP0", "type": "output"}, {"pin": 1, "type": "switch", "id": "pump"},
      {"pin": 7, "type": "binary_sensor", "id": "door"}]}},
  "weak": {"package": ".devices.pcf8574", "component": "PCF8574", "constructor_args": {
    "i2c": "@i2c", "address": "0x38", "pins": [
      {"pin": "P0", "type": "switch", "id": "relay", "invert": true},
      {"pin": 1, "type": "output", "invert": true}]}},
  "chain": {"package": ".devices.hc595", "component": "HC595", "constructor_args": {
    "ser": 23, "srclk": 18, "rclk": 27, "oe": 19, "chips": 2, "pins": [
      {"pin": 12, "type": "light", "id": "lamp"}, {"pin": 3, "type": "output"}]}},
  "far": {"package": ".devices.remote_switch", "component": "RemoteSwitch",
          "constructor_args": {"topic": "home/attic/chip20/fan"}},
  "attic": {"package": ".sensors.remote_sensor", "component": "RemoteSensor",
            "constructor_args": {"topic": "home/attic/t/state"}},
  "room": {"package": ".devices.thermostat", "component": "Thermostat", "constructor_args": {
    "sensor": "@attic", "heater": "@weak.1", "cooler": "@far.0", "interval": 1}},
  "eye": {"package": ".devices.led", "component": "LED", "constructor_args": {"pin": "@chain.3"}},
  "horn": {"package": ".devices.buzzer", "component": "Buzzer", "constructor_args": {"pin": 26}},
  "scene": {"package": ".devices.generic_switch", "component": "GenericSwitch",
            "constructor_args": {
    "on": [{"output": "@eight.0", "do": "on"}, {"output": "@eye", "do": "blink"}],
    "off": [{"output": "@eight.0", "do": "off"}, {"output": "@eye", "do": "off"}],
    "state": "@eight.0"}}
}
"""


@pytest.fixture
def ready(furnished: Furnished) -> tuple[Desk, MQTT]:
    """A node with devices, and a client that sees everything."""
    return furnished(COMPONENTS)


def command(ready: tuple[Desk, MQTT], entity: str, payload: str, state: str) -> None:
    """Send a command and wait for the state that follows."""
    desk, client = ready
    client.clear()
    client.publish(f"{desk.base}{entity}/set", payload)
    client.wait_for(f"{desk.base}{entity}/state", state)


def test_outputs_of_every_chip_carry_out_commands(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready
    for name in ("eight", "weak"):
        client.wait_for(f"{desk.base}{name}/available", "online")
    for entity in ("eight/pump", "weak/relay", "chain/lamp", "eye/led", "horn/buzzer"):
        command(ready, entity, "ON", "ON")
        command(ready, entity, "TOGGLE", "OFF")
    command(ready, "scene/switch", "ON", "ON")
    client.wait_for(desk.base + "eye/led/state", "ON")
    command(ready, "scene/switch", "OFF", "OFF")


def test_a_thermostat_heats_here_and_cools_at_another_node(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready
    topic = desk.base + "room/climate"

    def action() -> Any:
        messages = client.of(topic + "/state")
        return messages and json.loads(messages[-1].payload)["action"]

    client.publish("home/attic/chip20/fan/state", "OFF")
    client.publish("home/attic/t/state", "15.5")
    client.publish(topic + "/set", "heat")
    wait_until(lambda: action() == "heating")
    client.publish("home/attic/t/state", "25")
    wait_until(lambda: action() == "idle")
    client.publish(topic + "/set", "cool")
    client.wait_for("home/attic/chip20/fan/set", "ON")
    client.publish("home/attic/chip20/fan/state", "ON")
    wait_until(lambda: action() == "cooling")


def test_home_assistant_is_told_of_them(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready

    def found() -> Any:
        for message in tuple(client.messages):
            if message.topic.endswith("/node/config") and message.payload:
                return json.loads(message.payload)["cmps"]
        return None

    entities = wait_until(found)
    assert entities["room_climate"]["modes"] == ["off", "cool", "heat"]
    assert entities["room_climate"]["p"] == "climate"
    assert entities["eye_led"]["fx_list"] == ["blink", "fast", "flash"]
    assert entities["horn_buzzer"]["p"] == "siren"
    assert entities["chain_lamp"]["p"] == "light"
    rows = json.loads(client.wait_for(desk.base + "components").payload)
    rows = rows["components"] if isinstance(rows, dict) else rows
    assert [row for row in rows if row.get("errors")] == []

# SPDX-License-Identifier: MIT
"""Sensors through the whole node: real firmware, real broker, simulated board."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desk import MQTT, RESTART_S, Desk, Furnished, wait_until
from documented import documented

COMPONENTS = """{
  "i2c": {"package": ".machine.i2c", "component": "I2C",
          "constructor_args": {"scl": 22, "sda": 21, "freq": 400000}},
  "air": {"package": ".sensors.htu21d", "component": "HTU21D", "constructor_args": {
    "i2c": "i2c", "precision_temp": 2, "precision_humid": 1, "temp_offset": -2.0,
    "humid_offset": 10.0, "interval_reading": 1, "interval_publish": 1}},
  "roof": {"package": ".sensors.bme280", "component": "BME280",
           "constructor_args": {"i2c": "@i2c"}},
  "gas": {"package": ".sensors.ccs811", "component": "CCS811", "constructor_args": {
    "i2c": "@i2c", "temperature": "@air", "humidity": "@air"}},
  "boiler": {"package": ".sensors.ds18", "component": "DS18",
             "constructor_args": {"pin": 13, "name": "Boiler"}},
  "bath": {"package": ".sensors.dht22", "component": "DHT22", "constructor_args": {"pin": 27}},
  "tank": {"package": ".sensors.hcsr04", "component": "HCSR04",
           "constructor_args": {"trigger": 25, "echo": 26}},
  "cell": {"package": ".sensors.battery", "component": "Battery", "constructor_args": {
    "pin": 34, "voltage_min": 3, "voltage_max": 4.2, "multiplier": 2}},
  "ram": {"package": ".machine.ram", "component": "RAM"},
  "chip": {"package": ".machine.temperature", "component": "ChipTemperature"},
  "probe": {"package": ".machine.adc", "component": "ADC",
            "constructor_args": {"pin": 35, "device_class": "voltage"}},
  "well": {"package": "well", "component": "Well",
           "constructor_args": {"probe": "@probe", "name": "Well"}},
  "attic": {"package": ".sensors.remote_sensor", "component": "RemoteSensor",
            "constructor_args": {"topic": "home/attic/t/state"}},
  "lamp": {"package": "lamp", "component": "Lamp", "constructor_args": {"sensor": "@attic"}}
}
"""

# Shows what a sensor that it refers to says.
LAMP = """
import asyncio
from node.component import Component

class Lamp(Component):
    def __init__(self, sensor):
        self._sensor = sensor
    async def start(self):
        self.node.spawn(self.name, self._run)
    async def _run(self):
        while True:
            value = await self._sensor.temperature()
            self.node.log.warn("lamp", "it has %s", value)
            await asyncio.sleep_ms(100)
"""


@pytest.fixture
def ready(furnished: Furnished) -> tuple[Desk, MQTT]:
    """A node with sensors, and a client that sees everything."""
    return furnished(COMPONENTS, {"lamp.py": LAMP, "well.py": documented("Well")})


def discovered(client: MQTT, component: str, entity: str) -> Any:
    """Return the discovery of an entity of the device of a component, or of the node's own."""

    def found() -> Any:
        for message in tuple(client.messages):
            if message.topic.endswith(f"/{component}/config") and message.payload:
                entities = json.loads(message.payload)["cmps"]
                if entity in entities:
                    return entities[entity]
        return None

    return wait_until(found, what=entity)


def test_each_sensor_is_measured_and_announced(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready
    for topic, payload in (
        ("air/temperature", "18.00"),
        ("air/humidity", "60.0"),
        ("roof/temperature", "20.0"),
        ("roof/pressure", "1013.0"),
        ("roof/humidity", "50.0"),
        ("gas/co2", "400"),
        ("boiler/temperature", "20.0"),
        ("bath/humidity", "50.0"),
        ("tank/distance", "100.0"),
        ("cell/voltage", "3.60"),
        ("cell/battery", "50"),
        ("chip/temperature", "53"),
        ("well/distance", "0.0"),
    ):
        message = client.wait_for(f"{desk.base}{topic}/state")
        assert message.payload == payload, topic
    for name in ("air", "roof", "gas"):
        client.wait_for(f"{desk.base}{name}/available", "online")
    for device, entity, kind, unit in (
        ("air", "air_temperature", "temperature", "°C"),
        ("air", "air_humidity", "humidity", "%"),
        ("roof", "roof_pressure", "atmospheric_pressure", "hPa"),
        ("gas", "gas_co2", "carbon_dioxide", "ppm"),
        ("gas", "gas_tvoc", "volatile_organic_compounds_parts", "ppb"),
        ("node", "boiler_temperature", "temperature", "°C"),
        ("node", "bath_humidity", "humidity", "%"),
        ("node", "tank_distance", "distance", "cm"),
        ("node", "cell_voltage", "voltage", "V"),
        ("node", "cell_battery", "battery", "%"),
        ("node", "chip_temperature", "temperature", "°C"),
        ("node", "probe_value", "voltage", "V"),
        ("node", "ram_free", "data_size", "B"),
    ):
        config = discovered(client, device, entity)
        assert (config["p"], config["stat_cla"]) == ("sensor", "measurement"), entity
        assert (config["dev_cla"], config["unit_of_meas"]) == (kind, unit)
        assert config["exp_aft"] >= 5, entity
    assert discovered(client, "air", "air_temperature")["exp_aft"] == 5
    assert discovered(client, "node", "boiler_temperature")["name"] == "Boiler"
    assert "task" not in desk.log
    assert "cannot be measured" not in desk.log


def test_the_weather_changes_and_a_sensor_fails_and_comes_back(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready
    desk.board.put("/sensors/air", {"temperature": 31.5})
    client.wait_for(f"{desk.base}air/temperature/state", "29.50")
    desk.board.put("/sensors/air", {"powered": False})
    client.wait_for(f"{desk.base}air/available", "offline")
    wait_until(lambda: "air: cannot be measured: 0x40 does not answer" in desk.log)
    desk.board.put("/sensors/air", {"powered": True})
    wait_until(lambda: client.of(f"{desk.base}air/available")[-1].payload == "online")
    assert desk.log.count("0x40 does not answer") == 1


def test_an_interval_is_changed_over_mqtt_announced_and_kept(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready
    client.wait_for(f"{desk.base}roof/pressure/state")
    client.clear()
    client.publish(f"{desk.base}roof/interval/set", '{"publish": 60}')
    message = client.wait_for(f"{desk.base}roof/interval/state")
    assert json.loads(message.payload) == {"reading": 120, "publish": 60}
    wait_until(
        lambda: any(
            json.loads(m.payload)["cmps"].get("roof_pressure", {}).get("exp_aft") == 127
            for m in tuple(client.messages)
            if m.topic.endswith("/roof/config")
        )
    )
    kept = desk.state / "flash" / "kept.json"
    wait_until(lambda: kept.exists() and "intervals roof" in kept.read_text())
    desk.board.reset_node()
    gone = client.wait_for(desk.base + "available", "offline")
    topic = f"{desk.base}roof/interval/state"
    message = client.wait_for(topic, timeout=RESTART_S, after=gone)
    assert json.loads(message.payload) == {"reading": 120, "publish": 60}


def test_a_value_of_another_node_is_a_sensor_here(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready
    wait_until(lambda: "it has None" in desk.log)
    client.publish("home/attic/t/state", "23.25")
    wait_until(lambda: "it has 23.25" in desk.log)

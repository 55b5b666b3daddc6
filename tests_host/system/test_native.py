# SPDX-License-Identifier: MIT
"""Native pins through the whole node: real firmware, real broker, simulated board."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desk import MQTT, RESTART_S, Desk, Furnished, wait_until
from documented import documented

COMPONENTS = """{
  "esp": {"package": ".machine.gpio", "component": "GPIO", "constructor_args": {"pins": [
    {"pin": 23, "type": "switch", "name": "Pump", "invert": true},
    {"pin": 27, "type": "binary_sensor", "name": "Wall", "invert": true, "events": ["press"]},
    {"pin": 25, "type": "input", "invert": true},
    {"pin": 12, "type": "switch"}]}},
  "shelf": {"package": ".machine.pwm", "component": "PWM",
            "constructor_args": {"pin": 19, "name": "Shelf"}},
  "flap": {"package": ".machine.servo", "component": "Servo",
           "constructor_args": {"pin": 18, "name": "Flap"}},
  "battery": {"package": ".machine.adc", "component": "ADC",
              "constructor_args": {"pin": 34, "name": "Battery", "interval": 0.2}},
  "meter": {"package": ".machine.counter", "component": "Counter", "constructor_args": {
    "pin": 26, "name": "Energy", "unit": "kWh", "device_class": "energy", "per_unit": 10,
    "digits": 1, "debounce": 0, "interval": 0.2, "rate": true, "keep": 1}},
  "bell": {"package": "doorbell", "component": "Doorbell",
           "constructor_args": {"button": "@esp.25", "horn": 21}}
}
"""


@pytest.fixture
def ready(furnished: Furnished) -> tuple[Desk, MQTT]:
    """A node with native pins, and a client that sees everything."""
    return furnished(COMPONENTS, {"doorbell.py": documented("Doorbell")})


def level(desk: Desk, gpio: int) -> int:
    return int(desk.board.get("/node")["pins"][str(gpio)]["level"])


def pwm(desk: Desk, gpio: int) -> tuple[int, int]:
    """Return frequency and duty of a pin."""
    row = desk.board.get("/node")["pins"][str(gpio)]["pwm"]
    return row["frequency"], row["duty_u16"]


def drive(desk: Desk, gpio: int, to: int | None) -> None:
    desk.board.put(f"/pins/{gpio}", {"level": to})


def test_a_switch_and_a_button_are_those_of_home_assistant(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready
    assert level(desk, 23) == 1, "off is a high level"
    client.wait_for(desk.base + "esp/pump/state", "OFF")
    client.publish(desk.base + "esp/pump/set", "ON")
    client.wait_for(desk.base + "esp/pump/state", "ON")
    assert level(desk, 23) == 0
    client.clear()
    client.publish(desk.base + "esp/pump/set", "PULSE:100")
    client.wait_for(desk.base + "esp/pump/state", "OFF")
    assert level(desk, 23) == 1
    drive(desk, 27, 0)
    client.wait_for(desk.base + "esp/wall/state", "ON")
    client.wait_for(desk.base + "esp/wall_presses/event", '{"event_type":"press"}')
    drive(desk, 27, None)
    client.wait_for(desk.base + "esp/wall/state", "OFF")


def test_the_component_of_the_documentation_takes_pins_by_reference_and_by_number(
    ready: tuple[Desk, MQTT],
) -> None:
    desk, _ = ready
    for pressed in (1, 0, 1):
        drive(desk, 25, 1 - pressed)
        wait_until(lambda pressed=pressed: level(desk, 21) == pressed, what="the horn")


def test_light_servo_and_sensors_work(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready
    client.publish(desk.base + "shelf/light/set", '{"state":"ON","brightness":128}')
    client.wait_for(desk.base + "shelf/light/state", '{"state":"ON","brightness":128}')
    assert pwm(desk, 19) == (1000, 128 * 257)
    client.publish(desk.base + "flap/angle/set", "ANGLE:90")
    client.wait_for(desk.base + "flap/angle/state", "90")
    frequency, duty = pwm(desk, 18)
    assert abs(duty / 65535 / frequency - 0.0015) < 0.00001
    client.wait_for(desk.base + "battery/value/state", "0.00")
    for _ in range(12):
        drive(desk, 26, 0)
        drive(desk, 26, 1)
    client.wait_for(desk.base + "meter/total/state", "1.2")
    client.wait_for(desk.base + "meter/rate/state", "0.000")


def test_what_cannot_be_gives_one_line_and_the_rest_runs(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready
    rows = json.loads(client.wait_for(desk.base + "components").payload)
    rows = json.loads(client.of(desk.base + "components")[-1].payload)
    faults = {row["name"]: row.get("errors") for row in rows}
    (fault,) = faults.pop("esp")
    assert fault.startswith("pins[3].pin: GPIO 12: ") and "allow_unsafe" in fault
    assert set(faults.values()) == {None}


def test_they_are_announced_as_home_assistant_takes_them(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready
    messages = [m for m in client.messages if m.topic.startswith("homeassistant/device/")]
    (payload,) = [json.loads(m.payload) for m in messages]
    found: dict[str, Any] = payload["cmps"]
    assert "via_device" not in payload["dev"], "they belong to the node itself"
    identity = {"uniq_id", "def_ent_id", "name", "p", "~"}

    def keys(key: str) -> dict[str, Any]:
        entity = found[key]
        assert identity <= set(entity)
        return {name: entity[name] for name in entity if name not in identity}

    ends = {"stat_t": "~/state", "cmd_t": "~/set"}
    assert found["shelf_light"]["p"] == "light"
    options = {"schema": "json", "brightness": True, "trns": False, "flsh": False}
    assert keys("shelf_light") == {**ends, **options}
    assert found["flap_angle"]["p"] == "number"
    assert keys("flap_angle") == {
        **ends,
        "cmd_tpl": "ANGLE:{{ value }}",
        "mode": "slider",
        "min": 0,
        "max": 180,
        "unit_of_meas": "°",
    }
    for key, options in (
        ("battery_value", {"unit_of_meas": "V", "stat_cla": "measurement", "exp_aft": 5}),
        (
            "meter_total",
            {"unit_of_meas": "kWh", "dev_cla": "energy", "stat_cla": "total_increasing"},
        ),
        ("meter_rate", {"unit_of_meas": "kWh/min", "stat_cla": "measurement"}),
    ):
        assert found[key]["p"] == "sensor"
        assert keys(key) == {"stat_t": "~/state", **options}
    assert keys("esp_pump") == ends
    assert keys("esp_wall") == {"stat_t": "~/state"}


def test_outputs_are_off_and_totals_go_on_after_a_restart(ready: tuple[Desk, MQTT]) -> None:
    desk, client = ready
    client.publish(desk.base + "esp/pump/set", "ON")
    client.wait_for(desk.base + "esp/pump/state", "ON")
    for to in (0, 1, 0, 1):
        drive(desk, 26, to)
    kept = desk.state / "flash" / "kept.json"
    wait_until(
        lambda: kept.exists() and json.loads(kept.read_text()) == {"pulses meter": 2},
        what="a total",
    )
    client.clear()
    desk.board.reset_node()
    client.wait_for(desk.base + "esp/pump/state", "OFF", RESTART_S)
    client.wait_for(desk.base + "meter/total/state", "0.2")
    assert level(desk, 23) == 1

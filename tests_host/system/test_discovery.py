# SPDX-License-Identifier: MIT
"""What the node announces, held against what Home Assistant 2026.11 takes.

An unknown key of an entity is dropped there without a word, one of a device refuses all of it:
https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from desk import MQTT, Connect, Desk, Furnished, wait_until

DEVICE = {"ids", "cns", "name", "mf", "mdl", "mdl_id", "hw", "sw", "sn", "sa", "cu", "via_device"}
ORIGIN = {"name", "sw", "url"}
TOP = {"dev", "o", "cmps", "avty", "avty_mode", "qos", "stat_t", "cmd_t"}
EVERY = {"p", "~", "uniq_id", "def_ent_id", "name", "ic", "ent_cat", "en"}
OF_PLATFORM = {
    "switch": {"stat_t", "cmd_t", "dev_cla", "opt", "pl_on", "pl_off"},
    "light": {"stat_t", "cmd_t", "opt", "pl_on", "pl_off"},
    "button": {"cmd_t", "dev_cla", "pl_prs"},
    "binary_sensor": {"stat_t", "dev_cla", "exp_aft", "off_dly", "pl_on", "pl_off"},
    "event": {"stat_t", "evt_typ", "dev_cla", "val_tpl"},
    "sensor": {"stat_t", "dev_cla", "unit_of_meas", "stat_cla", "val_tpl", "exp_aft"},
}
NEEDED = {
    "switch": {"stat_t", "cmd_t"},
    "light": {"stat_t", "cmd_t"},
    "button": {"cmd_t"},
    "binary_sensor": {"stat_t"},
    "event": {"stat_t", "evt_typ"},
    "sensor": {"stat_t"},
}
TRIGGER = {"p", "atype", "t", "type", "stype", "pl", "val_tpl"}
COMPONENTS = """{
  "i2c": {"package": ".machine.i2c", "component": "I2C",
          "constructor_args": {"scl": 22, "sda": 21}},
  "board": {"package": ".devices.mcp23017", "component": "MCP23017", "constructor_args": {
    "i2c": "@i2c", "address": "0x20", "pins": [
      {"pin": 0, "type": "switch", "name": "Pump", "device_class": "outlet", "icon": "mdi:pump"},
      {"pin": 1, "type": "light", "name": "Küche \\"Süd\\""},
      {"pin": 2, "type": "button", "name": "Gate"},
      {"pin": 3, "type": "binary_sensor", "device_class": "window"},
      {"pin": 4, "type": "event", "id": "bell"},
      {"pin": 5, "type": "binary_sensor", "id": "wall", "events": ["press", "long"],
       "triggers": true}]}}
}
"""


@pytest.fixture(params=["device", "entity"])
def announced(request: pytest.FixtureRequest, furnished: Furnished) -> tuple[str, Desk, MQTT]:
    """A node that announces itself in one of the two forms, and a client that saw it."""
    settings = f'DISCOVERY_FORM = "{request.param}"\n'
    return (request.param, *furnished(COMPONENTS, {"credentials.py": settings}))


def payloads(client: MQTT) -> dict[str, dict[str, Any]]:
    """Return what was announced, by topic."""
    found = [m for m in client.messages if m.topic.startswith("homeassistant/")]
    assert found and all(m.retained for m in found)
    return {m.topic: json.loads(m.payload) for m in found}


def components(form: str, found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return everything as if it had been announced by itself."""
    if form == "device":
        return [component for device in found.values() for component in device["cmps"].values()]
    return [{**component, "p": topic.split("/")[1]} for topic, component in found.items()]


def entities(form: str, found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every entity as if it had been announced by itself."""
    return [entity for entity in components(form, found) if entity["p"] != "device_automation"]


def test_every_topic_and_key_is_one_that_home_assistant_takes(
    announced: tuple[str, Desk, MQTT],
) -> None:
    form, _, client = announced
    found = payloads(client)
    for topic, payload in found.items():
        assert re.fullmatch(r"homeassistant(/[a-zA-Z0-9_-]+){3}/config", topic)
        assert set(payload["dev"]) <= DEVICE and payload["dev"]["ids"]
        assert set(payload["o"]) <= ORIGIN and payload["o"]["name"]
        if form == "device":
            assert set(payload) <= TOP
    for entity in entities(form, found):
        platform = entity["p"]
        shared = TOP if form == "entity" else set()
        assert set(entity) <= EVERY | OF_PLATFORM[platform] | shared, entity
        assert set(entity) >= NEEDED[platform] | {"uniq_id", "def_ent_id"}
        assert entity["def_ent_id"].startswith(platform + ".")
        assert re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", entity["def_ent_id"])


def test_ids_are_unique_and_the_chip_is_below_the_node(
    announced: tuple[str, Desk, MQTT],
) -> None:
    form, _, client = announced
    found = payloads(client)
    ids = [entity["uniq_id"] for entity in entities(form, found)]
    assert len(ids) == len(set(ids)) >= 4 + 2
    devices = {payload["dev"]["ids"][0]: payload["dev"] for payload in found.values()}
    below = [device for device in devices.values() if "via_device" in device]
    assert len(devices) == 2 and len(below) == 1
    assert below[0]["via_device"] in devices
    assert below[0]["mdl"] == "MCP23017"


def test_every_state_and_availability_topic_has_a_retained_message(
    announced: tuple[str, Desk, MQTT], mqtt: Connect
) -> None:
    form, desk, client = announced
    found = payloads(client)
    wanted = {row["t"] for payload in found.values() for row in payload["avty"]}
    for entity in entities(form, found):
        if entity["p"] not in ("button", "event"):
            wanted.add(entity["stat_t"].replace("~", entity.get("~", "")))
    for topic in wanted:
        client.wait_for(topic)  # some states may follow after the node is online
    retained = {m.topic for m in mqtt(desk.mqtt_port, "#").messages if m.retained}
    assert wanted <= retained
    assert {payload["avty_mode"] for payload in found.values()} == {"all"}


def test_an_event_names_its_kinds(announced: tuple[str, Desk, MQTT]) -> None:
    form, desk, client = announced
    events = [e for e in entities(form, payloads(client)) if e["p"] == "event"]
    kinds = {e["stat_t"].replace("~", e["~"]): e["evt_typ"] for e in events}
    assert kinds == {
        desk.base + "board/bell/event": ["single", "double", "triple", "long", "long_release"],
        desk.base + "board/wall_presses/event": ["press", "long"],
    }
    assert {e["dev_cla"] for e in events} == {"button"}


def test_triggers_of_the_device_listen_to_the_event(announced: tuple[str, Desk, MQTT]) -> None:
    form, desk, client = announced
    found = components(form, payloads(client))
    triggers = [c for c in found if c["p"] == "device_automation"]
    for trigger in triggers:
        assert set(trigger) - (TOP if form == "entity" else set()) == TRIGGER
        assert trigger["atype"] == "trigger"
        assert trigger["t"] == desk.base + "board/wall_presses/event"
        assert trigger["val_tpl"] == "{{ value_json.event_type }}"
    # Type and subtype together are unique in a device.
    assert {(t["type"], t["stype"], t["pl"]) for t in triggers} == {
        ("press", "wall", "press"),
        ("button_long_press", "wall", "long"),
    }


def test_names_of_any_script_and_quotes_arrive_as_written(
    announced: tuple[str, Desk, MQTT],
) -> None:
    form, _, client = announced
    names = {entity.get("name") for entity in entities(form, payloads(client))}
    assert {"Pump", 'Küche "Süd"', "Gate"} <= names


def test_home_assistant_coming_online_is_answered_with_everything(
    announced: tuple[str, Desk, MQTT],
) -> None:
    _, desk, client = announced
    before = set(payloads(client))
    client.clear()
    client.publish("homeassistant/status", "online")
    for topic in before:
        client.wait_for(topic)
    client.wait_for(desk.base + "board/pump/state")


def test_a_button_is_pressed_as_home_assistant_does_it(
    announced: tuple[str, Desk, MQTT],
) -> None:
    form, desk, client = announced
    (button,) = [e for e in entities(form, payloads(client)) if e["p"] == "button"]
    changes = desk.board.chip(0x20)["latch_changes"]
    topic = button["cmd_t"].replace("~", button["~"])
    client.publish(topic, button.get("pl_prs", "PRESS"))

    def pulsed() -> bool:
        return bool(desk.board.chip(0x20)["latch_changes"] == changes + 2)

    wait_until(pulsed, what="one pulse")

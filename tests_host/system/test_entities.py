# SPDX-License-Identifier: MIT
"""Entity types with several pins, whole ports and tables, as Home Assistant meets them.

The keys are those that Home Assistant 2026.11 takes:
https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from desk import MQTT, Connect, Desk, Furnished, wait_until

EVERY = {"p", "~", "uniq_id", "def_ent_id", "name", "ic", "ent_cat"}
TOP = {"dev", "o", "avty", "avty_mode"}
OF_PLATFORM = {
    "cover": {
        *("stat_t", "cmd_t", "dev_cla", "val_tpl"),
        *("pos_t", "pos_tpl", "set_pos_t", "set_pos_tpl"),
    },
    "fan": {
        *("stat_t", "cmd_t", "stat_val_tpl", "spd_rng_max"),
        *("pct_cmd_t", "pct_cmd_tpl", "pct_stat_t", "pct_val_tpl"),
    },
    "lock": {"stat_t", "cmd_t", "pl_open"},
    "valve": {"stat_t", "cmd_t", "dev_cla"},
    "siren": {"stat_t", "cmd_t", "sup_vol"},
    "switch": {"stat_t", "cmd_t", "dev_cla"},
    "binary_sensor": {"stat_t", "dev_cla"},
}
COMPONENTS = """{
  "i2c": {"package": ".machine.i2c", "component": "I2C",
          "constructor_args": {"scl": 22, "sda": 21, "freq": 400000}},
  "board": {"package": ".devices.mcp23017", "component": "MCP23017", "constructor_args": {
    "i2c": "@i2c", "address": "0x20", "port": true, "pins": [
      {"pin": 0, "type": "cover", "name": "Blind", "close_pin": "GPA1", "device_class": "blind",
       "travel_up": 1, "travel_down": 1, "pause": 100},
      {"pin": 2, "type": "fan", "name": "Fan", "speeds": [3, 4]},
      {"pin": 5, "type": "fan", "name": "Attic", "icon": "mdi:fan"},
      {"pin": 6, "type": "lock", "name": "Door", "pulse": 300, "feedback": 13},
      {"pin": 7, "type": "valve", "name": "Water", "device_class": "water"},
      {"pin": 8, "type": "siren", "name": "Alarm"},
      {"pin": 9, "type": "sensed_switch", "name": "Hall", "feedback": 14,
       "device_class": "outlet"},
      {"pin": 10, "type": "switch", "id": "a"}, {"pin": 11, "type": "switch", "id": "b"},
      {"pin": 12, "type": "output"}]}},
  "other": {"package": ".devices.mcp23017", "component": "MCP23017", "constructor_args": {
    "i2c": "@i2c", "address": "0x21", "pins": [
      {"pin": 0, "type": "output"}, {"pin": 1, "type": "switch"}]}},
  "house": {"package": ".entities.table", "component": "Table", "constructor_args": {"rows": [
      {"pin": "@board.12", "type": "cover", "name": "Gate", "close_pin": "@other.0",
       "travel_up": 2, "travel_down": 2},
      {"pin": "@other.1", "type": "light"}]}}
}
"""


@pytest.fixture(params=["device", "entity"])
def running(request: pytest.FixtureRequest, furnished: Furnished) -> tuple[str, Desk, MQTT]:
    """A node with every type, announced in one of the two forms, and a client that saw it."""
    settings = f'DISCOVERY_FORM = "{request.param}"\n'
    return (request.param, *furnished(COMPONENTS, {"credentials.py": settings}))


@pytest.fixture
def desk_and_client(furnished: Furnished) -> tuple[Desk, MQTT]:
    return furnished(COMPONENTS)


def entities(form: str, client: MQTT) -> dict[str, dict[str, Any]]:
    """Return every entity of the boards and of the table, by name, as if announced by itself."""
    found: dict[str, dict[str, Any]] = {}
    for message in client.messages:
        if not message.topic.startswith("homeassistant/") or not message.payload:
            continue
        payload = json.loads(message.payload)
        platform = message.topic.split("/")[1]
        each = payload["cmps"].values() if form == "device" else [{**payload, "p": platform}]
        for entity in each:
            if "~" in entity:
                found[entity.get("name") or entity["~"]] = entity
    return found


def topic(entity: dict[str, Any], key: str) -> str:
    return str(entity[key]).replace("~", entity["~"])


def test_every_type_is_announced_with_keys_that_home_assistant_takes(
    running: tuple[str, Desk, MQTT],
) -> None:
    form, _, client = running
    found = entities(form, client)
    platforms = {name: found[name]["p"] for name in found if "/" not in name}
    assert (
        platforms.items()
        >= {
            "Blind": "cover",
            "Gate": "cover",
            "Fan": "fan",
            "Attic": "fan",
            "Door": "lock",
            "Door problem": "binary_sensor",
            "Water": "valve",
            "Alarm": "siren",
            "Hall": "switch",
            "Hall problem": "binary_sensor",
        }.items()
    )
    for name in platforms:
        entity = found[name]
        shared = TOP if form == "entity" else set()
        if entity["p"] in OF_PLATFORM:
            assert set(entity) <= EVERY | OF_PLATFORM[entity["p"]] | shared, entity
        assert entity["def_ent_id"].startswith(entity["p"] + ".")
    assert found["Door"]["pl_open"] == "OPEN"
    assert found["Fan"]["spd_rng_max"] == 3
    assert "pct_cmd_t" not in found["Attic"]
    assert not [name for name in found if name.endswith("/port")]


def test_every_state_topic_has_a_retained_message(
    running: tuple[str, Desk, MQTT], mqtt: Connect
) -> None:
    form, desk, client = running
    found = entities(form, client)
    wanted = {
        topic(found[name], key)
        for name in ("Blind", "Fan", "Attic", "Door", "Door problem", "Water", "Alarm", "Hall")
        for key in ("stat_t", "pos_t", "pct_stat_t")
        if key in found[name]
    }
    for each in wanted:
        client.wait_for(each)  # some states may follow after the node is online
    late = mqtt(desk.mqtt_port, "#")
    assert wanted <= {m.topic for m in late.messages if m.retained and m.payload}


def test_the_fault_of_a_table_is_one_line_and_the_rest_runs(
    desk_and_client: tuple[Desk, MQTT],
) -> None:
    desk, client = desk_and_client
    rows = {
        row["name"]: row for row in json.loads(client.of(desk.base + "components")[-1].payload)
    }
    assert rows["house"]["errors"] == [
        "rows[1].pin: it is used already; its own table must have it as output or input"
    ]
    assert not [name for name in ("i2c", "board", "other") if "errors" in rows[name]]


def begin(client: MQTT, topic: str, payload: str, begun: Callable[[], bool]) -> None:
    """Give a command to interlocked outputs, which take none in their first 50 ms."""

    def given() -> bool:
        client.publish(topic, payload)
        return begun()

    wait_until(given, what=f"{topic} {payload}")


def latches(desk: Desk, address: str) -> list[int]:
    """Return what the latch of a chip has been, oldest first: a look at it may come too late."""
    rows = desk.board.get("/latches")["latches"]
    return [bits for _, of, bits in rows if of == address]


def newest(client: MQTT, topic: str) -> dict[str, Any]:
    return dict(json.loads(client.of(topic)[-1].payload))


def test_a_cover_moves_to_the_position_that_home_assistant_asks_for(
    desk_and_client: tuple[Desk, MQTT],
) -> None:
    desk, client = desk_and_client
    blind = entities("device", client)["Blind"]
    state = topic(blind, "stat_t")

    def moved() -> int:
        """Close it, then ask for 40 %; return where it has stopped."""
        client.clear()
        before = len(latches(desk, "0x20"))
        begin(client, topic(blind, "cmd_t"), "CLOSE", lambda: 2 in bits_since(before))
        client.wait_for(state)
        wait_until(lambda: newest(client, state) == {"state": "closed", "position": 0})
        wait_until(lambda: desk.board.latch(0x20) & 3 == 0)
        client.clear()
        before = len(latches(desk, "0x20"))
        payload = blind["set_pos_tpl"].replace("{{ position }}", "40")
        client.publish(topic(blind, "set_pos_t"), payload)
        client.wait_for(state)
        wait_until(lambda: newest(client, state)["state"] == "stopped")
        words = [json.loads(message.payload)["state"] for message in client.of(state)]
        assert "opening" in words
        assert set(bits_since(before)) == {0, 1}
        assert desk.board.latch(0x20) & 3 == 0
        return int(newest(client, state)["position"])

    def bits_since(before: int) -> list[int]:
        return [bits & 3 for bits in latches(desk, "0x20")[before:]]

    # Again if the computer stalled while it moved.
    assert any(abs(moved() - 40) <= 8 for _ in range(5))
    assert 3 not in bits_since(0)


def test_a_cover_over_two_chips_changes_its_direction_after_a_pause(
    desk_and_client: tuple[Desk, MQTT],
) -> None:
    desk, client = desk_and_client
    command = topic(entities("device", client)["Gate"], "cmd_t")
    begin(client, command, "OPEN", lambda: 1 << 12 in latches(desk, "0x20"))
    client.publish(command, "CLOSE")
    wait_until(lambda: 1 in latches(desk, "0x21"))
    changes = desk.board.get("/latches")["latches"]
    off = [at for at, address, bits in changes if address == "0x20" and not bits & 1 << 12][-1]
    on = [at for at, address, bits in changes if address == "0x21" and bits & 1][-1]
    assert on - off >= 490_000_000  # ns; 500 ms by the clock of the node
    client.publish(command, "STOP")
    wait_until(lambda: desk.board.latch(0x21) == 0)


def test_a_fan_takes_the_speed_that_home_assistant_asks_for(
    desk_and_client: tuple[Desk, MQTT],
) -> None:
    desk, client = desk_and_client
    fan = entities("device", client)["Fan"]
    is_on = {
        3: lambda: desk.board.latch(0x20) == 1 << 4,
        1: lambda: desk.board.latch(0x20) == 1 << 2,
    }
    for speed, begun in is_on.items():
        payload = fan["pct_cmd_tpl"].replace("{{ value }}", str(speed))
        begin(client, topic(fan, "pct_cmd_t"), payload, begun)
        client.wait_for(topic(fan, "pct_stat_t"), f'{{"state":"ON","speed":{speed}}}')


def test_a_command_for_the_port_is_one_transfer(desk_and_client: tuple[Desk, MQTT]) -> None:
    desk, client = desk_and_client
    base = desk.base + "board/"
    client.publish(base + "a/set", "ON")
    client.wait_for(base + "a/state", "ON")
    wait_until(lambda: int(client.of(base + "port/state")[-1].payload) & 0x0D00 == 0x0400)
    before = desk.board.chip(0x20)["latch_writes"]
    client.clear()
    client.publish(base + "port/set", '{"mask": "0x0D00", "value": "0x0900"}')
    client.wait_for(base + "a/state", "OFF")
    client.wait_for(base + "b/state", "ON")
    client.wait_for(base + "alarm/state", "ON")
    chip = desk.board.chip(0x20)
    assert chip["latch_writes"] == before + 1
    assert desk.board.latch(0x20) & 0x0D00 == 0x0900
    client.wait_for(base + "port/state")
    (state,) = client.of(base + "port/state")
    assert int(state.payload) & 0x0D00 == 0x0900


def test_a_port_command_that_is_not_possible_is_answered_with_the_reason(
    desk_and_client: tuple[Desk, MQTT],
) -> None:
    desk, client = desk_and_client
    before = desk.board.latch(0x20)
    client.publish(desk.base + "board/port/set", '{"mask": 7, "value": 7}')
    parts = ("pin 0 belongs to board/blind", "pin 2 belongs to board/fan")

    def answered() -> bool:
        warnings = client.of(f"home/log/warn/{desk.node}")
        return any(all(part in m.payload for part in parts) for m in warnings)

    wait_until(answered)
    assert desk.board.latch(0x20) == before

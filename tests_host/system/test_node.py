# SPDX-License-Identifier: MIT
"""The whole node: real firmware, real broker, simulated board, as a user meets them.

With MQTT_AS_PATH naming a folder that holds the original mqtt_as, the firmware runs on that.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from desk import LIMIT_S, MQTT, RESTART_S, Connect, Desk, StartSim, wait_until

ALL = "home/#"


def ready_desk(sim: StartSim, mqtt: Connect, *options: str, **more: Any) -> tuple[Desk, MQTT]:
    """Return a running desk and a client that sees everything below `home/`."""
    desk = sim(*options, **more)
    client = mqtt(desk.mqtt_port, ALL)
    client.wait_for(desk.base + "available", "online")
    return desk, client


def status_counter(client: MQTT, desk: Desk, key: str) -> int:
    """Return a counter of the newest status message."""
    messages = client.of(desk.base + "status")
    return int(json.loads(messages[-1].payload).get(key, 0)) if messages else 0


def with_fast_status(folder: Path) -> Path:
    """Prepare a state folder whose node reports its status every second."""
    flash = folder / "state" / "flash"
    flash.mkdir(parents=True)
    (flash / "credentials.py").write_text("STATUS_INTERVAL = 1\n")
    return folder


def warning(client: MQTT, desk: Desk, part: str) -> str:
    """Return the first warning of the node that has `part`, there already or still to come."""
    topic = f"home/log/warn/{desk.node}"

    def found() -> list[str]:
        return [message.payload for message in client.of(topic) if part in message.payload]

    return str(wait_until(found, what=f"a warning with {part}")[0])


def test_a_command_switches_the_latch_and_publishes_the_state(
    sim: StartSim, mqtt: Connect
) -> None:
    desk, client = ready_desk(sim, mqtt)
    client.clear()
    client.publish(desk.base + "chip20/out5/set", "ON")
    client.wait_for(desk.base + "chip20/out5/state", "ON")
    assert desk.board.latch(0x20) == 1 << 5
    client.publish(desk.base + "chip20/out5/set", "toggle")
    client.wait_for(desk.base + "chip20/out5/state", "OFF")
    assert desk.board.latch(0x20) == 0


def test_states_are_retained(sim: StartSim, mqtt: Connect) -> None:
    desk, client = ready_desk(sim, mqtt)
    client.publish(desk.base + "chip21/out8/set", "ON")
    client.wait_for(desk.base + "chip21/out8/state", "ON")
    client.wait_for(desk.base + "alive", "ON")
    late = mqtt(desk.mqtt_port, ALL)
    assert late.wait_for(desk.base + "chip21/out8/state", "ON").retained
    assert late.wait_for(desk.base + "chip20/out0/state", "OFF").retained
    assert late.wait_for(desk.base + "alive", "ON").retained


def test_a_pulse_ends_by_itself(sim: StartSim, mqtt: Connect) -> None:
    desk, client = ready_desk(sim, mqtt)

    def pulse() -> float:
        """Return how long it was on, in s."""
        client.clear()
        client.publish(desk.base + "chip20/out5/set", "PULSE:150")
        on = client.wait_for(desk.base + "chip20/out5/state", "ON")
        client.wait_for(desk.base + "chip20/out5/state", "OFF", after=on)
        assert desk.board.latch(0x20) == 0
        (begin, *_, one), (end, *_, none) = desk.board.get("/latches")["latches"][-2:]
        assert (one, none) == (1 << 5, 0)
        return float(end - begin) / 1e9

    # A computer that stalls may make one longer, but none shorter.
    lengths = [pulse() for _ in range(3)]
    assert 0.14 < min(lengths) < 1


def test_an_input_is_published(sim: StartSim, mqtt: Connect) -> None:
    desk, client = ready_desk(sim, mqtt)
    topic = desk.base + "chip21/in3/state"
    before = client.wait_for(topic).payload
    client.clear()
    desk.board.drive(0x21, 3, 0)
    client.wait_for(topic, {"ON": "OFF", "OFF": "ON"}[before])
    client.clear()
    desk.board.drive(0x21, 3, None)
    client.wait_for(topic, before)


def burst_of_16(desk: Desk, client: MQTT, word: str = "ON") -> int:
    """Command 16 outputs in one TCP segment; return the writes that it took."""
    before = desk.board.chip(0x20)["latch_writes"]
    client.clear()
    packets = b""
    for pin in range(16):
        topic = f"{desk.base}chip20/out{pin}/set".encode()
        payload = topic + word.encode()
        packets += bytes([0x30, len(payload) + 2, 0, len(topic)]) + payload
    client.client.socket().sendall(packets)
    for pin in range(16):
        client.wait_for(f"{desk.base}chip20/out{pin}/state", word)
    return int(desk.board.chip(0x20)["latch_writes"]) - before


def test_a_burst_of_16_commands_is_carried_out(sim: StartSim, mqtt: Connect) -> None:
    desk, client = ready_desk(sim, mqtt)
    burst_of_16(desk, client)
    assert desk.board.latch(0x20) == 0xFFFF


@pytest.mark.skipif(
    "MQTT_AS_PATH" in os.environ, reason="the original mqtt_as hands over one message every 5 ms"
)
def test_a_burst_of_16_commands_costs_at_most_two_transactions(
    sim: StartSim, mqtt: Connect
) -> None:
    desk, client = ready_desk(sim, mqtt)
    # On a busy machine the broker may hand a burst over in pieces, seconds apart.
    words = ("ON", "OFF") * 5
    assert any(1 <= burst_of_16(desk, client, word) <= 2 for word in words)


def test_a_restart_of_the_node_leaves_every_output_as_it_was(sim: StartSim, mqtt: Connect) -> None:
    desk, client = ready_desk(sim, mqtt)
    for component, pin in (("chip20", 1), ("chip20", 14), ("chip21", 9)):
        client.publish(f"{desk.base}{component}/out{pin}/set", "ON")
        client.wait_for(f"{desk.base}{component}/out{pin}/state", "ON")
    changes = [desk.board.chip(address)["latch_changes"] for address in (0x20, 0x21)]
    desk.restart_node(client)
    assert desk.board.latch(0x20) == 1 << 1 | 1 << 14
    assert desk.board.latch(0x21) == 1 << 9
    assert changes == [desk.board.chip(address)["latch_changes"] for address in (0x20, 0x21)]
    client.wait_for(desk.base + "chip20/out14/state", "ON")


def test_a_chip_that_lost_power_is_restored_and_says_so(sim: StartSim, mqtt: Connect) -> None:
    desk, client = ready_desk(sim, mqtt)
    client.publish(desk.base + "chip20/out2/set", "ON")
    client.wait_for(desk.base + "chip20/out2/state", "ON")
    registers = desk.board.chip(0x20)["registers"]

    def restored(word: str) -> float:
        """Return how long it took, in s; the other chip gets a command before."""
        client.clear()
        desk.board.power(0x20, False)
        lost = client.wait_for(desk.base + "chip20/available", "offline")
        client.publish(desk.base + "chip21/out9/set", word)
        client.wait_for(desk.base + "chip21/out9/state", word)
        powered = time.monotonic()
        desk.board.power(0x20, True)
        back = client.wait_for(desk.base + "chip20/available", "online", after=lost)
        assert desk.board.chip(0x20)["registers"] == registers
        return back.time - powered

    # Again if the computer stalled.
    assert any(restored(word) < 5 for word in ("ON", "OFF", "ON"))


def test_a_power_cut_too_short_to_be_missed_is_found_by_the_registers(
    sim: StartSim, mqtt: Connect
) -> None:
    desk, client = ready_desk(sim, mqtt)
    client.publish(desk.base + "chip20/out2/set", "ON")
    client.wait_for(desk.base + "chip20/out2/state", "ON")
    registers = desk.board.chip(0x20)["registers"]
    desk.board.power(0x20, False)
    desk.board.power(0x20, True)
    wait_until(lambda: desk.board.chip(0x20)["registers"] == registers, what="registers")


def test_a_command_on_a_dead_bus_is_dropped_and_counted_and_never_replayed(
    sim: StartSim, mqtt: Connect, tmp_path: Path
) -> None:
    folder = with_fast_status(tmp_path / "fast")
    desk, client = ready_desk(sim, mqtt, folder=folder, ttl_ms=None)
    client.wait_for(desk.base + "status")
    client.clear()
    desk.board.bus(stuck_sda=True)
    stuck = time.monotonic()
    client.publish(desk.base + "chip20/out0/set", "ON")
    wait_until(lambda: time.monotonic() - stuck > 1.5, what="1.5 s on a dead bus")
    # Longer than any stall of the computer between this and the end of the fault.
    client.publish(desk.base + "chip20/out1/set", '{"state": "ON", "ttl": 30000}')
    client.wait_for(desk.base + "chip20/out0/state", "OFF")
    wait_until(lambda: time.monotonic() - stuck > 2, what="2 s on a dead bus")
    desk.board.bus(stuck_sda=False)
    client.wait_for(desk.base + "chip20/out1/state", "ON")
    assert desk.board.latch(0x20) == 1 << 1
    wait_until(lambda: status_counter(client, desk, "dropped") == 1, what="counter")
    assert any("log/warn" in message.topic for message in client.messages)


def test_a_wrong_command_changes_nothing_and_is_answered_on_the_log(
    sim: StartSim, mqtt: Connect
) -> None:
    desk, client = ready_desk(sim, mqtt)
    topic = desk.base + "chip20/out0/set"
    for payload in ("ONN", "{", '{"state": "ON", "ttl": "soon"}', "PULSE:0", "\U0001f4a1"):
        client.clear()
        client.publish(topic, payload)
        assert "\n" not in warning(client, desk, topic)
    client.publish(desk.base + "chip20/out1/set", "ON")
    client.wait_for(desk.base + "chip20/out1/state", "ON")
    assert desk.board.latch(0x20) == 1 << 1


def test_a_retained_command_is_refused_also_after_a_restart(sim: StartSim, mqtt: Connect) -> None:
    desk, client = ready_desk(sim, mqtt)
    topic = desk.base + "chip20/out0/set"
    client.publish(topic, "ON", retain=True)
    # Live: the broker clears the flag.
    on = client.wait_for(desk.base + "chip20/out0/state", "ON")
    client.publish(desk.base + "chip20/out0/set", "OFF")
    client.wait_for(desk.base + "chip20/out0/state", "OFF", after=on)
    desk.restart_node(client)
    assert "retained" in warning(client, desk, topic)
    assert desk.board.latch(0x20) == 0


def test_the_node_comes_back_when_the_broker_was_away(sim: StartSim, mqtt: Connect) -> None:
    desk, client = ready_desk(sim, mqtt)
    client.publish(desk.base + "chip20/out4/set", "ON")
    client.wait_for(desk.base + "chip20/out4/state", "ON")
    lost = threading.Event()
    client.client.on_disconnect = lambda *_: lost.set()
    kill_broker(desk)
    assert lost.wait(LIMIT_S), "loss of the broker"
    wait_until(client.client.is_connected, RESTART_S, "broker")
    client.clear()
    client.subscribe(ALL)
    client.wait_for(desk.base + "available", "online", RESTART_S)
    client.wait_for(desk.base + "chip20/out4/state", "ON")
    client.publish(desk.base + "chip20/out4/set", "OFF")
    client.wait_for(desk.base + "chip20/out4/state", "OFF")


def kill_broker(desk: Desk) -> None:
    """Kill the broker that `yard sim` runs; it starts a new one."""
    import psutil

    for child in psutil.Process(desk.process.pid).children(recursive=True):
        if "mosquitto" in child.name():
            child.kill()
            return
    pytest.fail("yard sim runs no mosquitto")


def test_the_node_comes_back_when_wifi_was_away(sim: StartSim, mqtt: Connect) -> None:
    desk, client = ready_desk(sim, mqtt)
    desk.board.wifi(False)
    # The original mqtt_as joins by itself and says nothing about it.
    lost = ("wifi: lost", "mqtt: connection to the broker lost")
    wait_until(lambda: any(text in desk.log for text in lost), RESTART_S, "the node to see it")
    desk.board.wifi(True)
    client.clear()

    def switched() -> bool:
        client.publish(desk.base + "chip20/out4/set", "ON", qos=0)
        return bool(client.of(desk.base + "chip20/out4/state"))

    wait_until(switched, RESTART_S, "a command to be carried out")
    assert " died " not in desk.log


COMPONENTS_WITH_FAULTS = """{
  // a wrong address, an unknown package, an unknown key, a wrong type; the last chip is right
  "i2c": {"package": ".machine.i2c", "component": "I2C",
          "constructor_args": {"scl": 22, "sda": 21}},
  "far": {"package": ".devices.mcp23017", "component": "MCP23017",
          "constructor_args": {"i2c": "@i2c", "address": "0x30", "pins": []}},
  "lost": {"package": ".devices.mcp2317", "component": "MCP23017"},
  "typo": {"package": ".devices.mcp23017", "component": "MCP23017",
           "constructor_args": {"i2c": "@i2c", "adress": "0x21", "pins": []}},
  "text": {"package": ".devices.mcp23017", "component": "MCP23017",
           "constructor_args": {"i2c": "@i2c", "address": "0x22", "pins": "all"}},
  "good": {"package": ".devices.mcp23017", "component": "MCP23017", "constructor_args": {
    "i2c": "@i2c", "address": "0x20", "pins": [
      {"pin": 0, "type": "switch", "id": "lamp"},
      {"pin": 16, "type": "switch", "id": "beyond"},
      {"pin": 0, "type": "switch", "id": "again"},
      {"pin": 7, "type": "binary_sensor", "id": "unsafe"},
      {"pin": 1, "type": "toaster"},
      {"pin": 2, "type": "light", "id": "hall", "colour": "red"}]}}
}
"""


def test_each_fault_of_the_configuration_gives_one_line_and_the_rest_runs(
    sim: StartSim, mqtt: Connect, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(COMPONENTS_WITH_FAULTS)
    desk, client = ready_desk(sim, mqtt, "--components", str(file))
    rows = {row["name"]: row for row in json.loads(last(client, desk.base + "components"))}

    def errors(name: str) -> str:
        return "\n".join(rows[name].get("errors", []))

    assert "0x30" in errors("far") or "48" in errors("far")
    assert "address" in errors("far")
    assert ".devices.mcp2317" in errors("lost")
    assert '"adress"' in errors("typo") and '"address"' in errors("typo")
    assert "pins" in errors("text")
    good = rows["good"]["errors"]
    assert len(good) == 5, good
    assert all(line.count("\n") == 0 for line in good)
    for expected in ("16", "pins[2]", "allow_unsafe_input", "toaster", "colour"):
        assert any(expected in line for line in good), (expected, good)
    client.publish(desk.base + "good/lamp/set", "ON")
    client.wait_for(desk.base + "good/lamp/state", "ON")
    assert desk.board.latch(0x20) & 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("this is no JSON", "line 1"),
        ('{"i2c": {"package": ".machine.i2c"', "line 1"),
        ("", "components.json"),
    ],
)
def test_a_file_that_is_not_json_gives_one_line_and_the_node_is_online(
    sim: StartSim, mqtt: Connect, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(text)
    desk, client = ready_desk(sim, mqtt, "--components", str(file))
    rows = json.loads(last(client, desk.base + "components"))
    errors = [line for row in rows for line in row.get("errors", [])]
    assert len(errors) == 1 and said in errors[0] + rows[0]["name"], errors


def last(client: MQTT, topic: str) -> str:
    """Return the newest payload of a topic."""
    client.wait_for(topic)
    return client.of(topic)[-1].payload


def test_no_secret_is_in_the_log_or_in_a_topic(
    sim: StartSim, mqtt: Connect, tmp_path: Path
) -> None:
    flash = tmp_path / "secret" / "state" / "flash"
    flash.mkdir(parents=True)
    (flash / "credentials.py").write_text(
        'MQTT_USER = "u"\nMQTT_PASSWORD = "s3cr3t-p"\nWIFI_PASSWORD = "s3cr3t-w"\n'
        'WIFI_PASSWORT = "s3cr3t-x"\nLOG_LEVEL = "debug"\nLOG_MQTT_LEVEL = "debug"\n'
    )
    desk, client = ready_desk(sim, mqtt, folder=tmp_path / "secret")
    everything = desk.log + "".join(message.payload for message in client.messages)
    assert "WIFI_PASSWORT" in everything
    assert "s3cr3t" not in everything

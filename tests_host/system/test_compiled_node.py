# SPDX-License-Identifier: MIT
"""The firmware as it is deployed, compiled and with short names, does what its source does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from desk import MQTT, Desk
from yard.compile.kept import compile_firmware
from yard.places import FIRMWARE


def test_a_compiled_node_announces_itself_and_carries_out_commands(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sim: Callable[..., Desk],
    mqtt: Callable[..., MQTT],
) -> None:
    compile_firmware(FIRMWARE, tmp_path / "compiled")
    monkeypatch.setenv("YARD_FIRMWARE", str(tmp_path / "compiled"))
    desk = sim()
    client = mqtt(desk.mqtt_port, "#")
    client.wait_for(desk.base + "available", "online")
    rows = json.loads(client.of(desk.base + "components")[-1].payload)
    assert [row["phase"] for row in rows] == ["running"] * len(rows)
    assert any(message.topic.startswith("homeassistant/") for message in client.messages)

    client.publish(desk.base + "chip20/out5/set", "ON")
    client.wait_for(desk.base + "chip20/out5/state", "ON")
    assert desk.board.latch(0x20) == 1 << 5

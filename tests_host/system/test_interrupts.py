# SPDX-License-Identifier: MIT
"""Inputs of the default desk, whose INT line is wired to the node."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from desk import MQTT, Desk

IDLE_S = 6


def next_status(client: MQTT, desk: Desk) -> dict[str, int]:
    client.clear()
    status: dict[str, int] = json.loads(client.wait_for(desk.base + "status").payload)
    return status


def test_presses_are_told_by_interrupt_and_an_idle_bus_is_quiet(
    sim: Callable[..., Desk], mqtt: Callable[..., MQTT], tmp_path: Path
) -> None:
    flash = tmp_path / "state" / "flash"
    flash.mkdir(parents=True)
    (flash / "credentials.py").write_text("STATUS_INTERVAL = 1\n")
    desk = sim(folder=tmp_path)
    client = mqtt(desk.mqtt_port, "home/#")
    client.wait_for(desk.base + "chip21/chatter/state", "OFF")
    topic = desk.base + "chip21/in3/state"
    client.wait_for(topic)
    before = next_status(client, desk)
    begin = time.monotonic()
    while time.monotonic() < begin + IDLE_S:
        after = next_status(client, desk)
    seconds = after["uptime"] - before["uptime"] + 1
    # The check of the chip with outputs every 4 s, the safety poll of that with inputs every 5 s.
    assert after["i2c_transfers"] - before["i2c_transfers"] <= seconds // 4 + seconds // 5 + 2
    assert (after["interrupts"], after["missed_interrupts"]) == (0, 0)

    def press() -> list[int]:
        """Press a button and let it go; return how the counters have changed."""
        before = next_status(client, desk)
        for level, state in ((0, "OFF"), (1, "ON")):
            client.clear()
            desk.board.drive(0x21, 3, level)
            client.wait_for(topic, state)
        after = next_status(client, desk)
        counters = ("interrupts", "missed_interrupts", "int_fallbacks")
        return [after.get(key, 0) - before.get(key, 0) for key in counters]

    # Again if the computer stalled: then the safety poll may be the first to see a change.
    assert any(press() == [2, 0, 0] for _ in range(3))

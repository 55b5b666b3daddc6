# SPDX-License-Identifier: MIT
"""What people write runs on the simulated board: templates, and a module in its root."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from desk import MQTT, YARD, Desk, wait_until

ROOT = Path(__file__).resolve().parents[2]


def test_a_sensor_a_switch_and_a_component_run_at_their_first_start(
    sim: Callable[..., Desk], mqtt: Callable[..., MQTT], tmp_path: Path
) -> None:
    firmware = tmp_path / "firmware"
    shutil.copytree(ROOT / "firmware", firmware, ignore=shutil.ignore_patterns("__pycache__"))
    members: dict[str, Any] = {}
    for name, kind in (("cellar", "sensor"), ("fountain", "switch"), ("blinker", "component")):
        command = [*YARD, "new", "component", name, "--kind", kind, "--folder", str(firmware)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
        members |= json.loads(done.stdout)
    members["cellar"]["constructor_args"]["interval_publish"] = 1
    members["blinker"]["constructor_args"]["interval"] = 0.2
    components = tmp_path / "components.json"
    components.write_text(json.dumps(members))

    environment = {"YARD_FIRMWARE": str(firmware)}
    desk = sim("--components", str(components), environment=environment)
    client = mqtt(desk.mqtt_port, "home/#")

    cellar = client.wait_for(desk.base + "cellar/temperature/state")
    assert 15 <= float(cellar.payload) <= 25

    client.wait_for(desk.base + "fountain/switch/state", "OFF")
    client.publish(desk.base + "fountain/switch/set", "ON")
    client.wait_for(desk.base + "fountain/switch/state", "ON")

    levels: set[int] = set()
    wait_until(lambda: levels.add(desk.board.latch(0x20) & 1) or len(levels) == 2)


def test_a_module_in_the_root_of_the_board_runs_as_the_page_says(
    sim: Callable[..., Desk], tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "writing-a-component.md").read_text()
    (code,) = re.findall(r"```python\n(class Alarm:.*?)```", page, re.DOTALL)
    (members,) = re.findall(r'```json\n([^`]*"alarm".*?)```', page, re.DOTALL)
    flash = tmp_path / "state" / "flash"
    flash.mkdir(parents=True)
    (flash / "alarm.py").write_text(code)
    components = tmp_path / "components.json"
    warm = members.replace('"limit": 30', '"limit": -40')
    components.write_text(warm.replace('"call_interval": 10', '"call_interval": 0.2'))

    desk = sim("--components", str(components), folder=tmp_path)
    wait_until(lambda: desk.board.latch(0x20) & 1 << 3)


def test_a_configuration_as_a_program_runs(sim: Callable[..., Desk], tmp_path: Path) -> None:
    command = [*YARD, "new", "component", "house", "--kind", "components.py"]
    subprocess.run([*command, "--folder", str(tmp_path)], check=True, timeout=50)
    desk = sim("--components", str(tmp_path / "components.py"))
    # What the node prints may come later than what it publishes.
    wait_until(lambda: "house: runs on desk" in desk.log)
    wait_until(lambda: "chip21: 0x21 answers" in desk.log)

# SPDX-License-Identifier: MIT
"""A node runs from what `yard image` makes: MicroPython, its littlefs, the compiled files."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import esp_firmware
from desk import RESTART_S, YARD, Connect, StartSim, wait_until
from yard.sim.ports import HOST, keep_port

pytestmark = pytest.mark.timeout(300)

COMPONENTS = """{
  "i2c": {"package": ".machine.i2c", "component": "I2C",
          "constructor_args": {"scl": 22, "sda": 21, "freq": 100000}},
  "board1": {"package": ".devices.mcp23017", "component": "MCP23017",
             "constructor_args": {"i2c": "@i2c", "address": "0x20", "pins": [
               {"pin": 0, "type": "light", "name": "Hall"}]}}
}
"""


@pytest.fixture
def kept_port() -> Iterator[socket.socket]:
    """The port of the broker, before there is one."""
    with keep_port() as keeper:
        yield keeper


def test_a_node_boots_from_the_file_system_of_a_whole_image(
    sim: StartSim, mqtt: Connect, tmp_path: Path, kept_port: socket.socket
) -> None:
    port = kept_port.getsockname()[1]
    settings = f'WIFI_SSID = "switchyard"\nMQTT_HOST = "{HOST}"\nMQTT_PORT = {port}\n'
    (tmp_path / "config.py").write_text(settings + 'NODE_ID = "imaged"\n')
    (tmp_path / "components.json").write_text(COMPONENTS)
    (tmp_path / "micropython.bin").write_bytes(esp_firmware.firmware())
    command = [*YARD, "image", "--firmware", "micropython.bin", "-o", "node.bin", "--json"]
    command += ["--config", "config.py", "--components", "components.json"]
    done = subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.PIPE, timeout=150)
    area = json.loads(done.stdout)["regions"][-1]
    flash = (tmp_path / "node.bin").read_bytes()
    file_system = tmp_path / "vfs.bin"
    file_system.write_bytes(flash[area["offset"] : area["offset"] + area["size"]])
    options = ("--port", str(port), "--components", str(tmp_path / "components.json"))
    desk = sim(*options, environment={"YARD_IMAGE": str(file_system)})
    assert desk.node == "imaged", "it was the config.py of the image"
    client = mqtt(desk.mqtt_port, "home/#")
    client.wait_for("home/imaged/available", "online")
    client.publish("home/imaged/board1/hall/set", "ON")
    client.wait_for("home/imaged/board1/hall/state", "ON")
    assert desk.board.latch(0x20) == 1
    desk.board.reset_node()
    wait_until(lambda: "imaged, HARD_RESET" in desk.log, RESTART_S)
    wait_until(lambda: desk.log.count("online as home/imaged") == 2, RESTART_S)

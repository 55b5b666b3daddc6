# SPDX-License-Identifier: MIT
"""The node: the unmodified firmware under the unix port, as `yard sim` runs it.

The broker is that of the run instead of one of its own; everything else, the bus time that is
spent as real time included, is what `yard sim` does.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.board import FIRST_ADDRESS, SimulatedBoard
from benchmarks.process import Process
from benchmarks.target import Target, Topics, start
from yard.sim import node
from yard.sim.components import output_components

NAME = "node"

_HOME = "home"
_PINS = 16
# A computer's poller wakes at once, so there is no reason to stay awake: as yard sim sets it.
_SETTINGS = """\
WIFI_SSID = "switchyard"
WIFI_PASSWORD = "any password will do"
MQTT_HOST = "127.0.0.1"
MQTT_PORT = {port}
NODE_ID = "{identity}"
MQTT_AWAKE_MS = 0
STATUS_INTERVAL = {status_s}
"""


async def start_outputs(port: int, identity: str, chips: int, status_s: int = 3600) -> Target:
    """Start a node with 16 outputs on each of `chips` chips.

    Args:
        port: of the broker.
        identity: the node's id.
        chips: 1 to 8.
        status_s: interval of its status topic in seconds.
    """
    return await _start(port, identity, output_components(chips), chips, status_s, chips * _PINS)


async def start_inputs(
    port: int, identity: str, inputs: int, int_pin: int | None = None
) -> Target:
    """Start a node with 16 outputs on one chip and `inputs` inputs on a second one.

    Args:
        port: of the broker.
        identity: the node's id.
        inputs: 1 to 7.
        int_pin: GPIO to which the INT output of the second chip is wired; None: it is polled.
    """
    whole = json.loads(output_components(1))
    chip = json.loads(output_components(2))["chip21"]
    chip["constructor_args"]["pins"] = [
        {"pin": pin, "type": "binary_sensor", "name": f"Input {pin}", "id": f"in{pin}"}
        for pin in range(inputs)
    ]
    if int_pin is not None:
        chip["constructor_args"]["int_pin"] = int_pin
    whole["chip21"] = chip
    whole["_order"].append("chip21")
    return await _start(port, identity, json.dumps(whole), 2, 3600, _PINS + inputs)


async def _start(
    port: int, identity: str, components: str, chips: int, status_s: int, entities: int
) -> Target:
    settings = _SETTINGS.format(port=port, identity=identity, status_s=status_s)

    def launch(folder: Path, board: SimulatedBoard) -> Process:
        flash = folder / "flash"
        flash.mkdir()
        (flash / "config.py").write_text(settings)
        (flash / "components.json").write_text(components)
        environment = node.environment(board.link)
        command = node.command(node.find_micropython())
        return Process(command, folder / "node.log", flash, environment)

    return await start(identity, port, _topics(identity, chips), chips, entities, launch)


def _topics(identity: str, chips: int) -> Topics:
    base = f"{_HOME}/{identity}"
    names = [
        f"{base}/chip{FIRST_ADDRESS + chip:02x}/out{pin}"
        for chip in range(chips)
        for pin in range(_PINS)
    ]
    return Topics(
        outputs=[(f"{name}/set".encode(), f"{name}/state".encode()) for name in names],
        states=f"{base}/+/+/state".encode(),
        online=(f"{base}/available".encode(), b"online"),
        announced=f"{base}/".encode(),
    )


def status_topic(target: Target) -> bytes:
    """Return where a node publishes its counters."""
    return f"{_HOME}/{target.name}/status".encode()

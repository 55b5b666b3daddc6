# SPDX-License-Identifier: MIT
"""mqtt-io from PyPI on the same board: nothing of it is changed, only `busio` is ours.

It runs in an environment of its own. `blinka/` goes before what is installed there and holds what
would open the I2C device of a Raspberry Pi.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.board import FIRST_ADDRESS, SimulatedBoard
from benchmarks.environment import python_with
from benchmarks.process import Process
from benchmarks.target import Target, Topics, start

NAME = "mqtt-io"
REQUIREMENTS = Path(__file__).with_name("mqtt-io.txt")

_BLINKA = Path(__file__).with_name("blinka")
_PINS = 16


async def start_outputs(port: int, chips: int) -> Target:
    """Start it with 16 outputs on each of `chips` chips."""
    return await _start(port, "mqttio", chips, 0)


async def start_inputs(port: int, inputs: int) -> Target:
    """Start it with 16 outputs on one chip and `inputs` polled inputs on a second one."""
    return await _start(port, "mqttio-inputs", 1, inputs)


async def _start(port: int, prefix: str, chips: int, inputs: int) -> Target:
    python = python_with(REQUIREMENTS)
    boards = chips + (1 if inputs else 0)
    configuration = _configuration(port, prefix, chips, inputs)

    def launch(folder: Path, board: SimulatedBoard) -> Process:
        file = folder / "mqtt-io.yml"
        file.write_text(json.dumps(configuration))  # which is YAML
        environment = {"YARD_LINK": str(board.link), "PYTHONPATH": str(_BLINKA)}
        command = [str(python), "-m", "mqtt_io", str(file)]
        return Process(command, folder / "mqtt-io.log", folder, environment)

    entities = chips * _PINS + inputs
    return await start(NAME, port, _topics(prefix, chips), boards, entities, launch)


def _configuration(port: int, prefix: str, chips: int, inputs: int) -> dict[str, Any]:
    """Return what a user would write; logging of every command is off, discovery is on."""
    modules = [
        {"name": f"chip{chip}", "module": "mcp23017", "chip_addr": FIRST_ADDRESS + chip}
        for chip in range(chips + (1 if inputs else 0))
    ]
    outputs = [
        {
            "name": f"c{chip}o{pin}",
            "module": f"chip{chip}",
            "pin": pin,
            "on_payload": "ON",
            "off_payload": "OFF",
        }
        for chip in range(chips)
        for pin in range(_PINS)
    ]
    polled = [{"name": f"in{pin}", "module": f"chip{chips}", "pin": pin} for pin in range(inputs)]
    return {
        "mqtt": {
            "host": "127.0.0.1",
            "port": port,
            "topic_prefix": prefix,
            "client_id": prefix,
            "ha_discovery": {"enabled": True},
        },
        "options": {"install_requirements": False},
        "logging": {
            "version": 1,
            "handlers": {"console": {"class": "logging.StreamHandler"}},
            "root": {"level": "WARNING", "handlers": ["console"]},
        },
        "gpio_modules": modules,
        "digital_outputs": outputs,
        "digital_inputs": polled,
    }


def _topics(prefix: str, chips: int) -> Topics:
    names = [f"{prefix}/output/c{chip}o{pin}" for chip in range(chips) for pin in range(_PINS)]
    return Topics(
        outputs=[(f"{name}/set".encode(), name.encode()) for name in names],
        states=f"{prefix}/output/+".encode(),
        online=(f"{prefix}/status".encode(), b"running"),
        announced=f'"{prefix}/'.encode(),
    )

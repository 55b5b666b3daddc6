# SPDX-License-Identifier: MIT
"""Configurations as people write them start in the memory of a board without PSRAM.

`make bench-memory` tells how much each of them takes.
"""

from __future__ import annotations

import ast
import asyncio
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from benchmarks import micropython32
from benchmarks.deployed import Deployment, deployed
from benchmarks.memory_configurations import CONFIGURATIONS, Configuration, imported, mpy_size
from benchmarks.memory_figures import Overhead
from benchmarks.memory_node import MemoryNode
from benchmarks.memory_report import BUDGETS, ONE_NODE
from benchmarks.probed import NodeFailed

from yard.compile.firmware import read_sources
from yard.compile.join import JOINED
from yard.places import FIRMWARE
from yard.sim.components import read_members

AT_ONCE = 3  # nodes; they wait most of the time

# What must be in a configuration, besides a component that could use it, for a module to be
# imported: a setting, a key, or a value. All else that is imported must be named, or be imported
# by the source of what is.
REASONS = {
    "node.lan": {"ETHERNET"},
    "node.wifi_tuned": {"WIFI_COUNTRY", "WIFI_STRONGEST", "STATIC_ADDRESS"},
    "node.log_file": {"LOG_FILE_KB"},
    "node.watchdog": {"WATCHDOG_S"},
    "node.ntp": {"NTP_HOST"},
    "time_zone": {"NTP_HOST", "TIME_ZONE"},
    "node.update": {"UPDATE_KEY"},
    "node.remote_config": {"CONFIG_KEY"},
    "mqtt_tls": {"MQTT_TLS"},
    "node.rpc": set[str](),  # nobody asks
    "node.manage": set[str](),
    "node.provision": set[str](),
    "node.plain_client": set[str](),
    "node.kept": {"last", "cover", "Counter", "Thermostat", "DeepSleep", "LogLevel"},
    "node.subscriptions": {"RemoteSensor", "RemoteSwitch"},
    "components.entities.port": {"port"},
    "components.entities.part": {"close_pin", "speeds", "feedback", "Thermostat", "LED", "Buzzer"},
    "components.devices.directions": {"directions"},
    "components.machine.int_line": {"int_pin"},
    "components.machine.native": {"GPIO", "HC595", "Counter", "Buzzer"},
    "components.pins.interlock": {"interlock", "close_pin", "speeds"},
    "expander_inputs": {"binary_sensor", "event", "input"},
    "native_inputs": {"Counter"},
    "pin_irq": {"input", "Counter", "events", "event", "state"},
    "presses": {"events", "event", "when"},
    "pulses": {"pulse", "max_on", "pulse_rule", "cover", "LED", "Buzzer"},
}

IMPORTING = ("import_once", "find", "__import__")

pytestmark = pytest.mark.timeout(900)  # of which a busy computer takes minutes to compile


class Outcome(NamedTuple):
    """What became of a configuration.

    imported: every module of the firmware. mpy: bytes of their files. fault: why it does not run
    in the heap that it must run in, "" if it does.
    """

    imported: set[str]
    mpy: int
    fault: str


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    try:
        micropython32.find()
    except micropython32.Unavailable as unavailable:
        pytest.skip(str(unavailable))
    with deployed() as deployment:
        return asyncio.run(run_all(deployment))


async def run_all(deployment: Deployment) -> dict[str, Outcome]:
    overhead = asyncio.create_task(Overhead.of(deployment))
    free = asyncio.Semaphore(AT_ONCE)

    async def run(configuration: Configuration) -> Outcome:
        async with free:
            _, modules = await imported(deployment, configuration)
            fault = ""
            heap = (await overhead).heap_size(configuration.heap)
            start = configuration.start(deployment, heap)
            try:
                async with MemoryNode(start) as node:
                    await node.online()
            except NodeFailed as error:
                fault = str(error)
            return Outcome(modules, mpy_size(deployment, modules), fault)

    found = await asyncio.gather(*(run(one) for one in CONFIGURATIONS))
    return {one.name: outcome for one, outcome in zip(CONFIGURATIONS, found, strict=True)}


def each() -> pytest.MarkDecorator:
    names = [one.name for one in CONFIGURATIONS]
    return pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=names)


@each()
def test_it_starts_and_announces_in_the_heap_of_a_board(
    configuration: Configuration, outcomes: dict[str, Outcome]
) -> None:
    assert outcomes[configuration.name].fault == ""


@each()
def test_the_files_that_one_node_needs_keep_their_budget(
    configuration: Configuration, outcomes: dict[str, Outcome]
) -> None:
    assert outcomes[configuration.name].mpy <= json.loads(BUDGETS.read_text())[ONE_NODE]


@each()
def test_what_is_not_configured_is_not_imported(
    configuration: Configuration, outcomes: dict[str, Outcome]
) -> None:
    assert outcomes[configuration.name].imported - justified(configuration) == set()


@pytest.mark.parametrize(
    ("name", "room"), [("every sensor", "sensors"), ("every device", "devices")]
)
def test_every_one_that_the_firmware_brings_is_there(name: str, room: str) -> None:
    (configuration,) = [one for one in CONFIGURATIONS if one.name == name]
    described = (FIRMWARE / "components" / room).glob("*_args.py")
    modules = {path.name.removesuffix("_args.py") for path in described}
    shipped = {f".{room}.{module}" for module in modules if is_component(room, module)}
    assert shipped - {component["package"] for component in members(configuration)} == set()


# -- what a configuration justifies -------------------------------------------------------------


def justified(configuration: Configuration) -> set[str]:
    """Every module that a node with this configuration may import."""
    edges = imports()
    words = set(words_of(members(configuration)))
    if configuration.settings:
        words |= set(re.findall(r"^(\w+) =", configuration.settings.read_text(), re.MULTILINE))
    pending = {"import_once", "node.app", *named(configuration, words)} & edges.keys()
    found: set[str] = set()
    while pending:
        module = pending.pop()
        if REASONS.get(module, words) & words:
            found.add(module)
            pending |= edges[module] - found
    return found


def named(configuration: Configuration, words: set[str]) -> Iterator[str]:
    """The modules that a configuration names, and the descriptions of their arguments."""
    for component in members(configuration):
        yield f"components{component['package']}"
        yield f"components{component['package']}_args"
    for word in words:
        yield f"components.entities.{word}"
        yield f"components.entities.{word}_args"
    for word, module in carried_out_by().items():
        if word in words:
            yield f"components.pins.{module}"


def carried_out_by() -> dict[str, str]:
    """Key of a row -> the module in `components/pins/` that carries it out."""
    text = (FIRMWARE / "components" / "devices" / "mcp23017_args.py").read_text()
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                by = re.search(r"'by': '(\w+)'", ast.unparse(value))
                if isinstance(key, ast.Constant) and by:
                    found[str(key.value)] = by[1]
    return found | dict.fromkeys(("long", "double", "event", "events", "triggers"), "presses")


@functools.cache
def imports() -> dict[str, set[str]]:
    """Module of the firmware -> those that its source imports, wherever and however."""
    sources = read_sources(FIRMWARE)
    groups = [{whole, *parts} for whole, parts in JOINED.items()]
    edges = {}
    for name, text in sources.items():
        found = set(imported_by(text)) & sources.keys() | {name}
        found |= {one.rpartition(".")[0] for one in found} & sources.keys()
        edges[name] = found.union(*(group for group in groups if group & found))
    return edges


def imported_by(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORTING:
            yield from (str(one.value) for one in node.args if isinstance(one, ast.Constant))


# -- what is in a configuration -----------------------------------------------------------------


def members(configuration: Configuration) -> list[dict[str, Any]]:
    read, whole = read_members(configuration.file.read_bytes())
    assert whole, configuration.file
    return [value for name, value in read.items() if name != "_order"]


def words_of(value: object) -> Iterator[str]:
    """Every key and every text in it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from words_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words_of(inner)
    elif isinstance(value, str):
        yield value


def is_component(room: str, module: str) -> bool:
    """Whether a description is of something that components.json can name."""
    return json.dumps(f".{room}.{module}") in SCHEMA


SCHEMA = (Path(FIRMWARE).parent / "docs" / "components.schema.json").read_text()

# SPDX-License-Identifier: MIT
"""What targets cost when nothing happens, and what the node's client does for a command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable

from benchmarks import node
from benchmarks.board import FIRST_ADDRESS, INT_GPIO, Traffic
from benchmarks.commands import Commands
from benchmarks.figures import Sample, name_of, percentile
from benchmarks.load import Load
from benchmarks.peers import mqttio
from benchmarks.process import Broken
from benchmarks.target import Target

CPU = "CPU when idle, %"
CPU_INPUTS = "CPU when idle, 16 outputs and 4 polled inputs, %"
CPU_INT = "CPU when idle, 16 outputs and 4 inputs with an INT line, %"
INT_TRANSACTIONS = "bus transactions when idle with an INT line, per second and chip"
SERVICE_BYTES = "bus bytes per service of an interrupt"
IDLE_TRANSACTIONS = "bus transactions when idle, per second and chip"
IDLE_BUS_US = "bus time when idle, per second and chip, µs"
POLL_TRANSACTIONS = "bus transactions for 4 polled inputs, per second and input"
POLL_BYTES = "bus bytes per poll"
HEAP = "heap in use, 128 entities announced, 64-bit, bytes"
WRITE_BYTES = "bus bytes per write of outputs"

WAKES, READS, WRITES = "wakes", "reads", "writes"
COUNTERS = (WAKES, READS, WRITES)
SINGLE, BURST, IDLE = "one command", "burst of 128", "idle second"

CHIP_COUNTS = (1, 2, 4, 8)

_CHIPS = 8
_INPUTS = 4
# A node looks at each chip every 4 s, so that a window of 8 s has two of that.
_IDLE_S = 8.0
_INPUT_CHIPS = 2  # of which one has the inputs
_SERVICES = 15
_SETTLE_S = 1.0
_ROUND_TRIPS = 100
_WRITES = 15
_ANSWER_S = 5.0
_STATUS_S = 1


def counted(what: str, counter: str) -> str:
    """Return the name of a counter of the node's client."""
    return f"{counter} of the client for {what}"


def at_chips(chips: int) -> str:
    """Return the name of the time of a single command with so many chips on the bus."""
    return f"command to state with {chips} chips, median"


async def measure(port: int, peers: list[str]) -> Sample:
    """Measure everything here; the targets run at the same time where they are idle.

    Args:
        port: of the broker.
        peers: names of the peers that can run.
    """
    starts: dict[str, Awaitable[Target]] = {
        "outputs": node.start_outputs(port, "node-idle", _CHIPS),
        "inputs": node.start_inputs(port, "node-inputs", _INPUTS),
        "interrupts": node.start_inputs(port, "node-interrupts", _INPUTS, INT_GPIO),
        "counting": node.start_outputs(port, "node-counting", _CHIPS, _STATUS_S),
    }
    for chips in CHIP_COUNTS[:-1]:
        starts[f"{chips} chips"] = node.start_outputs(port, f"node-{chips}", chips)
    if mqttio.NAME in peers:
        starts[mqttio.NAME] = mqttio.start_inputs(port, _INPUTS)
    targets = await _start_all(starts)
    try:
        await asyncio.sleep(_SETTLE_S)
        sample = await _idle(targets)
        sample |= await _client(targets["counting"])
        sample |= await _write(targets["outputs"])
        sample |= await _service(targets["interrupts"])
        for chips in CHIP_COUNTS[:-1]:
            sample |= await _round_trips(targets[f"{chips} chips"], chips)
        sample |= await _round_trips(targets["outputs"], CHIP_COUNTS[-1])
    finally:
        for target in targets.values():
            target.stop()
    return sample


async def idle_cpu(target: Target, seconds: float) -> float:
    """Return the CPU time of a target that has nothing to do, in % of one core."""
    await asyncio.sleep(_SETTLE_S)
    before = target.process.cpu_s()
    await asyncio.sleep(seconds)
    return (target.process.cpu_s() - before) / seconds * 100


async def _start_all(starts: dict[str, Awaitable[Target]]) -> dict[str, Target]:
    results = await asyncio.gather(*starts.values(), return_exceptions=True)
    running = {n: r for n, r in zip(starts, results, strict=True) if isinstance(r, Target)}
    for result in results:
        if isinstance(result, BaseException):
            for target in running.values():
                target.stop()
            raise result
    return running


async def _idle(targets: dict[str, Target]) -> Sample:
    """Let all of them be idle at the same time."""
    cpu_before = {key: target.process.cpu_s() for key, target in targets.items()}
    bus_before = {key: _bus(target) for key, target in targets.items()}
    await asyncio.sleep(_IDLE_S)
    cpu = {
        key: (target.process.cpu_s() - cpu_before[key]) / _IDLE_S * 100
        for key, target in targets.items()
    }
    bus = {key: _bus(target) - bus_before[key] for key, target in targets.items()}
    sample = {
        name_of(node.NAME, CPU): cpu["outputs"],
        name_of(node.NAME, IDLE_TRANSACTIONS): bus["outputs"].transactions / _IDLE_S / _CHIPS,
        name_of(node.NAME, IDLE_BUS_US): bus["outputs"].bus_us / _IDLE_S / _CHIPS,
    }
    with_int = bus["interrupts"].transactions / _IDLE_S / _INPUT_CHIPS
    sample[name_of(node.NAME, CPU_INT)] = cpu["interrupts"]
    sample[name_of(node.NAME, INT_TRANSACTIONS)] = with_int
    for key, name in (("inputs", node.NAME), (mqttio.NAME, mqttio.NAME)):
        if key in targets:
            polls = bus[key]
            sample[name_of(name, CPU_INPUTS)] = cpu[key]
            per_input = polls.transactions / _IDLE_S / _INPUTS
            sample[name_of(name, POLL_TRANSACTIONS)] = per_input
            sample[name_of(name, POLL_BYTES)] = polls.bytes / polls.transactions
    return sample


def _bus(target: Target) -> Traffic:
    assert target.board is not None
    return target.board.traffic()


async def _client(target: Target) -> Sample:
    """Count what the client does, from status message to status message."""
    status: asyncio.Queue[dict[str, int]] = asyncio.Queue()

    def on_message(_topic: bytes, payload: bytes, _now: int) -> None:
        status.put_nowait(json.loads(payload))

    commands = await Commands.connect(target, 0)
    load = await Load.connect(target.port, on_message, node.status_topic(target), 0)
    try:
        return await _count(commands, status)
    finally:
        load.close()
        commands.close()


async def _count(commands: Commands, status: asyncio.Queue[dict[str, int]]) -> Sample:
    async def trips() -> None:
        for trip in range(_ROUND_TRIPS):
            commands.send(range(trip, trip + 1))
            await _expect(commands, trip + 1)

    async def burst() -> None:
        commands.send(range(128))
        await _expect(commands, 128)

    async def nothing() -> None:
        pass

    # Retained, and perhaps one that was on its way.
    await _next(status)
    before = await _next(status)
    moved: dict[str, dict[str, int]] = {}
    for what, act in ((IDLE, nothing), (SINGLE, trips), (BURST, burst)):
        commands.begin()
        await act()
        after = await _next(status)
        moved[what] = {c: after.get(f"mqtt_{c}", 0) - before.get(f"mqtt_{c}", 0) for c in COUNTERS}
        before = after
    sample: Sample = {name_of(node.NAME, HEAP): float(before["heap_used"])}
    for counter in COUNTERS:
        idle = moved[IDLE][counter]
        single = (moved[SINGLE][counter] - idle) / _ROUND_TRIPS
        sample[name_of(node.NAME, counted(IDLE, counter))] = idle / _STATUS_S
        sample[name_of(node.NAME, counted(SINGLE, counter))] = single
        sample[name_of(node.NAME, counted(BURST, counter))] = moved[BURST][counter] - idle
    return sample


async def _write(target: Target) -> Sample:
    """Count the bytes of single commands; the median, because now and then a check falls in."""
    commands = await Commands.connect(target, 0)
    costs: list[float] = []
    for _ in range(_WRITES):
        commands.begin()
        before = _bus(target)
        commands.send(range(1))
        await _expect(commands, 1)
        costs.append((_bus(target) - before).bytes)
    commands.close()
    return {name_of(node.NAME, WRITE_BYTES): percentile(costs, 50)}


async def _service(target: Target) -> Sample:
    """Count the bytes of changes of an input; the median, because a safety poll may fall in."""
    assert target.board is not None
    changed = asyncio.Event()
    state = f"/chip{FIRST_ADDRESS + 1:02x}/in0/state".encode()

    def on_message(topic: bytes, _payload: bytes, _now: int) -> None:
        if topic.endswith(state):
            changed.set()

    load = await Load.connect(target.port, on_message, target.topics.states, 0)
    costs: list[float] = []
    try:
        await asyncio.wait_for(changed.wait(), _ANSWER_S)  # the retained one
        # The first only brings it to a known level.
        for level in range(_SERVICES + 1):
            changed.clear()
            before = _bus(target)
            target.board.drive(1, 0, level % 2)
            await asyncio.wait_for(changed.wait(), _ANSWER_S)
            costs.append((_bus(target) - before).bytes)
    finally:
        load.close()
    return {name_of(node.NAME, SERVICE_BYTES): percentile(costs[1:], 50)}


async def _round_trips(target: Target, chips: int) -> Sample:
    commands = await Commands.connect(target, 0)
    commands.begin()
    for trip in range(_ROUND_TRIPS):
        commands.send(range(trip, trip + 1))
        await _expect(commands, trip + 1)
    commands.close()
    return {name_of(node.NAME, at_chips(chips)): percentile(commands.latencies, 50)}


async def _expect(commands: Commands, count: int) -> None:
    if not await commands.confirmed(count, _ANSWER_S):
        raise Broken(f"{commands.target.name}: a command was not answered in {_ANSWER_S:g} s")


async def _next(status: asyncio.Queue[dict[str, int]]) -> dict[str, int]:
    return await asyncio.wait_for(status.get(), _ANSWER_S)

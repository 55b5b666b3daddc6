# SPDX-License-Identifier: MIT
"""How fast a target answers: one command at a time, bursts, the highest rate, and beyond it."""

from __future__ import annotations

import asyncio
import statistics
import time

from benchmarks.commands import Commands
from benchmarks.figures import NEVER, Sample, name_of, percentile

# What is measured. Times in ms unless the name says otherwise.
TO_LATCH = "command to latch, median"
TO_STATE = "command to state, median"
TO_STATE_P90 = "command to state, p90"
TO_STATE_P99 = "command to state, p99"
TRANSACTIONS = "bus transactions per single command"
BYTES = "bus bytes per single command"
BUS_US = "bus time per single command, µs"
RATE = "highest sustained rate, commands/s"
OVERLOAD = "share answered of a load of 1.5 times the rate"
RECOVERY = "normal again after that load, s"

BURSTS = {16: 3, 128: 3, 512: 1}  # commands: how often in a run

_ROUND_TRIPS = 200
_ROUND_TRIPS_S = 3.0  # no longer than that, however few there were
_FEWEST_ROUND_TRIPS = 50
_ANSWER_S = 10.0
_PAUSE_S = 0.1

_RATE_S = 1.2
_TICK_S = 0.002
_CONFIRMED = 0.99
_P99_MS = 100.0
_FINE = 1.12
_LOWEST_RATE = 20.0
_HIGHEST_RATE = 20_000.0

_OVERLOAD = 1.5
_OVERLOAD_S = 2.0
_RECOVERY_S = 10.0
_NORMAL = 5.0  # times the median of a command at a time


def last_latch(size: int) -> str:
    """Return the name of the time of a burst until the last latch."""
    return f"burst of {size}, last latch"


def last_state(size: int) -> str:
    """Return the name of the time of a burst until the last state."""
    return f"burst of {size}, last state"


def writes(size: int) -> str:
    """Return the name of the latch writes per command of a burst."""
    return f"burst of {size}, latch writes per command"


async def round_trips(commands: Commands, where: tuple[str, ...]) -> Sample:
    """Command one output again and again, each time after the answer."""
    target = commands.target
    commands.begin()
    before = target.board.traffic() if target.board else None
    sent: list[int] = []
    end = time.monotonic() + _ROUND_TRIPS_S
    while len(sent) < _ROUND_TRIPS:
        if time.monotonic() > end and len(sent) >= _FEWEST_ROUND_TRIPS:
            break
        sent.append(commands.send(range(1)))
        if not await commands.confirmed(len(sent), _ANSWER_S):
            return {name_of(target.name, TO_STATE, *where): NEVER}
    sample = {
        TO_STATE: percentile(commands.latencies, 50),
        TO_STATE_P90: percentile(commands.latencies, 90),
        TO_STATE_P99: percentile(commands.latencies, 99),
    }
    if target.board and before:
        cost = target.board.traffic() - before
        latched = target.board.latched_ns()[-len(sent) :]
        delays = [(b - a) / 1e6 for a, b in zip(sent, latched, strict=True)]
        sample[TO_LATCH] = percentile(delays, 50)
        sample[TRANSACTIONS] = cost.transactions / len(sent)
        sample[BYTES] = cost.bytes / len(sent)
        sample[BUS_US] = cost.bus_us / len(sent)
    return {name_of(target.name, what, *where): value for what, value in sample.items()}


async def bursts(commands: Commands, where: tuple[str, ...]) -> Sample:
    """Send bursts at once; outputs follow each other, so 16 are one chip and 128 eight."""
    sample: Sample = {}
    for size, times in BURSTS.items():
        results = [await _burst(commands, size) for _ in range(times)]
        for what in results[0]:
            value = statistics.median(result[what] for result in results)
            sample[name_of(commands.target.name, what, *where)] = value
    return sample


async def _burst(commands: Commands, size: int) -> Sample:
    board = commands.target.board
    await asyncio.sleep(_PAUSE_S)
    commands.begin()
    before = board.traffic() if board else None
    started = commands.send(range(size))
    complete = await commands.confirmed(size, _ANSWER_S)
    sample = {last_state(size): (commands.last_ns - started) / 1e6 if complete else NEVER}
    if board and before:
        sample[last_latch(size)] = (board.latched_ns()[-1] - started) / 1e6
        sample[writes(size)] = (board.traffic() - before).latch_writes / size
    return sample


async def highest_rate(commands: Commands, guess: float, step: float) -> float:
    """Return the highest rate with 99 % answered and a p99 below 100 ms, to about 10 %.

    Args:
        commands: connection to the target.
        guess: where the search begins, in commands/s.
        step: factor of its first steps, up or down.
    """
    good, bad = 0.0, 0.0
    rate = guess
    while not (good and bad):
        if await _sustains(commands, rate):
            good, rate = rate, rate * step
        else:
            bad, rate = rate, rate / step
        if not _LOWEST_RATE < rate < _HIGHEST_RATE:
            return good
    while bad / good > _FINE:
        rate = (good * bad) ** 0.5
        if await _sustains(commands, rate):
            good = rate
        else:
            bad = rate
    return good


async def _sustains(commands: Commands, rate: float) -> bool:
    count = await _offer(commands, rate, _RATE_S)
    await commands.confirmed(count, _P99_MS / 1000)
    answered = len(commands.latencies)
    held = answered >= _CONFIRMED * count and percentile(commands.latencies, 99) < _P99_MS
    if not held:
        await _quiet(commands)
    return held


async def overload(commands: Commands, rate: float, normal_ms: float) -> Sample:
    """Offer 1.5 times the rate, then command one output until it is answered as fast as ever.

    Args:
        commands: connection to the target.
        rate: what it sustains, in commands/s.
        normal_ms: median time of one command at a time.
    """
    name = commands.target.name
    count = await _offer(commands, _OVERLOAD * rate, _OVERLOAD_S)
    ended = time.monotonic()
    answered = len(commands.latencies)
    recovered = NEVER
    while time.monotonic() - ended < _RECOVERY_S:
        before = len(commands.latencies)
        tried = commands.send(range(1))
        limit_s = _NORMAL * normal_ms / 1000
        if await _answers(commands, tried, limit_s):
            recovered = time.monotonic() - ended
            break
        answered += len(commands.latencies) - before
        await asyncio.sleep(_PAUSE_S)
    await _quiet(commands)
    return {
        name_of(name, OVERLOAD): min(1.0, answered / count),
        name_of(name, RECOVERY): recovered,
    }


async def _answers(commands: Commands, sent_ns: int, limit_s: float) -> bool:
    """Return whether the command that was sent last is answered in time."""
    deadline = sent_ns / 1e9 + limit_s
    while commands.waits_for(sent_ns):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_TICK_S / 4)
    return True


async def _offer(commands: Commands, rate: float, seconds: float) -> int:
    """Command all outputs in turn at a rate; return how many commands were sent."""
    await asyncio.sleep(_PAUSE_S)
    commands.begin()
    start, count = time.monotonic(), 0
    while (elapsed := time.monotonic() - start) < seconds:
        due = int(elapsed * rate)
        if due > count:
            commands.send(range(count, due))
            count = due
        await asyncio.sleep(_TICK_S)
    return count


async def _quiet(commands: Commands) -> None:
    """Wait until no more answers come."""
    end = time.monotonic() + _RECOVERY_S
    known = -1
    while known != len(commands.latencies) and time.monotonic() < end:
        known = len(commands.latencies)
        await asyncio.sleep(3 * _PAUSE_S)

# SPDX-License-Identifier: MIT
"""node/tasks.py: a task that dies is reported and comes back; one that is cancelled does not."""

import asyncio

import node.tasks
from harness import run_until
from node.tasks import Tasks


class Flaky:
    """Raises `failures` times, then waits for ever."""

    def __init__(self, failures):
        self.failures = failures
        self.starts = 0
        self.ended = False

    async def run(self):
        self.starts += 1
        if self.starts <= self.failures:
            raise ValueError("attempt %d" % self.starts)
        try:
            await asyncio.sleep(60)
        finally:
            self.ended = True


async def test_a_task_that_raises_is_reported_and_started_again():
    crashes = []
    owner = Tasks(lambda name, e: crashes.append((name, str(e))))
    flaky = Flaky(1)
    owner.spawn("job", flaky.run)
    await run_until(lambda: flaky.starts == 2, 3000)
    assert crashes == [("job", "attempt 1")]


async def test_a_cancelled_task_ends_and_is_not_a_crash():
    crashes = []
    owner = Tasks(lambda name, e: crashes.append(name))
    job = Flaky(0)
    owner.spawn("job", job.run)
    await run_until(lambda: job.starts == 1)
    owner.cancel("job")
    await run_until(lambda: job.ended)
    await asyncio.sleep_ms(0)
    assert job.starts == 1
    assert crashes == []


async def test_a_second_task_of_the_same_name_replaces_the_first():
    owner = Tasks(lambda name, e: None)
    first, second = Flaky(0), Flaky(0)
    owner.spawn("job", first.run)
    await run_until(lambda: first.starts == 1)
    owner.spawn("job", second.run)
    await run_until(lambda: first.ended and second.starts == 1)
    assert not second.ended


async def test_a_task_that_returns_is_not_started_again():
    owner = Tasks(lambda name, e: None)
    calls = []

    async def once(value):
        calls.append(value)

    owner.spawn("job", once, 7)
    await run_until(lambda: calls)
    await asyncio.sleep_ms(5)
    assert calls == [7]


# -- back-off, on a scripted clock ----------------------------------------------------------


class Script:
    """Stands for asyncio and for the clock of node.tasks. runs: ms that each run of a task takes.

    Attribute: `pauses`, ms that were waited after each run.
    """

    create_task = staticmethod(asyncio.create_task)

    def __init__(self, runs):
        self._runs = list(runs)
        self._now = (1 << 30) - 5000  # ticks of an ESP32 wrap within the test
        self.pauses = []

    def ticks_ms(self):
        return self._now % (1 << 30)

    def ticks_diff(self, end, start):
        return (end - start + (1 << 29)) % (1 << 30) - (1 << 29)

    async def sleep_ms(self, ms):
        self.pauses.append(ms)
        self._now += ms
        await asyncio.sleep_ms(0)

    async def run(self):
        if not self._runs:
            return
        self._now += self._runs.pop(0)
        raise ValueError("died")


async def pauses_after(*runs):
    script = Script(runs)
    crashes = []
    names = ("asyncio", "ticks_ms", "ticks_diff")
    before = [getattr(node.tasks, name) for name in names]
    for name in names:
        setattr(node.tasks, name, script if name == "asyncio" else getattr(script, name))
    try:
        owner = Tasks(lambda name, e: crashes.append(name))
        owner.spawn("job", script.run)
        await run_until(lambda: not owner.tasks)
    finally:
        for name, value in zip(names, before):
            setattr(node.tasks, name, value)
    assert crashes == ["job"] * len(runs)
    return script.pauses


async def test_the_pause_before_a_task_is_started_again_doubles_up_to_a_minute():
    seconds = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert await pauses_after(*[5] * 9) == [1000 * s for s in seconds]


async def test_a_task_that_ran_for_more_than_a_minute_is_started_again_soon():
    assert await pauses_after(5, 5, 5, 59_000, 61_000, 5) == [
        1000,
        2000,
        4000,
        8000,
        1000,
        2000,
    ]

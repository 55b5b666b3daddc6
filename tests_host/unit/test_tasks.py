# SPDX-License-Identifier: MIT
"""node/tasks.py: a task that dies is reported and comes back; one that is cancelled does not."""

import asyncio

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

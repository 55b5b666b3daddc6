# SPDX-License-Identifier: MIT
"""What the page does to processes: types on a console, takes the broker away."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from desk import LIMIT_S
from yard.sim.child import Child
from yard.sim.serial import SerialChild
from yard.sim.supervisor import Supervisor

ECHO = """
import sys, termios
try:
    print("ready", sys.stdin.isatty(), flush=True)
    for line in sys.stdin: print("got", repr(line), flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.01)


class Console:
    """A process on a terminal, and what it has said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.output = b""
        self.child: SerialChild

    def add(self, data: bytes) -> None:
        self.output += data


def on_console(tmp_path: Path, scenario: Callable[[Console], Awaitable[None]]) -> None:
    """Run a scenario with a process that tells what it reads."""

    async def run() -> None:
        console = Console()
        nothing: Mapping[str, str] = {}
        command = [sys.executable, "-c", ECHO]
        console.child = await SerialChild.start_on_terminal(
            command, console.lines.append, console.add, tmp_path, nothing
        )
        try:
            await until(lambda: console.lines == ["ready True"])
            await scenario(console)
        finally:
            await console.child.stop()

    asyncio.run(run())


def test_what_is_typed_arrives_and_is_not_echoed(tmp_path: Path) -> None:
    async def scenario(console: Console) -> None:
        console.child.type(b"abc\n")
        await until(lambda: "got 'abc\\n'" in console.lines)
        assert console.output == b"ready True\r\ngot 'abc\\n'\r\n"

    on_console(tmp_path, scenario)


def test_ctrl_c_interrupts_the_process(tmp_path: Path) -> None:
    async def scenario(console: Console) -> None:
        console.child.type(b"\x03")
        assert await console.child.wait() == 0
        await until(lambda: console.lines[-1] == "interrupted")

    on_console(tmp_path, scenario)


def test_typing_to_a_process_that_is_gone_costs_nothing(tmp_path: Path) -> None:
    async def scenario(console: Console) -> None:
        await console.child.stop()
        console.child.type(b"\x03abc")

    on_console(tmp_path, scenario)


def test_what_nobody_reads_is_lost_at_some_time_and_nothing_waits_for_it(tmp_path: Path) -> None:
    async def run() -> None:
        command = ["sleep", "60"]
        child = await SerialChild.start_on_terminal(
            command, lambda _: None, lambda _: None, tmp_path, {}
        )
        for _ in range(100):
            child.type(b"x" * 1000)
        await child.stop()

    asyncio.run(run())


def test_a_process_that_is_held_does_not_run_until_it_is_released() -> None:
    async def run() -> None:
        lines: list[str] = []
        ends: list[str] = []

        async def start() -> Child:
            return await Child.start(["sh", "-c", "echo runs; sleep 60"], lines.append)

        supervisor = Supervisor("thing", start, ends.append)
        running = asyncio.create_task(supervisor.run())
        await until(lambda: lines == ["runs"])
        await supervisor.hold()
        assert supervisor.is_held
        await asyncio.sleep(0.2)
        assert lines == ["runs"]
        supervisor.release()
        await until(lambda: lines == ["runs", "runs"])
        assert ends == []
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())


def test_a_process_that_is_held_while_it_is_being_started_does_not_stay() -> None:
    async def run() -> None:
        lines: list[str] = []
        starting = asyncio.Event()
        go_on = asyncio.Event()
        children: list[Child] = []

        async def start() -> Child:
            starting.set()
            await go_on.wait()
            child = await Child.start(["sh", "-c", "echo runs; sleep 60"], lines.append)
            children.append(child)
            return child

        supervisor = Supervisor("thing", start, lines.append)
        running = asyncio.create_task(supervisor.run())
        await starting.wait()
        await supervisor.hold()
        go_on.set()
        await until(lambda: children)
        async with asyncio.timeout(LIMIT_S):
            await children[0].wait()
        supervisor.release()
        await until(lambda: len(children) == 2)
        await until(lambda: lines and lines[-1] == "runs")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())

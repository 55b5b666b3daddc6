# SPDX-License-Identifier: MIT
"""The parts of `yard sim` put together: the board in our loop, broker and node as processes."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import quote

from yard.board import BoardServer
from yard.broker_address import BrokerAddress
from yard.fault import Fault
from yard.model.board import Board
from yard.page import Page
from yard.sim import components, expanders, node, sensors
from yard.sim.availability import watch_availability
from yard.sim.broker import Broker, choose_broker
from yard.sim.child import Child
from yard.sim.controls import Controls
from yard.sim.log_file import LogFile
from yard.sim.options import Options
from yard.sim.ports import HOST, claim, port_fault, wait_listening
from yard.sim.screen import Screen
from yard.sim.serial import SerialChild
from yard.sim.state import State
from yard.sim.supervisor import Supervisor

_BROKER_S = 10.0  # for the broker to listen
_ONLINE_S = 30.0  # for the node to be online
_BOARD_STOP_S = 0.5
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(options: Options) -> int:
    """Run until Ctrl-C or SIGTERM; return the exit status.

    Raises:
        Fault: a port, the state folder or an input file cannot be used; nothing is left running.
    """
    micropython = node.find_micropython()
    state = State(options.state)
    try:
        return asyncio.run(Simulation(options, state, micropython).run())
    finally:
        state.release()


class Simulation:
    """One run of `yard sim`."""

    def __init__(self, options: Options, state: State, micropython: str) -> None:
        self._options = options
        self._state = state
        self._micropython = micropython
        self._screen = Screen(options.headless)
        self._node_log = LogFile(state.path / "node.log")
        self._broker_log = LogFile(state.path / "broker.log")
        self._tasks: list[asyncio.Task[Any]] = []
        self._stopping = False
        self._online = asyncio.Event()
        self._controls = Controls()
        self._page: Page
        self._mqtt_port = 0
        self._board_url = ""

    async def run(self) -> int:
        """Start everything, and end everything on a signal; return the exit status."""
        loop = asyncio.get_running_loop()
        main = asyncio.current_task()
        assert main is not None
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._stop, main)
        try:
            with tempfile.TemporaryDirectory(prefix="yard-") as folder:
                return await self._run(Path(folder))
        except asyncio.CancelledError:
            return 0
        finally:
            self._node_log.close()
            self._broker_log.close()

    def _stop(self, main: asyncio.Task[Any]) -> None:
        # Once: a second signal must not interrupt what the first one makes us tidy up.
        if not self._stopping:
            self._stopping = True
            main.cancel()

    async def _run(self, folder: Path) -> int:
        self._write_components()
        self._mqtt_port = claim(self._options.port, "--port")
        self._state.write_settings(self._mqtt_port)
        address = BrokerAddress(HOST, self._mqtt_port)
        supervisor = self._node_supervisor(folder / "link")
        board = self._make_board(folder / "link", supervisor)
        self._page = Page(board, address, self._controls, self._state.components)
        await self._start_board(board)
        try:
            await self._start_broker(choose_broker(self._mqtt_port, folder))
            self._in_background(supervisor.run())
            self._in_background(self._page.run())
            self._in_background(watch_availability(address, self._availability_changed))
            return await self._wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BOARD_STOP_S):
                    await board.stop()

    def _in_background(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._tasks.append(asyncio.create_task(coroutine))

    # -- the parts ------------------------------------------------------------------------

    def _write_components(self) -> None:
        options = self._options
        if options.components is not None:
            content = options.components.read_bytes()
            if options.components.name == "components.py":
                self._state.write_program(content)
                return
        elif options.chips is not None:
            content = components.output_components(options.chips).encode()
        else:
            content = components.default_components().encode()
        wanted = options.components is not None or options.chips is not None
        if not self._state.write_components(content, wanted):
            self._screen.warn(
                "components.json was changed by hand and is kept; delete it for the default"
            )

    def _node_supervisor(self, link: Path) -> Supervisor:
        async def start() -> Child:
            self._node_log.write("--- node starts")
            self._controls.node = await SerialChild.start_on_terminal(
                node.command(self._micropython),
                self._serial_line,
                self._page.console_output,
                self._state.flash,
                node.environment(link),
            )
            return self._controls.node

        return Supervisor("node", start, self._note, node.RESET_STATUSES)

    def _make_board(self, link: Path, supervisor: Supervisor) -> BoardServer:
        content = self._state.components()
        parts = Board(components.chip_addresses(content), wiring=components.int_wiring(content))
        sensors.attach(parts, content)
        expanders.attach(parts, content)
        options, reset = self._options, supervisor.reset
        try:
            return BoardServer(
                parts, options.board_port, str(link), reset, reset, options.bind, options.key
            )
        except ValueError as error:
            raise Fault(f"{error} (--bind, $YARD_KEY)") from error

    async def _start_board(self, board: BoardServer) -> None:
        host = self._options.bind
        try:
            await board.start()
        except OSError as error:
            raise port_fault(self._options.board_port, "--board-port", error, host) from error
        self._board_url = f"http://{f'[{host}]' if ':' in host else host}:{board.http_port}"

    async def _start_broker(self, broker: Broker) -> None:
        self._screen.parts(
            [
                ("broker", broker.name, f"{HOST}:{self._mqtt_port}"),
                ("board", "simulated", self._board_url),
                ("node", "unmodified firmware", str(self._state.flash)),
            ]
        )
        supervisor = self._controls.broker = Supervisor(
            "broker", lambda: Child.start(broker.command, self._broker_log.write), self._note
        )
        self._in_background(supervisor.run())
        if not await wait_listening(self._mqtt_port, _BROKER_S):
            raise Fault(f"{broker.name} does not listen{self._broker_log.told()}")

    # -- what happens ---------------------------------------------------------------------

    async def _wait(self) -> int:
        """Wait for the node, then for the end of a background task, which is a fault of ours."""
        online = asyncio.create_task(self._online.wait())
        done = await _first_of([online, *self._tasks], _ONLINE_S)
        if not done:
            told = self._node_log.told()
            self._screen.warn(f"the node is not online after {_ONLINE_S:g} s{told}")
            if self._options.headless:
                return 1
        if not done or online in done:
            done = await _first_of(self._tasks)
        return int(done.pop().result())

    def _serial_line(self, line: str) -> None:
        self._node_log.write(line)
        self._page.console_line(line)
        self._screen.serial(line)

    def _note(self, text: str) -> None:
        self._node_log.write(f"--- {text}")
        self._page.desk_note(text)
        self._screen.note(text)

    def _availability_changed(self, home: str, name: str, online: bool) -> None:
        if not online or self._online.is_set():
            self._screen.note(f"{name} is {'online' if online else 'offline'}")
            return
        self._online.set()
        self._screen.ready(
            f"ready mqtt={HOST}:{self._mqtt_port} board={self._board_url} node={name}"
        )
        self._screen.page(self._page_url())
        self._screen.next_steps(self._next_steps(home, name))

    def _page_url(self) -> str:
        key = self._options.key
        return f"{self._board_url}/?key={quote(key)}" if key else self._board_url

    def _next_steps(self, home: str, name: str) -> list[tuple[str, str]]:
        yard = _shortest(sys.argv[0])
        port = f"--port {self._mqtt_port}"
        steps = [
            ("watch the node", f"{yard} watch {port}"),
            ("see and switch pins", f"{yard} pins {port}"),
        ]
        output = components.first_output(self._state.components())
        if output:
            topic = f"{home}/{name}/{output}/set"
            steps.append(("switch a light on", f"{yard} send {port} {topic} ON"))
        return steps


async def _first_of(
    tasks: list[asyncio.Task[Any]], limit_s: float | None = None
) -> set[asyncio.Task[Any]]:
    done, _ = await asyncio.wait(tasks, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
    return done


def _shortest(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative

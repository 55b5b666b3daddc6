# SPDX-License-Identifier: MIT
"""Runs a board in somebody's event loop: socket for the node, HTTP for everybody else."""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable

from aiohttp import web

from yard.board.control import Control
from yard.board.guard import SHORTEST_KEY, is_loopback
from yard.board.link import Link
from yard.model.board import Board

HOST = "127.0.0.1"
_SHUTDOWN_S = 0.1  # how long each stage of `stop` waits for requests being answered

Callback = Callable[[], Awaitable[None] | None]


class BoardServer:
    """A board with its two interfaces.

    Args:
        board: the model.
        http_port: port; 0 takes a free one.
        link_path: path of the Unix domain socket that the node connects to.
        on_reset: called for POST /node {"reset": true}.
        on_watchdog: called when the node did not feed its watchdog.
            Both restart the node process; they may be coroutine functions.
        host: address to listen on.
        key: what requests must bring, see `yard.board.guard`; "" only on loopback.

    Attributes:
        http_port: the port, once started.
        link: the node's connection.
        application: serves HTTP; takes further routes until `start`.

    Raises:
        ValueError: the key is missing or too short for that address.
    """

    def __init__(
        self,
        board: Board,
        http_port: int,
        link_path: str,
        on_reset: Callback,
        on_watchdog: Callback,
        host: str = HOST,
        key: str = "",
    ) -> None:
        if len(key) < SHORTEST_KEY and not (is_loopback(host) and not key):
            raise ValueError(f"on {host} a key of at least {SHORTEST_KEY} characters is needed")
        self.board = board
        self.http_port = http_port
        self.link = Link(board, link_path, self._watchdog_expired)
        self._on_watchdog = on_watchdog
        self._host = host
        control = Control(board, self.link, functools.partial(_call, on_reset), key)
        self.application = control.application
        self._runner = web.AppRunner(
            self.application, access_log=None, shutdown_timeout=_SHUTDOWN_S
        )
        self._restarts: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Serve both interfaces.

        Raises:
            OSError: the port or the path is in use; nothing is left running then.
        """
        await self.link.start()
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, self._host, self.http_port).start()
        except OSError:
            await self.stop()
            raise
        self.http_port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close both interfaces. The board keeps its state."""
        await self._runner.cleanup()
        await self.link.stop()
        for restart in self._restarts:
            restart.cancel()

    def _watchdog_expired(self) -> None:
        restart = asyncio.create_task(_call(self._on_watchdog))
        self._restarts.add(restart)
        restart.add_done_callback(self._restarts.discard)


async def _call(callback: Callback) -> None:
    result = callback()
    if inspect.isawaitable(result):
        await result

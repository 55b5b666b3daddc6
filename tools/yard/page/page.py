# SPDX-License-Identifier: MIT
"""The page as a part of the board's HTTP server.

    GET  /               the page
    GET  /feed           WebSocket: everything, then differences (yard.page.feed)
    POST /publish        {"topic": text, "payload": text}
    POST /console        {"text": what is typed}
    POST /broker         {"on": bool}

What a person does to the board goes to the control interface (yard.board.control).
"""

import asyncio
import contextlib
import json
import re
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Protocol

import aiomqtt
from aiohttp import WSCloseCode, web

from yard.board import BoardServer
from yard.board.control import boolean, fields_of
from yard.broker_address import BrokerAddress
from yard.follow import follow
from yard.page.board_view import BoardView
from yard.page.feed import Feed, Viewer
from yard.page.messages import Messages
from yard.page.pins import PinNames

_STATIC = Path(__file__).with_name("static")
_LOOK_S = 0.03
_BUS_LOOKS = 16  # so many looks to one at the counters of the bus
_KEPT_OUTPUT = 256  # pieces that the console keeps for the first page
_RECORD = re.compile(r" *[\d.]+ (critical|error|warn|info|debug) +(.*)")
# Not every browser takes 'self' for a WebSocket, too.
_POLICY = "default-src 'self'; connect-src 'self' ws://{host} wss://{host}; frame-ancestors 'none'"


class Controls(Protocol):
    """What the page can do besides."""

    def type(self, data: bytes) -> None:
        """Type on the node's console."""

    async def set_broker(self, on: bool) -> None:
        """End the broker, or start it again."""


class Page:
    """One page for everybody who opens it.

    Args:
        server: of the board; gets the routes.
        broker: of the node.
        controls: see there.
        components: returns the components.json of the node.
    """

    def __init__(
        self,
        server: BoardServer,
        broker: BrokerAddress,
        controls: Controls,
        components: Callable[[], bytes],
    ) -> None:
        self._broker = broker
        self._controls = controls
        self._components = components
        self._feed = Feed()
        self._messages = Messages(self._feed)
        self._link = server.link
        self._view = BoardView(server.board, server.link, self._feed)
        self._client: aiomqtt.Client | None = None
        self._output: deque[bytes] = deque(maxlen=_KEPT_OUTPUT)
        self._opened = asyncio.Event()
        self._sockets: set[web.WebSocketResponse] = set()
        self._feed.set("broker", {"port": broker.port, "on": True, "connected": False})
        server.application.add_routes(
            [
                web.get("/", self._get_page),
                web.get("/feed", self._get_feed),
                web.post("/publish", self._post_publish),
                web.post("/console", self._post_console),
                web.post("/broker", self._post_broker),
                web.static("/static", _STATIC),
            ]
        )
        server.application.on_response_prepare.append(_set_headers)
        server.application.on_shutdown.append(self._close_sockets)

    def console_output(self, data: bytes) -> None:
        """Take what the node writes on its console."""
        self._output.append(data)

    def console_line(self, line: str) -> None:
        """Take a line of the console that is complete: the records of the node's log are such."""
        record = _RECORD.fullmatch(line)
        if record:
            self._feed.add("log", [time.time(), record[1], record[2]])

    def desk_note(self, text: str) -> None:
        """Take what happened to the node's process or the broker's."""
        self.console_output(f"--- {text}\r\n".encode())
        self._feed.add("log", [time.time(), "desk", text])

    async def run(self) -> NoReturn:
        """Follow the board and the broker until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look())
            tasks.create_task(
                follow(self._broker, ["#"], self._messages.message, self._connected, self._trouble)
            )
        raise AssertionError("both run until cancelled")

    async def _look(self) -> NoReturn:
        """Look at the board as long as somebody looks at the page."""
        await self._opened.wait()
        from yard.page.console import Console  # not before it is needed: it brings a library

        console = Console(self._feed)
        looks = 0
        was_running = False
        while True:
            if not self._feed.is_watched:
                self._view.listen(False)
                self._opened.clear()
                await self._opened.wait()
            if looks % _BUS_LOOKS == 0:
                self._view.look_at_bus()
            looks += 1
            is_running = self._link.node_running
            if is_running and not was_running:
                self._name_pins()  # it has read its configuration anew
            was_running = is_running
            self._view.look()
            if self._output:
                console.write(b"".join(self._output))
                self._output.clear()
            await asyncio.sleep(_LOOK_S)

    def _name_pins(self) -> None:
        try:
            content = self._components()
        except OSError:  # a node without components
            content = b""
        names = PinNames(content)
        self._feed.set("names", {"chips": names.chips, "pins": names.pins})

    # -- the broker -----------------------------------------------------------------------

    def _connected(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._set_broker(connected=True)

    def _trouble(self, _reason: str) -> None:
        self._client = None
        self._set_broker(connected=False)

    def _set_broker(self, **changes: bool) -> None:
        self._feed.set("broker", {**self._feed.get("broker"), **changes})

    # -- the routes -----------------------------------------------------------------------

    async def _get_page(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(_STATIC / "index.html")

    async def _get_feed(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=10, compress=False)
        await socket.prepare(request)
        self._sockets.add(socket)
        self._name_pins()
        self._view.listen(True)
        self._view.look()
        viewer = self._feed.open()
        self._opened.set()
        sender = asyncio.create_task(_send(socket, viewer))
        try:
            async for _ in socket:  # until it is closed; the page says nothing here
                continue
        finally:
            self._feed.close(viewer)
            self._sockets.discard(socket)
            sender.cancel()
        return socket

    async def _post_publish(self, request: web.Request) -> web.Response:
        fields = await fields_of(request, "topic", "payload")
        topic, payload = fields.get("topic"), fields.get("payload")
        if not isinstance(topic, str) or not isinstance(payload, str):
            raise ValueError("topic and payload must be texts")
        if self._client is None:
            raise web.HTTPConflict(text="there is no broker")
        self._messages.sent(topic)
        try:
            await self._client.publish(topic, payload)
        except aiomqtt.MqttError as error:
            raise web.HTTPConflict(text=f"the broker did not take it: {error}") from error
        return web.json_response({})

    async def _post_console(self, request: web.Request) -> web.Response:
        text = (await fields_of(request, "text"))["text"]
        if not isinstance(text, str):
            raise ValueError("text: must be a text")
        self._controls.type(text.encode())
        return web.json_response({})

    async def _post_broker(self, request: web.Request) -> web.Response:
        on = boolean(await fields_of(request, "on"), "on")
        await self._controls.set_broker(on)
        self._set_broker(on=on)
        return web.json_response({})

    async def _close_sockets(self, _application: web.Application) -> None:
        for socket in tuple(self._sockets):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await socket.close(code=WSCloseCode.GOING_AWAY)


async def _send(socket: web.WebSocketResponse, viewer: Viewer) -> None:
    # A page that has gone is found by the reader.
    with contextlib.suppress(ConnectionError):
        while True:
            await socket.send_str(json.dumps(await viewer.difference(), separators=(",", ":")))
            await asyncio.sleep(_LOOK_S)


async def _set_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = _POLICY.format(host=request.host)
    response.headers["X-Content-Type-Options"] = "nosniff"

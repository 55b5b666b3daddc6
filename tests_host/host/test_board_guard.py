# SPDX-License-Identifier: MIT
"""Who gets at the board's HTTP interface, and who does not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner

from desk import LIMIT_S
from yard.board import BoardServer
from yard.board.guard import is_loopback
from yard.broker_address import BrokerAddress
from yard.cli import app
from yard.fault import Fault
from yard.model.board import Board
from yard.page import Page
from yard.places import TOOLS
from yard.sim.controls import Controls

KEY = "correct horse"
STATIC = TOOLS / "yard" / "page" / "static"
Scenario = Callable[[aiohttp.ClientSession, str], Awaitable[None]]


def serve(tmp_path: Path, scenario: Scenario, host: str = "127.0.0.1", key: str = "") -> None:
    """Run a scenario with a client and the URL of a board with its page."""

    async def run() -> None:
        def reset() -> None:
            """Nothing runs here."""

        board = Board((0x20,), wiring={4: [(0x20, "INTA")]})
        server = BoardServer(board, 0, str(tmp_path / "link"), reset, reset, host, key)
        Page(server, BrokerAddress("127.0.0.1", 1), Controls(), lambda: b"{}")
        await server.start()
        try:
            async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
                await scenario(session, f"http://127.0.0.1:{server.http_port}")
        finally:
            await server.stop()

    asyncio.run(run())


POSTS = ["/node", "/bus", "/publish", "/console", "/broker", "/lines/4", "/chips/0x20/power"]


@pytest.mark.parametrize("path", POSTS)
def test_a_page_of_another_site_can_do_nothing(tmp_path: Path, path: str) -> None:
    async def scenario(session: aiohttp.ClientSession, url: str) -> None:
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1", url + "0"):
            async with session.post(url + path, headers={"Origin": origin}, json={}) as answer:
                assert answer.status == 403
                assert "may not do this" in (await answer.json())["error"]

    serve(tmp_path, scenario)


def test_a_page_of_another_site_is_told_nothing(tmp_path: Path) -> None:
    async def scenario(session: aiohttp.ClientSession, url: str) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await session.ws_connect(url + "/feed", origin="http://evil.example")
        assert refusal.value.status == 403

    serve(tmp_path, scenario)


def test_its_own_page_may(tmp_path: Path) -> None:
    async def scenario(session: aiohttp.ClientSession, url: str) -> None:
        async with session.post(f"{url}/node", headers={"Origin": url}, json={"wifi": False}) as a:
            assert a.status == 200
        async with session.ws_connect(url + "/feed", origin=url) as feed:
            news = await feed.receive_json(timeout=LIMIT_S)
            assert news["set"]["node"]["wifi"] is False

    serve(tmp_path, scenario)


def test_the_page_may_load_from_nowhere_else(tmp_path: Path) -> None:
    async def scenario(session: aiohttp.ClientSession, url: str) -> None:
        async with session.get(url) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["Cache-Control"] == "no-store"
        texts = [path.read_text() for path in STATIC.iterdir()]
        addresses = {found for text in texts for found in re.findall(r"https?://[^\s\"'`]+", text)}
        assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not a place

    serve(tmp_path, scenario)


def test_a_host_name_of_somebody_else_is_refused(tmp_path: Path) -> None:
    async def scenario(session: aiohttp.ClientSession, url: str) -> None:
        port = url.rpartition(":")[2]
        for host, status in ((f"evil.example:{port}", 403), (f"localhost:{port}", 200)):
            async with session.get(f"{url}/chips", headers={"Host": host}) as answer:
                assert answer.status == status

    serve(tmp_path, scenario)


def test_with_a_key_nothing_goes_without_it(tmp_path: Path) -> None:
    async def scenario(session: aiohttp.ClientSession, url: str) -> None:
        for path in ("/", "/feed", "/chips", "/static/main.js", "/?key=wrong", "/?key="):
            async with session.get(url + path) as answer:
                assert answer.status == 403, path
        bearer = {"Authorization": f"Bearer {KEY}"}
        async with session.get(f"{url}/chips", headers=bearer) as answer:
            assert answer.status == 200

    serve(tmp_path, scenario, "0.0.0.0", KEY)


def test_a_browser_that_came_with_the_key_keeps_it_out_of_its_address(tmp_path: Path) -> None:
    async def scenario(session: aiohttp.ClientSession, url: str) -> None:
        async with session.get(f"{url}/", params={"key": KEY}) as answer:
            assert answer.status == 200
            assert str(answer.url) == f"{url}/"
            cookie = answer.history[0].cookies["yard_key"]
            assert cookie["httponly"] and cookie["samesite"] == "Strict"
        async with session.get(f"{url}/chips") as answer:
            assert answer.status == 200

    serve(tmp_path, scenario, "0.0.0.0", KEY)


@pytest.mark.parametrize(
    ("host", "key"), [("0.0.0.0", ""), ("0.0.0.0", "short"), ("::", ""), ("192.0.2.1", "")]
)
def test_elsewhere_than_on_loopback_it_does_not_listen_without_a_key(
    tmp_path: Path, host: str, key: str
) -> None:
    with pytest.raises(ValueError, match="a key of at least 8 characters is needed"):
        serve(tmp_path, lambda *_: asyncio.sleep(0), host, key)


def test_yard_sim_says_what_is_missing(tmp_path: Path) -> None:
    ports = ["--port", "0", "--board-port", "0", "--state", str(tmp_path / "state")]
    done = CliRunner().invoke(app, ["sim", "--bind", "0.0.0.0", *ports], env={"YARD_KEY": ""})
    assert isinstance(done.exception, Fault)
    assert str(done.exception).endswith("is needed (--bind, $YARD_KEY)")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)]
    + [(host, False) for host in ("0.0.0.0", "10.0.0.1", "localhost.evil.example", "")],
)
def test_what_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected

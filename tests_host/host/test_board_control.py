# SPDX-License-Identifier: MIT
"""The HTTP control interface of the simulated board."""

from __future__ import annotations

import asyncio
import errno
import struct
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from desk import LIMIT_S
from yard.board import BoardServer
from yard.model.board import Board


class Desk:
    """A board that serves, and a client of its control interface."""

    def __init__(self, server: BoardServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.board = server.board
        self.session = session
        self.resets = 0

    async def call(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.server.http_port}{path}"
        async with self.session.request(method, url, **body) as response:
            return response.status, await response.json()

    async def good(self, method: str, path: str, json: object = None) -> Any:
        status, answer = await self.call(method, path, json=json)
        assert status == 200, answer
        return answer

    async def chips(self) -> Any:
        return await self.good("GET", "/chips")


def on_desk(tmp_path: Path, scenario: Callable[[Desk], Awaitable[None]]) -> None:
    """Run a scenario with a board of two chips."""

    async def run() -> None:
        desk: Desk

        async def reset() -> None:
            await asyncio.sleep(0)
            desk.resets += 1

        board = Board((0x20, 0x21), wiring={4: [(0x20, "INTA")]})
        server = BoardServer(board, 0, str(tmp_path / "board.sock"), reset, lambda: None)
        await server.start()
        timeout = aiohttp.ClientTimeout(total=LIMIT_S)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                desk = Desk(server, session)
                await scenario(desk)
        finally:
            await server.stop()

    asyncio.run(run())


def test_chips_are_listed_with_registers_levels_and_counters(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.board.bus.transfer(0x20, b"\x00\xf0\x7f")
        desk.board.bus.transfer(0x20, b"\x14\x0f\x80")
        answer = await desk.chips()
        assert list(answer["chips"]) == ["0x20", "0x21"]
        chip = answer["chips"]["0x20"]
        assert chip["registers"]["IODIRA"] == 0xF0
        assert chip["registers"]["OLATB"] == 0x80
        assert set(answer["chips"]["0x21"]["registers"].values()) == {0xFF, 0}
        assert chip["levels"] == 0x800F
        assert chip["powered"] is True
        assert (chip["transactions"], chip["bytes"], chip["bus_us"]) == (2, 8, 760)
        assert {name: n for name, n in chip["writes"].items() if n} == {
            "IODIRA": 1,
            "IODIRB": 1,
            "OLATA": 1,
            "OLATB": 1,
        }
        assert chip["latch_changes"] == 2

    on_desk(tmp_path, scenario)


def test_bus_is_told_beside_the_chips(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.board.bus.transfer(0x20, b"\x12", bytearray(2))
        desk.board.bus.transfer(0x21, b"\x12", bytearray(2))
        assert (await desk.chips())["bus"] == {
            "transactions": 2,
            "bytes": 10,
            "bus_us": 960,
            "frequency": 100_000,
            "nack": [],
            "stuck_sda": False,
            "clearable": False,
        }

    on_desk(tmp_path, scenario)


@pytest.mark.parametrize("address", ["0x21", "33", "0X21"])
def test_input_is_driven_and_let_go(tmp_path: Path, address: str) -> None:
    async def scenario(desk: Desk) -> None:
        path = f"/chips/{address}/pins/9"
        assert (await desk.good("PUT", path, {"level": 1}))["levels"] == 0x0200
        desk.board.bus.transfer(0x21, b"\x0c\xff\xff")
        assert (await desk.good("PUT", path, {"level": 0}))["levels"] == 0xFDFF
        assert (await desk.good("PUT", path, {"level": None}))["levels"] == 0xFFFF

    on_desk(tmp_path, scenario)


def test_power_is_switched(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.board.bus.transfer(0x20, b"\x00\x00\x00")
        chip = await desk.good("POST", "/chips/0x20/power", {"on": False})
        assert chip["powered"] is False
        with pytest.raises(OSError):
            desk.board.bus.transfer(0x20, b"")
        chip = await desk.good("POST", "/chips/0x20/power", {"on": True})
        assert chip["powered"] is True
        assert chip["registers"]["IODIRA"] == 0xFF

    on_desk(tmp_path, scenario)


def test_faults_of_the_bus_are_set_one_by_one(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        bus = await desk.good("POST", "/bus", {"nack": ["0x21", 32]})
        assert bus["nack"] == ["0x20", "0x21"]
        bus = await desk.good("POST", "/bus", {"stuck_sda": True, "clearable": True})
        assert (bus["nack"], bus["stuck_sda"], bus["clearable"]) == (["0x20", "0x21"], True, True)
        bus = await desk.good("POST", "/bus", {"nack": [], "stuck_sda": False})
        assert (bus["nack"], bus["stuck_sda"]) == ([], False)
        assert desk.board.bus.scan() == [0x20, 0x21]

    on_desk(tmp_path, scenario)


def test_node_is_described(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.good("GET", "/node")
        assert node["running"] is False
        assert node["watchdog"] == {"timeout_ms": None, "expirations": 0}
        _reader, writer = await asyncio.open_unix_connection(str(tmp_path / "board.sock"))
        for rest in (b"\x08\x00", b"\x07" + struct.pack("<I", 30_000), b"\x02\x05\x00\x01"):
            writer.write(struct.pack("<H", len(rest)) + rest)
        async with asyncio.timeout(LIMIT_S):
            while "5" not in (node := await desk.good("GET", "/node"))["pins"]:
                await asyncio.sleep(0.001)
        assert node["running"] is True
        assert node["reset_cause"] == 1
        assert node["watchdog"]["timeout_ms"] == 30_000
        assert node["pins"]["5"] == {
            "level": 1,
            "drive": None,
            "mode": "in",
            "pull": "up",
            "pwm": None,
        }
        writer.close()

    on_desk(tmp_path, scenario)


def test_wifi_is_switched(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        assert (await desk.good("POST", "/node", {"wifi": False}))["wifi"] is False
        assert desk.board.wifi is False
        assert desk.resets == 0

    on_desk(tmp_path, scenario)


def test_node_is_reset_before_the_answer(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.good("POST", "/node", {"reset": True})
        assert desk.resets == 1

    on_desk(tmp_path, scenario)


def test_native_pin_is_driven(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        assert (await desk.good("PUT", "/pins/5", {"level": 1}))["level"] == 1
        assert desk.board.pin_read(5) == 1
        assert (await desk.good("PUT", "/pins/5", {"level": None}))["drive"] is None
        assert desk.board.pin_read(5) == 0

    on_desk(tmp_path, scenario)


@pytest.mark.parametrize(
    "method, path, body, named",
    [
        ("PUT", "/chips/0x20/pins/16", '{"level": 1}', "pin"),
        ("PUT", "/chips/0x20/pins/x", '{"level": 1}', "pin"),
        ("PUT", "/chips/0x2g/pins/1", '{"level": 1}', "address"),
        ("PUT", "/chips/0x20/pins/1", '{"level": 2}', "level"),
        ("PUT", "/chips/0x20/pins/1", '{"level": true}', "level"),
        ("PUT", "/chips/0x20/pins/1", '{"level": 1.0}', "level"),
        ("PUT", "/chips/0x20/pins/1", '{"level": "1"}', "level"),
        ("PUT", "/chips/0x20/pins/1", "{}", "level"),
        ("PUT", "/chips/0x20/pins/1", "[1]", "level"),
        ("PUT", "/chips/0x20/pins/1", '{"level": 1, "pull": 1}', "pull"),
        ("PUT", "/chips/0x20/pins/1", '{"level": 1', "JSON"),
        ("PUT", "/chips/0x20/pins/1", b"\xff", "JSON"),
        ("PUT", "/chips/0x20/pins/1", "[" * 4000, "JSON"),
        ("PUT", "/chips/0x20/pins/1", "", "JSON"),
        ("PUT", "/chips/0x20/pins/1", '{"level": 1}' + " " * 5000, "4096"),
        ("POST", "/chips/0x20/power", '{"on": 1}', "on"),
        ("POST", "/bus", "{}", "stuck_sda"),
        ("POST", "/bus", '{"stuck_sda": "yes"}', "stuck_sda"),
        ("POST", "/bus", '{"clearable": null}', "clearable"),
        ("POST", "/bus", '{"nack": 32}', "nack"),
        ("POST", "/bus", '{"nack": [true]}', "nack"),
        ("POST", "/bus", '{"nack": ["zz"]}', "nack"),
        ("POST", "/bus", '{"nack": [120]}', "nack"),
        ("POST", "/node", '{"reset": false}', "reset"),
        ("POST", "/node", '{"wifi": 0}', "wifi"),
        ("POST", "/node", '{"reboot": true}', "reboot"),
        ("PUT", "/pins/49", '{"level": 1}', "gpio"),
        ("PUT", "/pins/4", '{"level": "high"}', "level"),
    ],
)
def test_bad_request_names_the_fault_and_changes_nothing(
    tmp_path: Path, method: str, path: str, body: str | bytes, named: str
) -> None:
    async def scenario(desk: Desk) -> None:
        before = await desk.chips(), await desk.good("GET", "/node")
        status, answer = await desk.call(method, path, data=body)
        assert status == 400
        assert list(answer) == ["error"]
        assert named in answer["error"]
        assert "\n" not in answer["error"]
        assert (await desk.chips(), await desk.good("GET", "/node")) == before
        assert desk.resets == 0

    on_desk(tmp_path, scenario)


def test_one_wrong_key_spoils_the_whole_request(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        status, _ = await desk.call("POST", "/bus", json={"stuck_sda": True, "nack": [0]})
        assert status == 400
        assert desk.board.bus.stuck_sda is False
        status, _ = await desk.call("POST", "/node", json={"reset": True, "wifi": 1})
        assert status == 400
        assert desk.resets == 0

    on_desk(tmp_path, scenario)


@pytest.mark.parametrize(
    "method, path, status, named",
    [
        ("PUT", "/chips/0x27/pins/1", 404, "0x20, 0x21"),
        ("POST", "/chips/39/power", 404, "0x27"),
        ("GET", "/", 404, "404"),
        ("DELETE", "/chips", 405, "405"),
    ],
)
def test_what_is_not_there_is_told_as_json(
    tmp_path: Path, method: str, path: str, status: int, named: str
) -> None:
    async def scenario(desk: Desk) -> None:
        got, answer = await desk.call(method, path, json={"level": 1})
        assert got == status
        assert named in answer["error"]

    on_desk(tmp_path, scenario)


def test_only_one_address_of_the_loopback_interface_is_served(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        with pytest.raises(ConnectionRefusedError):
            # Loopback as well, but not the address that is served.
            await asyncio.open_connection("127.0.0.2", desk.server.http_port)

    on_desk(tmp_path, scenario)


def test_port_in_use_is_an_os_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        path = tmp_path / "second.sock"
        port = desk.server.http_port
        second = BoardServer(Board(()), port, str(path), lambda: None, lambda: None)
        with pytest.raises(OSError) as caught:
            await second.start()
        assert caught.value.errno == errno.EADDRINUSE
        assert not path.exists()

    on_desk(tmp_path, scenario)


def test_stop_does_not_wait_for_a_request_that_hangs(tmp_path: Path) -> None:
    async def run() -> None:
        resetting = asyncio.Event()

        async def reset() -> None:
            resetting.set()
            await asyncio.Event().wait()

        path = str(tmp_path / "board.sock")
        server = BoardServer(Board(()), 0, path, reset, lambda: None)
        await server.start()
        async with aiohttp.ClientSession() as session, asyncio.timeout(LIMIT_S):
            url = f"http://127.0.0.1:{server.http_port}/node"
            request = asyncio.create_task(session.post(url, json={"reset": True}))
            await resetting.wait()
            await server.stop()
            with pytest.raises(aiohttp.ClientError):
                await request

    asyncio.run(run())


def test_watchdog_restarts_the_node(tmp_path: Path) -> None:
    async def run() -> None:
        bitten = asyncio.Event()

        async def restart() -> None:
            bitten.set()

        path = str(tmp_path / "board.sock")
        server = BoardServer(Board(()), 0, path, lambda: None, restart)
        await server.start()
        try:
            _reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"\x02\x00\x08\x00" + b"\x05\x00\x07" + struct.pack("<I", 10))
            async with asyncio.timeout(LIMIT_S):
                await bitten.wait()
            writer.close()
        finally:
            await server.stop()

    asyncio.run(run())


def test_latches_tells_when_which_output_latch_changed(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        before = time.monotonic_ns()
        desk.board.bus.transfer(0x21, b"\x14\x05\x00")
        desk.board.bus.transfer(0x21, b"\x14\x05\x00")
        ((at, address, latch),) = (await desk.good("GET", "/latches"))["latches"]
        assert before <= at <= time.monotonic_ns()
        assert (address, latch) == ("0x21", 0x0005)

    on_desk(tmp_path, scenario)


def test_an_interrupt_line_that_is_cut_stays_high_until_it_is_mended(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.board.bus.transfer(0x20, b"\x04\x01")  # GPINTEN
        assert (await desk.good("POST", "/lines/4", {"cut": True}))["cut"] is True
        desk.board.chips[0x20].drive(0, 1)
        line = (await desk.good("GET", "/node"))["lines"]["4"]
        assert line == {"outputs": [["0x20", "INTA"]], "level": 1, "cut": True}
        mended = await desk.good("POST", "/lines/4", {"cut": False})
        assert mended == {**line, "level": 0, "cut": False}

    on_desk(tmp_path, scenario)


@pytest.mark.parametrize("path", ["/lines/5", "/lines/x"])
def test_a_line_that_is_not_there_cannot_be_cut(tmp_path: Path, path: str) -> None:
    async def scenario(desk: Desk) -> None:
        status, answer = await desk.call("POST", path, json={"cut": True})
        assert status == 400
        assert "gpio" in answer["error"]

    on_desk(tmp_path, scenario)

# SPDX-License-Identifier: MIT
"""What the page is told: values and streams, pins by name, transfers in words, messages."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import LIMIT_S
from yard.board import BoardServer
from yard.board.requests import ENODEV, ETIMEDOUT, OK, Transfer
from yard.broker_address import BrokerAddress
from yard.model.board import Board
from yard.page import Page
from yard.page.console import Console
from yard.page.feed import Feed
from yard.page.messages import Messages
from yard.page.pins import PinNames
from yard.page.transfers import Decoder
from yard.sim.controls import Controls


def told(feed: Feed) -> dict[str, Any]:
    """Everything that a page is told which opens now."""
    return asyncio.run(feed.open().difference())


# -- the feed -----------------------------------------------------------------------------

KEYS = st.sampled_from("abc")
STEPS = st.lists(st.tuples(KEYS, st.one_of(st.none(), st.integers(0, 2)), st.booleans()))


@given(STEPS)
def test_differences_add_up_to_the_state(steps: list[tuple[str, int | None, bool]]) -> None:
    async def run() -> None:
        feed = Feed()
        viewer = feed.open()
        shown: dict[str, Any] = {}
        expected: dict[str, Any] = {}
        for key, value, look in [*steps, ("d", 1, True)]:
            feed.set(key, value)
            expected[key] = value
            if look and viewer._news.is_set():
                shown.update((await viewer.difference())["set"])
        state = {key: value for key, value in expected.items() if value is not None}
        assert {key: value for key, value in shown.items() if value is not None} == state
        assert (await feed.open().difference())["set"] == state

    asyncio.run(run())


def test_what_stays_the_same_is_not_told() -> None:
    async def run() -> None:
        feed = Feed()
        feed.set("a", 1)
        viewer = feed.open()
        await viewer.difference()
        feed.set("a", 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await viewer.difference()

    asyncio.run(run())


def test_a_slow_page_gets_the_latest_state_and_not_all_entries() -> None:
    feed = Feed()
    viewer = feed.open()
    for n in range(10_000):
        feed.set("a", n)
        feed.add("log", n)
    news = asyncio.run(viewer.difference())
    assert news["set"] == {"a": 9999}
    assert news["add"]["log"] == list(range(9700, 10_000))


# -- transfers ----------------------------------------------------------------------------


def words(*transfers: Transfer, model: str = "MCP23017", sequential: bool = True) -> list[str]:
    decoder = Decoder()
    return [decoder.words(transfer, model, sequential) for transfer in transfers]


@pytest.mark.parametrize(
    ("write", "read", "status", "expected"),
    [
        (b"\x14\x05\x00", b"", OK, "write OLATA=0x05 OLATB=0x00"),
        (b"\x12", b"\xff\x7f", OK, "read GPIOA=0xff GPIOB=0x7f"),
        (b"\x15\x01\x02", b"", OK, "write OLATB=0x01 IODIRA=0x02"),
        (b"\x0a\x44", b"", OK, "write IOCON=0x44"),
        (b"\x12", b"", OK, "select GPIOA"),
        (b"\x30\x01", b"", OK, "write 0x30=0x01"),
        (b"", b"", ENODEV, "probe — no acknowledge"),
        (b"\x14\x05", b"", ETIMEDOUT, "write OLATA=0x05 — the bus is stuck"),
    ],
)
def test_a_transfer_names_its_registers(
    write: bytes, read: bytes, status: int, expected: str
) -> None:
    assert words(Transfer(0x20, write, read, 90, status)) == [expected]


def test_a_read_goes_on_where_the_pointer_is_of_each_chip() -> None:
    selected = [Transfer(0x20, b"\x0e", b"", 0, OK), Transfer(0x21, b"\x12", b"", 0, OK)]
    reads = [Transfer(0x20, None, b"\x01\x02", 0, OK), Transfer(0x21, None, b"\x03", 0, OK)]
    assert words(*selected, *reads)[2:] == ["read INTFA=0x01 INTFB=0x02", "read GPIOA=0x03"]


def test_a_chip_that_does_not_count_on_alternates_between_the_ports() -> None:
    transfer = Transfer(0x20, b"\x12", b"\x01\x02\x03", 0, OK)
    assert words(transfer, sequential=False) == ["read GPIOA=0x01 GPIOB=0x02 GPIOA=0x03"]


def test_a_chip_with_8_pins_has_registers_of_its_own() -> None:
    transfer = Transfer(0x21, b"\x09", b"\x01\x02", 0, OK)
    assert words(transfer, model="MCP23008") == ["read GPIO=0x01 OLAT=0x02"]
    assert words(transfer, model="MCP23008", sequential=False) == ["read GPIO=0x01 GPIO=0x02"]


@pytest.mark.parametrize("model", ["PCF8574", ""])
def test_what_has_no_registers_sends_and_receives_bytes(model: str) -> None:
    command = Transfer(0x40, b"\xf3", b"", 0, OK)
    result = Transfer(0x40, None, b"\x68\x3a", 0, OK)
    assert words(command, result, model=model) == ["write 0xf3", "read 0x68 0x3a"]


# -- pins ---------------------------------------------------------------------------------

COMPONENTS = b"""{
  // as people write it
  "a": {"package": ".devices.mcp23017", "constructor_args": {"address": "0x20", "pins": [
    {"pin": 0, "type": "light", "name": "Long  Table"},
    {"pin": "GPB2", "type": "switch", "id": "pump", "invert": true},
    {"pin": 3, "type": "cover", "name": "Blind", "close_pin": {"pin": 4, "invert": true}},
    {"pin": 5, "type": "fan", "speeds": [6, "@b.1"]},
    {"pin": 8, "type": "output"}, {"type": "light"}, 7]}},
  "b": {"package": ".devices.mcp23017", "constructor_args": {"address": 33, "pins": []}},
  "c": {"package": ".entities.table", "constructor_args": {"rows": [
    {"pin": "@a.8", "type": "light", "name": "Hall"}, {"pin": "@x.1", "type": "light"}]}},
  "d": {"package": ".devices.mcp23008", "constructor_args": {"address": "0x22", "pins": [
    {"pin": "GP7", "type": "switch", "id": "well"}]}},
  "e": {"package": ".devices.pcf8574", "constructor_args": {"address": "0x38", "pins": [
    {"pin": "P6", "type": "binary_sensor", "name": "Gate"}]}},
  "chain": {"package": ".devices.hc595", "constructor_args": {"pins": [
    {"pin": 12, "type": "light", "id": "lamp"}]}},
  "esp": {"package": ".machine.gpio", "constructor_args": {"pins": [
    {"pin": 21, "type": "switch", "name": "Pump"}]}},
  "lamp": {"package": ".machine.pwm", "component": "PWM", "constructor_args": {"pin": 25}},
  "odd": 3, "odder": {"constructor_args": [1]}
}"""


def test_pins_have_the_names_and_keys_of_the_configuration() -> None:
    names = PinNames(COMPONENTS)
    assert names.chips == {"0x20": "a", "0x21": "b", "0x22": "d", "0x38": "e"}
    keys = {place: about["key"] for place, about in names.pins.items()}
    assert keys == {
        "0x20/0": "a/long_table",
        "0x20/10": "a/pump",
        "0x20/3": "a/blind",
        "0x20/4": "a/blind",
        "0x20/5": "a/pin5",
        "0x20/6": "a/pin5",
        "0x21/1": "a/pin5",
        "0x20/8": "c/hall",
        "0x22/7": "d/well",
        "0x38/6": "e/gate",
        "chain/12": "chain/lamp",
        "native/21": "esp/pump",
        "native/25": "",
    }
    assert names.pins["0x20/4"]["role"] == "close_pin"
    inverted = [place for place, about in names.pins.items() if about["invert"]]
    assert inverted == ["0x20/10", "0x20/4"]


ROW_VALUES = st.recursive(
    st.none()
    | st.integers(-2, 50)
    | st.sampled_from(["GPA3", "@a.3", "@b", "@", "cover", "fan", "3"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["pin", "type", "speeds", "close_pin", "invert"]), inner)
    ),
    max_leaves=6,
)


@given(st.lists(ROW_VALUES, max_size=4), st.sampled_from(["pins", "rows", "pin"]))
def test_rows_that_make_no_sense_cost_nothing_but_themselves(rows: list[Any], key: str) -> None:
    good = {"pin": 15, "type": "switch", "id": "good"}
    content = {
        "a": {
            "package": ".devices.mcp23017",
            "constructor_args": {"address": "0x20", "pins": [*rows, good]},
        },
        "b": {"package": ".entities.table", "constructor_args": {key: rows}},
    }
    assert PinNames(json.dumps(content).encode()).pins["0x20/15"]["key"] == "a/good"


@pytest.mark.parametrize("content", [b"", b"no JSON", b"[]", b'{"a": {"package": 1}}'])
def test_a_configuration_that_cannot_be_read_names_nothing(content: bytes) -> None:
    assert PinNames(content).pins == {}


# -- messages -----------------------------------------------------------------------------


def messages(*given: tuple[str, str]) -> dict[str, Any]:
    feed = Feed()
    taker = Messages(feed)
    for topic, payload in given:
        taker.message(topic, payload.encode(), False)
    return told(feed)


ONLINE = ("home/desk/available", "online")


def test_what_came_before_the_node_was_known_counts_too() -> None:
    early = [("home/desk/chip/lamp/state", "ON"), ("home/desk/chip/available", "online")]
    for order in ([ONLINE, *early], [*early, ONLINE]):
        values = messages(*order)["set"]
        assert values["state/chip/lamp"] == "ON"
        assert values["component/chip"] == "online"
        assert values["node_id"] == {"base": "home/desk/", "online": True}


def test_an_entity_that_is_no_longer_announced_is_gone() -> None:
    def announced(*leaves: str) -> tuple[str, str]:
        entities = {leaf: {"p": "light", "~": f"home/desk/c/{leaf}"} for leaf in leaves}
        return "homeassistant/device/uid/c/config", json.dumps({"cmps": entities})

    assert "entity/c/b" in messages(ONLINE, announced("a", "b"))["set"]
    assert "entity/c/b" not in messages(ONLINE, announced("a", "b"), announced("a"))["set"]
    gone = messages(ONLINE, announced("a"), ("homeassistant/device/uid/c/config", ""))["set"]
    assert "entity/c/a" not in gone


def test_latency_is_the_time_from_a_command_of_the_page_to_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SimpleNamespace(time=lambda: 0.0, monotonic=lambda: 7.0)
    monkeypatch.setattr("yard.page.messages.time", clock)
    feed = Feed()
    taker = Messages(feed)
    taker.message(ONLINE[0], b"online", True)
    taker.sent("home/desk/c/a/set")
    clock.monotonic = lambda: 7.25
    for key in ("b", "a", "a"):
        taker.message(f"home/desk/c/{key}/set", b"ON", False)
        taker.message(f"home/desk/c/{key}/state", b"ON", False)
    ((key, ms),) = told(feed)["add"]["latency"]
    assert (key, ms) == ("c/a", 250)


def test_a_long_payload_is_cut_in_the_strip_only() -> None:
    text = json.dumps([{"name": "x" * 1000}])
    news = messages(ONLINE, ("home/desk/components", text))
    assert news["add"]["mqtt"][-1][2].endswith(f"… ({len(text)} characters)")
    assert news["set"]["report/components"] == json.loads(text)


@pytest.mark.parametrize("payload", ["", "{", "[]", "7", '{"cmps": 7}', '{"cmps": {"a": 1}}'])
@pytest.mark.parametrize("topic", ["homeassistant/x/config", "home/desk/c/a/event"])
def test_a_payload_that_makes_no_sense_costs_nothing(topic: str, payload: str) -> None:
    assert messages(ONLINE, (topic, payload))["set"]["node_id"]["online"]


# -- the console --------------------------------------------------------------------------


def test_the_console_shows_what_a_terminal_shows() -> None:
    feed = Feed()
    console = Console(feed)
    console.write(b"one\r\n>>> prinz\x08t\x1b[K\r\n\xc3")
    console.write(b"\xa4")
    values = told(feed)["set"]
    assert [values[f"line/{n}"] for n in range(4)] == ["one", ">>> print", "ä", ""]
    assert values["cursor"] == [1, 2]


def test_lines_that_leave_the_screen_are_kept() -> None:
    feed = Feed()
    Console(feed).write(b"".join(b"%d\r\n" % n for n in range(30)))
    news = told(feed)
    assert news["add"]["scrolled"] == [str(n) for n in range(7)]
    assert news["set"]["line/0"] == "7"


# -- while a page is open -----------------------------------------------------------------


def test_transfers_are_noted_only_while_a_page_is_open(tmp_path: Path) -> None:
    async def run() -> None:
        server = BoardServer(Board((0x20,)), 0, str(tmp_path / "link"), nothing, nothing)
        requests = server.link.requests
        page = Page(server, BrokerAddress("127.0.0.1", 1), Controls(), lambda: COMPONENTS)
        await server.start()
        running = asyncio.create_task(page.run())
        try:
            assert requests.on_transfer is None
            async with aiohttp.ClientSession() as session:
                url = f"http://127.0.0.1:{server.http_port}/feed"
                async with session.ws_connect(url) as feed:
                    values = (await feed.receive_json(timeout=LIMIT_S))["set"]
                    assert values["chip/0x20"]["inputs"] == 0xFFFF
                    assert values["names"]["chips"]["0x20"] == "a"
                    assert requests.on_transfer is not None
                    requests.on_transfer(Transfer(0x20, b"\x14\x05", b"", 285, OK))
                    news = await feed.receive_json(timeout=LIMIT_S)
                    while "i2c" not in news["add"]:
                        news = await feed.receive_json(timeout=LIMIT_S)
                    assert news["add"]["i2c"][0][1:] == ["0x20", "write OLATA=0x05", 285]
            async with asyncio.timeout(LIMIT_S):
                while requests.on_transfer is not None:
                    await asyncio.sleep(0.01)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await server.stop()

    asyncio.run(run())


def nothing() -> None:
    """No node runs here."""

# SPDX-License-Identifier: MIT
"""The node's wires: frames byte for byte as the node's `machine` sends them."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk import LIMIT_S
from yard.board.link import Connection, Link
from yard.board.requests import Transfer
from yard.model.board import Board

OK, ENODEV, ETIMEDOUT, EINVAL = range(4)
STOP, WRITE = 1, 2
REQUEST, EVENT = 0, 1


class Node:
    """The node's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def frame(self) -> bytes:
        """The next frame from the board, without its length."""
        async with asyncio.timeout(LIMIT_S):
            (length,) = struct.unpack("<H", await self.reader.readexactly(2))
            return await self.reader.readexactly(length)

    async def ask(self, opcode: int, *payload: int) -> tuple[int, bytes]:
        rest = bytes((opcode, *payload))
        self.writer.write(struct.pack("<H", len(rest)) + rest)
        reply = await self.frame()
        return reply[0], reply[1:]

    async def transfer(
        self,
        address: int,
        write: bytes = b"",
        read: int = 0,
        flags: int = STOP | WRITE,
        bus: int = 0,
    ) -> tuple[int, int, bytes]:
        """I2C transfer; returns status, bus time in us, bytes read."""
        status, payload = await self.ask(1, bus, address, read, flags, *write)
        return status, struct.unpack("<I", payload[:4])[0], payload[4:]

    async def hello(self, kind: int = REQUEST) -> dict[str, object]:
        status, payload = await self.ask(8, kind)
        assert status == OK
        return json.loads(payload)

    async def hear_end(self) -> None:
        """Wait until the board has closed the connection."""
        async with asyncio.timeout(LIMIT_S):
            try:
                assert await self.reader.read() == b""
            except ConnectionResetError:
                return


class Desk:
    """A board with its link, and what connects to it."""

    def __init__(self, path: Path) -> None:
        self.board = Board((0x20, 0x21), wiring={4: [(0x20, "INTA")]})
        self.bitten: list[float] = []
        self.path = str(path / "board.sock")
        self.link = Link(self.board, self.path, self._bite)

    def _bite(self) -> None:
        self.bitten.append(asyncio.get_running_loop().time())

    async def connect(self) -> Node:
        return Node(*await asyncio.open_unix_connection(self.path))

    async def node(self) -> Node:
        node = await self.connect()
        await node.hello()
        return node

    def let_pass(self, seconds: float) -> None:
        """Put the clock forward that the watchdog goes by: that of the event loop."""
        loop = asyncio.get_running_loop()
        time = loop.time
        loop.time = lambda: time() + seconds  # type: ignore[method-assign]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                await asyncio.sleep(0.001)


def on_desk(tmp_path: Path, scenario: Callable[[Desk], Awaitable[None]]) -> None:
    """Run a scenario with a link that serves."""

    async def run() -> None:
        desk = Desk(tmp_path)
        await desk.link.start()
        try:
            await scenario(desk)
        finally:
            await desk.link.stop()

    asyncio.run(run())


def test_hello_tells_the_node_about_itself_and_the_air(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.connect()
        assert await node.hello() == {
            "reset_cause": 1,
            "unique_id": "246f28000001",
            "aps": [["switchyard", "020000000001", 6, -52, 3, False]],
            "wifi": True,
        }

    on_desk(tmp_path, scenario)


def test_nothing_is_answered_before_hello(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.connect()
        assert await node.ask(4, 4) == (EINVAL, b"")
        await node.hello()
        assert await node.ask(4, 4) == (OK, b"\x01")

    on_desk(tmp_path, scenario)


def test_i2c_write_and_read_move_bytes_and_tell_the_bus_time(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        assert await node.transfer(0x20, b"\x14\x12\x34") == (OK, 380, b"")
        assert desk.board.chips[0x20].registers()["OLATB"] == 0x34
        assert await node.transfer(0x20, b"\x14", read=2) == (OK, 480, b"\x12\x34")

    on_desk(tmp_path, scenario)


def test_i2c_read_without_write_part_goes_on_at_the_pointer(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        await node.transfer(0x20, b"\x14\x12\x34")
        await node.transfer(0x20, b"\x14")
        assert await node.transfer(0x20, read=2, flags=STOP) == (OK, 290, b"\x12\x34")

    on_desk(tmp_path, scenario)


def test_i2c_transfer_without_stop_is_one_transaction_with_the_next(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        await node.transfer(0x20, b"\x00", flags=WRITE)
        assert (await node.transfer(0x20, read=2, flags=STOP))[2] == b"\xff\xff"
        assert desk.board.bus.traffic.transactions == 1

    on_desk(tmp_path, scenario)


def test_i2c_errors_have_a_status_and_the_time_that_they_took(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        assert await node.transfer(0x22) == (ENODEV, 110, b"")
        assert await node.transfer(0x20, bus=1) == (ENODEV, 0, b"")
        desk.board.bus.stuck_sda = True
        assert await node.transfer(0x20) == (ETIMEDOUT, 0, b"")

    on_desk(tmp_path, scenario)


def test_who_wants_to_know_is_told_of_each_transfer(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        told: list[Transfer] = []
        desk.link.requests.on_transfer = told.append
        await node.transfer(0x20, b"\x14\x05")
        await node.transfer(0x20, b"\x14", read=1)
        await node.transfer(0x22)
        desk.link.requests.on_transfer = None
        await node.transfer(0x20, b"\x14", read=1)
        assert [transfer[:3] for transfer in told] == [
            (0x20, b"\x14\x05", b""),
            (0x20, b"\x14", b"\x05"),
            (0x22, b"", b""),
        ]
        assert [transfer.status for transfer in told] == [OK, OK, ENODEV]
        assert told[2].bus_us == 110

    on_desk(tmp_path, scenario)


def test_probe_of_an_address_is_an_empty_write(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        found = [a for a in range(0x08, 0x78) if (await node.transfer(a))[0] == OK]
        assert found == [0x20, 0x21]

    on_desk(tmp_path, scenario)


def test_bus_settings_change_the_time_of_a_transfer(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        assert await node.ask(10, 0, *struct.pack("<I", 400_000), 22, 21) == (OK, b"")
        assert (await node.transfer(0x20, b"\x14", read=2))[1] == 120

    on_desk(tmp_path, scenario)


def test_bus_recovery_frees_a_clearable_bus(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        desk.board.bus.stuck_sda = True
        assert await node.ask(11, 0) == (OK, b"")
        assert (await node.transfer(0x20))[0] == ETIMEDOUT
        desk.board.bus.clearable = True
        await node.ask(11, 0)
        assert (await node.transfer(0x20))[0] == OK

    on_desk(tmp_path, scenario)


def test_pins_are_configured_written_and_read(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        assert await node.ask(2, 5, 0, 1) == (OK, b"\x01")  # input with pull-up
        desk.board.drive_pin(5, 0)
        assert await node.ask(4, 5) == (OK, b"\x00")
        assert await node.ask(3, 2, 1) == (OK, b"")
        assert await node.ask(2, 2, 1, 0) == (OK, b"\x01")  # output
        assert desk.board.pin_read(2) == 1

    on_desk(tmp_path, scenario)


def test_analog_reading_wifi_and_pwm(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        desk.board.analog[34] = 0xBEEF
        assert await node.ask(5, 34) == (OK, b"\xef\xbe")
        assert await node.ask(5, 35) == (OK, b"\x00\x00")
        assert await node.ask(6) == (OK, b"\x01")
        desk.board.set_wifi(False)
        assert await node.ask(6) == (OK, b"\x00")
        assert await node.ask(9, 2, *struct.pack("<IH", 1000, 32768)) == (OK, b"")
        assert desk.board.pin(2).pwm == (1000, 32768)

    on_desk(tmp_path, scenario)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"\x00",
        b"\x63",
        b"\x01\x00\x20",
        b"\x01\x00\x20\x00\x01",  # neither write nor read part
        b"\x01\x00\x20\x02\x01\x14",  # bytes to write without a write part
        b"\x02\x05\x03\x00",
        b"\x02\x05\x00\x03",
        b"\x02\x31\x00\x00",
        b"\x03\x05",
        b"\x04\x05\x05",
        b"\x05\x31",
        b"\x06\x00",
        b"\x07\x00",
        b"\x08\x00",
        b"\x09\x02\x00",
        b"\x0a\x00\x00\x00\x00\x00\x16\x15",  # frequency 0
        b"\x0b",
    ],
)
def test_request_that_makes_no_sense_is_answered_and_the_connection_lives(
    tmp_path: Path, request_bytes: bytes
) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        node.writer.write(struct.pack("<H", len(request_bytes)) + request_bytes)
        assert await node.frame() == bytes((EINVAL,))
        assert await node.ask(4, 4) == (OK, b"\x01")

    on_desk(tmp_path, scenario)


def test_hello_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.connect()
        assert await node.ask(8, 2) == (EINVAL, b"")
        assert not desk.link.node_running

    on_desk(tmp_path, scenario)


def test_events_tell_changes_of_configured_inputs_and_wifi(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node, events = await desk.node(), await desk.connect()
        await events.hello(EVENT)
        desk.board.drive_pin(6, 1)  # nobody configured it
        await node.ask(2, 5, 0, 0)
        await node.ask(2, 2, 1, 0)
        await node.ask(3, 2, 1)  # the node's own output
        desk.board.drive_pin(5, 1)
        desk.board.set_wifi(False)
        assert await events.frame() == b"\x01\x05\x01"
        assert await events.frame() == b"\x02\x00"

    on_desk(tmp_path, scenario)


def test_interrupt_of_a_chip_arrives_as_an_event_on_its_line(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node, events = await desk.node(), await desk.connect()
        await events.hello(EVENT)
        assert await node.ask(2, 4, 0, 1) == (OK, b"\x01")
        await node.transfer(0x20, b"\x04\xff")
        desk.board.chips[0x20].drive(0, 1)
        assert await events.frame() == b"\x01\x04\x00"
        await node.transfer(0x20, b"\x12", read=1)
        assert await events.frame() == b"\x01\x04\x01"

    on_desk(tmp_path, scenario)


def test_event_connection_carries_no_requests(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        events = await desk.connect()
        await events.hello(EVENT)
        assert await events.ask(3, 5, 1) == (EINVAL, b"")

    on_desk(tmp_path, scenario)


def test_pins_of_a_node_that_is_gone_are_released_and_chips_keep_their_outputs(
    tmp_path: Path,
) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        await node.transfer(0x20, b"\x00\x00")
        await node.transfer(0x20, b"\x14\xff")
        await node.ask(3, 2, 1)
        await node.ask(2, 2, 1, 0)
        assert desk.link.node_running
        node.writer.transport.abort()
        await desk.until(lambda: not desk.link.node_running)
        assert desk.board.pin_read(2) == 0
        assert desk.board.chips[0x20].levels() == 0x00FF

    on_desk(tmp_path, scenario)


def test_new_node_replaces_one_that_hangs(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        older = await desk.node()
        await older.ask(3, 2, 1)
        await older.ask(2, 2, 1, 0)
        newer = await desk.node()
        await older.hear_end()
        assert desk.board.pin_read(2) == 0
        await newer.ask(2, 5, 0, 1)
        assert desk.link.node_running
        assert await newer.ask(4, 5) == (OK, b"\x01")

    on_desk(tmp_path, scenario)


def test_reset_cause_is_power_on_then_hard_reset(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        assert (await (await desk.connect()).hello())["reset_cause"] == 1
        assert (await (await desk.connect()).hello(EVENT))["reset_cause"] == 1
        assert (await (await desk.connect()).hello())["reset_cause"] == 2

    on_desk(tmp_path, scenario)


def test_watchdog_bites_once_and_is_the_next_reset_cause(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        await node.ask(7, *struct.pack("<I", 20))
        await desk.until(lambda: bool(desk.bitten))
        assert desk.link.watchdog.expirations == 1
        assert desk.link.watchdog.timeout_ms is None
        assert (await (await desk.connect()).hello())["reset_cause"] == 3
        assert (await (await desk.connect()).hello())["reset_cause"] == 2
        assert len(desk.bitten) == 1

    on_desk(tmp_path, scenario)


def test_a_node_in_deep_sleep_needs_no_watchdog_and_wakes_up_with_that_cause(
    tmp_path: Path,
) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        await node.ask(7, *struct.pack("<I", 60_000))
        await node.ask(2, 13, 1, 0)
        assert await node.ask(13, 1) == (EINVAL, b"")
        assert desk.link.watchdog.timeout_ms == 60_000
        assert await node.ask(13) == (OK, b"")
        assert desk.link.watchdog.timeout_ms is None
        assert desk.board.pin(13).mode is None
        assert (await (await desk.connect()).hello())["reset_cause"] == 4
        assert (await (await desk.connect()).hello())["reset_cause"] == 2

    on_desk(tmp_path, scenario)


def test_watchdog_that_is_armed_again_forgets_the_first_time_out(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        await node.ask(7, *struct.pack("<I", 300_000))
        await node.ask(7, *struct.pack("<I", 100_000))
        desk.let_pass(100)
        await desk.until(lambda: bool(desk.bitten))
        desk.let_pass(300)
        await node.ask(4, 4)
        assert len(desk.bitten) == 1

    on_desk(tmp_path, scenario)


def test_watchdog_bites_a_full_timeout_after_the_last_feed(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        loop = asyncio.get_running_loop()
        node = await desk.node()
        await node.ask(7, *struct.pack("<I", 200_000))
        for _ in range(5):
            desk.let_pass(150)
            fed = loop.time()
            await node.ask(7, 0, 0, 0, 0)
        desk.let_pass(150)
        await node.ask(4, 4)
        assert desk.bitten == []
        desk.let_pass(50)
        await desk.until(lambda: bool(desk.bitten))
        assert desk.bitten[0] >= fed + 200

    on_desk(tmp_path, scenario)


def test_watchdog_is_off_when_the_node_is_gone(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        await node.ask(7, *struct.pack("<I", 60_000))
        assert desk.link.watchdog.timeout_ms == 60_000
        node.writer.transport.abort()
        await desk.until(lambda: not desk.link.node_running)
        assert desk.link.watchdog.timeout_ms is None

    on_desk(tmp_path, scenario)


def test_feeding_a_watchdog_that_is_off_does_not_arm_it(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        node = await desk.node()
        assert await node.ask(7, 0, 0, 0, 0) == (OK, b"")
        assert desk.link.watchdog.timeout_ms is None

    on_desk(tmp_path, scenario)


def test_path_where_another_board_listens_is_refused(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        with pytest.raises(OSError) as caught:
            await Link(Board(()), desk.path, lambda: None).start()
        assert caught.value.errno == errno.EADDRINUSE
        await desk.node()  # and it still listens

    on_desk(tmp_path, scenario)


def test_socket_left_by_a_dead_board_is_taken_over(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "board.sock"))

    async def scenario(desk: Desk) -> None:
        await desk.node()

    on_desk(tmp_path, scenario)
    assert not (tmp_path / "board.sock").exists()


def test_stop_ends_the_connections(tmp_path: Path) -> None:
    async def run() -> None:
        desk = Desk(tmp_path)
        await desk.link.start()
        node = await desk.node()
        await desk.link.stop()
        await node.hear_end()
        assert not desk.board.pin_listeners
        assert not desk.board.wifi_listeners

    asyncio.run(run())


class Wire(asyncio.WriteTransport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data


def replies_to(chunks: list[bytes]) -> bytes:
    """What a fresh board answers to a stream that arrives in these pieces."""
    connection, wire = Connection(Link(Board((0x20,)), "", lambda: None)), Wire()
    connection.connection_made(wire)
    for chunk in chunks:
        connection.data_received(chunk)
    return bytes(wire.sent)


HELLO = b"\x02\x00\x08\x00"
requests = st.lists(
    st.binary(max_size=12)
    | st.sampled_from([b"\x01\x00\x20\x02\x03\x12", b"\x01\x00\x20\x00\x03\x14\x01", b"\x04\x05"]),
    max_size=10,
).filter(lambda rests: all(rest[:1] != b"\x07" for rest in rests))  # the watchdog needs a loop


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(rests=requests, cuts=st.lists(st.integers(0, 200)))
def test_stream_is_answered_alike_however_it_is_cut(rests: list[bytes], cuts: list[int]) -> None:
    stream = HELLO + b"".join(struct.pack("<H", len(rest)) + rest for rest in rests)
    borders = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    chunks = [stream[a:b] for a, b in itertools.pairwise(borders)]
    whole = replies_to([stream])
    assert replies_to(chunks) == whole
    answered = 0
    while whole:
        whole = whole[2 + struct.unpack("<H", whole[:2])[0] :]
        answered += 1
    assert answered == 1 + len(rests)

# SPDX-License-Identifier: MIT
"""`yard sim` as a program: its processes, ports and files. The node is a fake."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from desk import LIMIT_S, MQTT, YARD, Desk, wait_until, yard_after
from yard.sim.components import default_components, int_wiring

Start = Callable[..., Desk]

EMBEDDED = yard_after("import yard.sim.broker as broker; broker.find_mosquitto = lambda: None")


@pytest.fixture
def start(tmp_path: Path, fake_micropython: dict[str, str]) -> Iterator[Start]:
    """Function that starts `yard sim` with a fake node, always in the same folder by default."""
    with contextlib.ExitStack() as at_end:

        def run(*options: str, folder: Path = tmp_path, program: list[str] | None = None) -> Desk:
            desk = Desk(folder, *options, program=program, environment=fake_micropython)
            at_end.callback(desk.stop)
            return desk

        yield run


@pytest.fixture
def tell() -> Iterator[Callable[[Desk, str], None]]:
    """Function that gives the fake node an order."""
    clients: list[MQTT] = []

    def publish(desk: Desk, order: str) -> None:
        clients.append(MQTT(desk.mqtt_port).connect())
        clients[-1].publish("test", order)

    yield publish
    for client in clients:
        client.close()


def family(desk: Desk) -> list[psutil.Process]:
    """Every process that a desk has started, and itself."""
    parent = psutil.Process(desk.process.pid)
    return [parent, *parent.children(recursive=True)]


def named(desk: Desk, name: str) -> list[psutil.Process]:
    """The processes of a desk with this name."""
    found = []
    for process in family(desk):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            if process.name() == name:
                found.append(process)
    return found


def ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def wait_gone(processes: list[psutil.Process]) -> None:
    """Wait for the end of all; one whose parent ended first may stay as a zombie for a while."""
    wait_until(lambda: all(map(ended, processes)), what=f"end of {processes}")


def ends_within(limit_s: float, begin: Callable[[], Desk], number: int) -> None:
    """End a desk by a signal: all of its processes end, and at least once in that time.

    A busy computer may be slow once, and while it stalls its time does not count.
    """
    times = []
    for _ in range(3):
        desk = begin()
        processes = family(desk)
        desk.process.send_signal(number)
        times.append(0.0)
        while not all(map(ended, processes)):
            before = time.monotonic()
            time.sleep(0.01)
            times[-1] += min(time.monotonic() - before, 0.1)
        assert desk.process.wait(LIMIT_S) == 0
        if times[-1] <= limit_s:
            return
    pytest.fail(f"it never ended within {limit_s:g} s: {times}")


def starts(desk: Desk) -> int:
    return desk.log.count("started with run.py")


def rows(desk: Desk, chip: str) -> list[dict[str, Any]]:
    """The pins of a chip in the node's components.json."""
    components = json.loads((desk.state / "flash" / "components.json").read_text())
    pins: list[dict[str, Any]] = components[chip]["constructor_args"]["pins"]
    return pins


def pins(desk: Desk, chip: str) -> list[tuple[int, str, str]]:
    return [(row["pin"], row["type"], row["id"]) for row in rows(desk, chip)]


# -- the ready line -----------------------------------------------------------------------


def test_prints_one_line_when_the_node_is_online(start: Start) -> None:
    desk = start().wait_ready()
    pattern = r"ready mqtt=127\.0\.0\.1:\d+ board=http://127\.0\.0\.1:\d+ node=desk\n"
    assert re.fullmatch(pattern, desk.output)
    assert desk.stop() == 0
    assert re.fullmatch(pattern, desk.output)
    assert desk.errors == ""


def test_the_ready_line_names_the_broker_and_the_board(start: Start) -> None:
    desk = start().wait_ready()
    client = MQTT(desk.mqtt_port).connect()
    client.subscribe("home/desk/available")
    assert client.wait_for("home/desk/available", "online").retained
    client.close()
    assert list(desk.board.get("/chips")["chips"]) == ["0x20", "0x21"]


def test_the_embedded_broker_takes_the_place_of_mosquitto(start: Start, tmp_path: Path) -> None:
    desk = start(program=EMBEDDED).wait_ready()
    assert any("yard.sim.embedded_broker" in process.cmdline() for process in family(desk))
    assert not named(desk, "mosquitto")
    assert desk.stop() == 0


def test_a_person_is_told_what_runs_and_what_to_do_next(
    tmp_path: Path, fake_micropython: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in fake_micropython.items():
        monkeypatch.setenv(name, value)
    command = [*YARD, "sim", "--port", "0", "--board-port", "0", "--state", "state"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            text = ""
            for line in process.stdout:
                text += line
                if "Ctrl-C" in text and "started with run.py" in text:
                    break
            process.send_signal(signal.SIGINT)
            assert process.wait(LIMIT_S) == 0
        finally:
            process.kill()
    port = re.search(r"ready mqtt=127\.0\.0\.1:(\d+)", text)
    assert port
    assert re.search(r"See it and press it: http://127\.0\.0\.1:\d+\n", text)
    assert f"yard watch --port {port[1]}\n" in text
    assert f"yard pins --port {port[1]}\n" in text
    assert f"yard send --port {port[1]} home/desk/chip20/out0/set ON\n" in text
    assert "node │ started with run.py" in text


# -- the end ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_every_process_within_two_seconds(start: Start, number: int) -> None:
    def begin() -> Desk:
        desk = start().wait_ready()
        assert len(family(desk)) >= 3  # yard, broker, node
        return desk

    ends_within(2, begin, number)


def test_a_deaf_node_and_what_it_leaves_behind_end_too(
    start: Start, tell: Callable[[Desk, str], None]
) -> None:
    def begin() -> Desk:
        desk = start().wait_ready()
        tell(desk, "deaf")
        wait_until(lambda: "deaf now" in desk.log)
        assert named(desk, "sleep")
        return desk

    ends_within(2, begin, signal.SIGTERM)


def test_a_signal_before_the_node_is_online_ends_it_too(start: Start, tmp_path: Path) -> None:
    silence_node(tmp_path)
    desks: list[Desk] = []

    def begin() -> Desk:
        desks.append(start())
        wait_until(lambda: starts(desks[-1]))
        return desks[-1]

    ends_within(2, begin, signal.SIGTERM)
    assert desks[-1].output == ""


@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv of util-linux")
def test_nothing_is_left_when_yard_is_killed(start: Start) -> None:
    desk = start().wait_ready()
    processes = family(desk)
    desk.process.kill()
    wait_gone(processes)


# -- the node -----------------------------------------------------------------------------


def test_a_node_that_resets_itself_is_started_at_once(
    start: Start, tell: Callable[[Desk, str], None]
) -> None:
    desk = start().wait_ready()
    tell(desk, "exit 75")
    wait_until(lambda: starts(desk) == 2)
    assert "started again in" not in desk.log


def test_a_node_that_crashes_is_started_after_a_pause_with_the_reason_in_the_log(
    start: Start, tell: Callable[[Desk, str], None]
) -> None:
    desk = start().wait_ready()
    began = time.monotonic()
    tell(desk, "exit 3")
    wait_until(lambda: starts(desk) == 2)
    assert time.monotonic() - began >= 1
    first, _, second = desk.log.partition("node ended with status 3; it is started again in 1 s\n")
    assert "started with run.py" in first and "started with run.py" in second
    assert desk.output.count("ready") == 1


def test_a_hard_reset_restarts_the_node_and_leaves_the_chips_alone(start: Start) -> None:
    desk = start().wait_ready()
    node = next(p for p in family(desk) if "fake_node.py" in " ".join(p.cmdline()))
    desk.board.drive(0x21, 0, 0)
    desk.board.reset_node()
    assert not node.is_running()
    wait_until(lambda: starts(desk) == 2)
    chip = desk.board.chip(0x21)
    assert chip["powered"] and not chip["levels"] & 1
    assert "started again in" not in desk.log


def test_a_broker_that_dies_is_started_again(start: Start) -> None:
    desk = start().wait_ready()
    named(desk, "mosquitto")[0].kill()
    wait_until(lambda: "broker was ended by SIGKILL" in desk.log)
    wait_until(lambda: named(desk, "mosquitto"))


def test_the_log_of_the_run_before_is_kept(start: Start) -> None:
    start().wait_ready().stop()
    desk = start().wait_ready()
    wait_until(lambda: starts(desk) == 1)
    assert "started with run.py" in (desk.state / "node.log.1").read_text()


def silence_node(folder: Path) -> None:
    """Give the fake node a configuration with which it never comes online."""
    flash = folder / "state" / "flash"
    flash.mkdir(parents=True)
    (flash / "config.py").write_text("FAKE_SILENT = True\n")


def test_headless_gives_up_on_a_node_that_does_not_come_online(
    tmp_path: Path,
    fake_micropython: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from yard.sim import simulation
    from yard.sim.options import Options

    silence_node(tmp_path)
    for name, value in fake_micropython.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(simulation, "_ONLINE_S", 0.7)
    log = tmp_path / "state" / "node.log"
    first_of = simulation._first_of

    async def first_of_once_it_runs(tasks: list[asyncio.Task[Any]], limit_s: float) -> Any:
        async with asyncio.timeout(LIMIT_S):
            while "started with" not in log.read_text():
                await asyncio.sleep(0.01)
        return await first_of(tasks, limit_s)

    monkeypatch.setattr(simulation, "_first_of", first_of_once_it_runs)
    options = Options(0, 0, None, None, tmp_path / "state", headless=True)
    assert simulation.run(options) == 1
    output, errors = capfd.readouterr()
    assert output == ""
    assert "the node is not online after 0.7 s" in errors
    assert "started with run.py" in errors


# -- what cannot be -----------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--port", "--board-port"])
def test_a_port_in_use_is_one_clear_line_and_nothing_is_left(start: Start, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        desk = start(option, str(port))
        processes = family(desk)
        assert desk.process.wait(LIMIT_S) == 1
    assert desk.errors == (
        f"yard: port {port} ({option}) on 127.0.0.1: address already in use; "
        f"choose another, or {option} 0\n"
    )
    assert desk.output == ""
    wait_gone(processes)


def test_a_state_folder_is_for_one_at_a_time(start: Start) -> None:
    first = start().wait_ready()
    (first.state.parent / "second").mkdir()
    second = start("--state", str(first.state), folder=first.state.parent / "second")
    assert second.process.wait(LIMIT_S) == 1
    assert second.errors.count("\n") == 1
    assert f"in use by another yard sim, process {first.process.pid}:" in second.errors


def test_without_micropython_it_says_what_to_do(start: Start, tmp_path: Path) -> None:
    missing = Desk(tmp_path, environment={"MICROPYTHON": "/nowhere/micropython"})
    assert missing.process.wait(LIMIT_S) == 1
    assert missing.errors == "yard: MICROPYTHON=/nowhere/micropython is no program\n"


@pytest.mark.parametrize(
    "options",
    [
        ["--chips", "0"],
        ["--chips", "9"],
        ["--port", "65536"],
        ["--components", "/nowhere"],
        ["--chips", "1", "--components", __file__],
        ["--port", "18899", "--board-port", "18899"],
        ["--no-such-option"],
    ],
)
def test_a_wrong_option_ends_with_status_2(start: Start, options: list[str]) -> None:
    desk = start(*options)
    assert desk.process.wait(LIMIT_S) == 2
    assert "Error" in desk.errors


# -- configuration ------------------------------------------------------------------------


def test_the_default_board_has_26_outputs_and_6_inputs(start: Start) -> None:
    desk = start().wait_ready()
    assert [pin for pin, *_ in pins(desk, "chip20")] == list(range(16))
    assert {kind for _, kind, _ in pins(desk, "chip20")} == {"light", "switch"}
    assert pins(desk, "chip21")[:6] == [(n, "binary_sensor", f"in{n}") for n in range(6)]
    assert pins(desk, "chip21")[6:] == [(n, "switch", f"out{n}") for n in range(6, 16)]


def test_the_int_lines_that_chips_name_are_wired_to_the_node() -> None:
    assert int_wiring(default_components().encode()) == {4: [(0x21, "INTA")]}
    chip = '"%s": {"package": ".devices.mcp23017", "constructor_args": {"address": %d%s}}'
    lines = [', "int_pin": 34', "", ', "int_pin": 34', ', "int_pin": 99', ', "int_pin": "4"']
    rows = [chip % (f"c{n}", 0x20 + n, line) for n, line in enumerate(lines)]
    content = "{" + ",".join(rows) + "}"
    assert int_wiring(content.encode()) == {34: [(0x20, "INTA"), (0x22, "INTA")]}


def test_eight_chips_have_128_outputs(start: Start) -> None:
    desk = start("--chips", "8").wait_ready()
    assert list(desk.board.get("/chips")["chips"]) == [f"0x{n:02x}" for n in range(0x20, 0x28)]
    outputs = [pin for n in range(8) for pin in pins(desk, f"chip{0x20 + n:02x}")]
    assert outputs == [(n, "switch", f"out{n}") for n in range(16)] * 8
    names = [row["name"] for n in range(8) for row in rows(desk, f"chip{0x20 + n:02x}")]
    assert len(set(names)) == 128


@pytest.mark.parametrize("content", [b"no JSON at all", b'{"name": "K\xfcche"}', b""])
def test_a_file_that_cannot_be_read_is_left_to_the_node(
    start: Start, tmp_path: Path, content: bytes
) -> None:
    own = tmp_path / "own.json"
    own.write_bytes(content)
    desk = start("--components", str(own)).wait_ready()
    assert (desk.state / "flash" / "components.json").read_bytes() == content
    assert list(desk.board.get("/chips")["chips"]) == ["0x20", "0x21"]


def test_a_file_of_ones_own_is_what_the_node_gets(start: Start, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text(
        '{"x": {"package": ".devices.mcp23017", "constructor_args": {"address": "0x25"}}} # mine\n'
    )
    desk = start("--components", str(own)).wait_ready()
    assert (desk.state / "flash" / "components.json").read_bytes() == own.read_bytes()
    assert list(desk.board.get("/chips")["chips"]) == ["0x25"]


def test_without_options_the_default_comes_back(start: Start) -> None:
    start("--chips", "3").wait_ready().stop()
    desk = start().wait_ready()
    assert list(desk.board.get("/chips")["chips"]) == ["0x20", "0x21"]
    assert desk.errors == ""


def test_a_file_changed_by_hand_is_kept_and_never_overwritten(start: Start) -> None:
    desk = start("--chips", "3").wait_ready()
    desk.stop()
    path = desk.state / "flash" / "components.json"
    path.write_text('{"i2c": {}}\n')

    desk = start().wait_ready()
    assert path.read_text() == '{"i2c": {}}\n'
    assert "components.json was changed by hand and is kept" in desk.errors
    desk.stop()

    desk = start("--chips", "3")
    assert desk.process.wait(LIMIT_S) == 1
    assert f"{path} was changed by hand" in desk.errors
    assert path.read_text() == '{"i2c": {}}\n'


def test_config_py_follows_the_port_until_a_person_keeps_it(start: Start) -> None:
    desk = start().wait_ready()
    path = desk.state / "flash" / "config.py"
    assert f"MQTT_PORT = {desk.mqtt_port}\n" in path.read_text()
    desk.stop()
    desk = start().wait_ready()
    assert f"MQTT_PORT = {desk.mqtt_port}\n" in path.read_text()
    desk.stop()
    kept = path.read_text().split("\n", 1)[1]
    path.write_text(kept)
    start("--port", str(desk.mqtt_port)).wait_ready()
    assert path.read_text() == kept

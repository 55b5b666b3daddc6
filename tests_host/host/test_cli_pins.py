# SPDX-License-Identifier: MIT
"""`yard pins` against real mosquitto and a scripted node, in a pipe and on a pseudo-terminal."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desk import YARD, wait_until, yard_after
from mosquitto import Mosquitto
from scripted_node import ScriptedNode, row
from terminal import Terminal

# Waits for a node and a broker that a computer which stalls cannot keep waiting for too long.
PATIENT = yard_after("import yard.rpc; yard.rpc._ANSWER_S = 30; yard.rpc._RETAINED_S = 4")

StartNode = Callable[..., ScriptedNode]
Open = Callable[..., Terminal]
EIGHT_CHIPS = {
    f"chip2{chip}": (
        f"0x2{chip}",
        [row(pin, f"Relay {pin}", key=f"chip2{chip}/out{pin}") for pin in range(16)],
    )
    for chip in range(8)
}


@pytest.fixture
def node(broker: Mosquitto) -> Iterator[StartNode]:
    nodes: list[ScriptedNode] = []

    def start(name: str = "desk", **options: Any) -> ScriptedNode:
        nodes.append(ScriptedNode(broker.port, name, **options))
        return nodes[-1]

    yield start
    for each in nodes:
        each.close()


@pytest.fixture
def terminal(broker: Mosquitto) -> Iterator[Open]:
    opened: list[Terminal] = []

    def start(*arguments: str, **size: int) -> Terminal:
        command = [*PATIENT, "pins", "desk", "--port", str(broker.port), *arguments]
        opened.append(Terminal(command, **size))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def pins(
    broker: Mosquitto, *arguments: str, program: list[str] = PATIENT
) -> subprocess.CompletedProcess[str]:
    """Run `yard pins` in a pipe."""
    command = [*program, "pins", "--port", str(broker.port), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)


# -- once ---------------------------------------------------------------------------------


def test_in_a_pipe_it_prints_the_table_once(broker: Mosquitto, node: StartNode) -> None:
    rows = [
        row(0, "Kitchen", state="ON", age=12),
        row(9, "Door", "binary_sensor", direction="in", age=7300),
        row(15, function="free", direction="in", state=None),
    ]
    led = row(25, "LED", key="gpio/led")
    node(chips={"chip20": ("0x20", rows), "gpio": (None, [led])})
    done = pins(broker, "desk")
    assert done.returncode == 0
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["chip", "pin", "name", "function", "dir", "state", "last", "change"],
        ["chip20", "GPA0", "Kitchen", "light", "out", "ON", "12", "s", "ago"],
        ["chip20", "GPB1", "Door", "binary_sensor", "in", "OFF", "2", "h", "ago"],
        ["chip20", "GPB7", "free", "in", "?"],
        ["gpio", "GPIO25", "LED", "light", "out", "OFF"],
    ]


def test_a_chip_that_does_not_answer_is_offline(broker: Mosquitto, node: StartNode) -> None:
    node().lose("chip20")
    assert [line.split()[-2:] for line in pins(broker, "desk").stdout.splitlines()[1:]] == [
        ["?", "offline"],
        ["?", "offline"],
    ]


def test_one_chip_by_name_or_address(broker: Mosquitto, node: StartNode) -> None:
    node(chips=EIGHT_CHIPS)
    for chip in ("chip23", "0x23"):
        lines = pins(broker, "desk", "--chip", chip).stdout.splitlines()[1:]
        assert [line.split()[0] for line in lines] == ["chip23"] * 16


def test_json_lines_for_scripts(broker: Mosquitto, node: StartNode) -> None:
    node()
    lines = pins(broker, "desk", "--json").stdout.splitlines()
    assert [json.loads(line)["pin"] for line in lines] == [0, 1]
    assert json.loads(lines[0]) == {
        "chip": "chip20",
        "board": "0x20",
        "online": True,
        "pin": 0,
        "key": "chip20/out0",
        "name": "Kitchen",
        "function": "light",
        "direction": "out",
        "state": "OFF",
        "age": None,
    }


def test_names_cannot_control_the_terminal(broker: Mosquitto, node: StartNode) -> None:
    node(chips={"chip20": ("0x20", [row(0, "\x1b[2J\x07[red]x\ny")])})
    assert r"\x1b[2J\x07[red]x\ny" in pins(broker, "desk").stdout


# -- which node ---------------------------------------------------------------------------


def test_the_only_node_that_is_online_is_taken(broker: Mosquitto, node: StartNode) -> None:
    node("attic").say("available", "offline")
    node("cellar")
    assert "chip20" in pins(broker).stdout


def test_of_several_nodes_one_must_be_named(broker: Mosquitto, node: StartNode) -> None:
    node("attic")
    cellar = node("cellar")
    done = pins(broker)
    assert done.returncode == 1
    assert done.stderr == "yard: several nodes are online: attic, cellar; name one of them\n"
    assert pins(broker, "cellar").returncode == 0
    assert cellar.requests


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "no node is online below home/; offline: desk"),
        (["--home", "other"], "no node is online below other/"),
        (["a/b"], "'a/b' is no id of a node"),
        (["desk", "--chip", "chip29"], "there is no chip29"),
        (["--port", "1"], "no broker at 127.0.0.1:1"),
    ],
)
def test_a_fault_is_one_line_and_status_1(
    broker: Mosquitto, node: StartNode, arguments: list[str], says: str
) -> None:
    node().say("available", "offline")
    done = pins(broker, *arguments)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_node_that_does_not_answer_is_one_line_and_status_1(broker: Mosquitto) -> None:
    done = pins(broker, "attic", program=YARD)
    assert done.returncode == 1
    assert "no answer on home/attic/rpc/response" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_broker_that_refuses_the_user_is_one_line_and_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YARD_MQTT_PASSWORD", "wrong")
    with Mosquitto(tmp_path, users={"anna": "right"}) as guarded:
        done = pins(guarded, "--user", "anna")
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"yard: the broker at 127.0.0.1:{guarded.port} refuses user anna"
    )
    assert done.stderr.count("\n") == 1


# -- live ---------------------------------------------------------------------------------


def test_changes_are_shown_as_they_come(node: StartNode, terminal: Open) -> None:
    desk = node()
    seen = terminal()
    seen.wait_for("connected to")
    desk.change("chip20/out1", "ON")
    assert seen.wait_for("ON").split()[:3] == ["chip20", "GPA1", "Hall"]
    assert "s ago" in seen.wait_for("ON")
    desk.lose("chip20")
    seen.wait_for("offline")
    desk.lose("chip20", False)
    wait_until(lambda: not any("offline" in line for line in seen.screen))


def test_a_light_with_brightness_says_its_state_in_an_object(
    node: StartNode, terminal: Open
) -> None:
    desk = node()
    seen = terminal()
    seen.wait_for("connected to")
    desk.change("chip20/out1", "ON", '{"state": "ON", "brightness": 7}')
    assert "Hall" in seen.wait_for("ON")


def test_states_that_do_not_tell_the_level_of_one_pin_are_left_to_the_next_request(
    node: StartNode, terminal: Open
) -> None:
    rows = [
        row(0, "Fan low", "fan", key="chip20/fan"),
        row(1, "Fan high", "fan", key="chip20/fan"),
        row(2, "Gate", "lock"),
        row(3, "Last", state="OFF"),
    ]
    desk = node(chips={"chip20": ("0x20", rows)})
    seen = terminal()
    seen.wait_for("connected to")
    desk.say("chip20/fan/state", "ON")
    desk.say("chip20/out2/state", "LOCKED")
    desk.change("chip20/out3", "ON")
    assert "Last" in seen.wait_for("ON")
    assert [line.split()[-1] for line in seen.screen[2:5]] == ["OFF", "OFF", "OFF"]
    rows[1]["state"] = "ON"
    wait_until(lambda: "ON" in seen.wait_for("Fan high"))


def test_enter_and_space_toggle_the_output_at_the_cursor_and_p_gives_a_pulse(
    node: StartNode, terminal: Open
) -> None:
    desk = node()
    seen = terminal()
    seen.wait_for("connected to")
    seen.type("\r")
    wait_until(lambda: seen.wait_for("Kitchen").split()[5] == "ON")
    seen.type("\x1b[B ")
    wait_until(lambda: seen.wait_for("Hall").split()[5] == "ON")
    seen.type("p")
    wait_until(lambda: len(desk.commands) == 3)
    assert desk.commands == [
        ("chip20/out0", "TOGGLE"),
        ("chip20/out1", "TOGGLE"),
        ("chip20/out1", "PULSE"),
    ]


def test_a_button_is_pressed_and_what_has_no_command_says_why(
    node: StartNode, terminal: Open
) -> None:
    rows = [
        row(0, "Bell", "button"),
        row(1, "Door", "binary_sensor", direction="in"),
        row(2, function="used"),
    ]
    desk = node(chips={"chip20": ("0x20", rows)})
    seen = terminal()
    seen.wait_for("connected to")
    seen.type("\r")
    seen.wait_for("chip20/out0: PRESS")
    seen.type("j\r")
    seen.wait_for("chip20 GPA1 is an input")
    seen.type("j\r")
    seen.wait_for("chip20 GPA2 is no entity")
    wait_until(lambda: desk.commands)
    assert desk.commands == [("chip20/out0", "PRESS")]


def test_what_the_node_says_about_a_command_is_shown(node: StartNode, terminal: Open) -> None:
    desk = node()
    seen = terminal()
    seen.wait_for("connected to")
    desk.say("home/log/info/desk", "not of interest", retain=False)
    desk.say("home/log/warn/desk", "command: chip20/out0: dropped\x1b[2J", retain=False)
    seen.wait_for(r"chip20/out0: dropped\x1b[2J")
    assert "not of interest" not in seen.output


def test_keys_move_by_pin_chip_page_and_to_the_ends(node: StartNode, terminal: Open) -> None:
    node(chips=EIGHT_CHIPS)
    seen = terminal()
    for keys, place in (
        ("\x1b[B", "chip20  GPA1"),
        ("jj", "chip20  GPA3"),
        ("k", "chip20  GPA2"),
        ("\x1b[A\x1b[A\x1b[A", "chip20  GPA0"),
        ("\x1b[C", "chip21  GPA0"),
        ("jl", "chip22  GPA0"),
        ("j\x1b[D", "chip22  GPA0"),
        ("h", "chip21  GPA0"),
        ("\x1b[6~", "chip22  GPA4"),
        ("\x1b[5~", "chip21  GPA0"),
        ("G", "chip27  GPB7"),
        ("j", "chip27  GPB7"),
        ("g", "chip20  GPA0"),
    ):
        seen.type(keys)
        seen.wait_marked(place)


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 8), (20, 5), (8, 2), (200, 60)])
def test_the_table_fits_any_terminal_and_follows_its_size(
    node: StartNode, terminal: Open, columns: int, lines: int
) -> None:
    node(chips=EIGHT_CHIPS)
    seen = terminal(columns=81, lines=25)
    seen.wait_for("connected to")
    seen.type("G")
    seen.resize(columns, lines)
    wait_until(lambda: len(seen.screen) == lines)
    assert {len(line) for line in seen.screen} == {columns}
    if lines >= 5:
        seen.wait_marked("chip27  GPB7")
    if columns >= 40:
        assert "OFF" in seen.marked


def test_a_node_that_was_away_is_asked_anew(node: StartNode, terminal: Open) -> None:
    desk = node()
    seen = terminal()
    seen.wait_for("connected to")
    desk.say("available", "offline")
    seen.wait_for("desk  offline")
    seen.type("\r")
    seen.wait_for("cannot be switched now")
    desk.chips["chip20"][1].append(row(2, "Garden"))
    desk.say("available", "online")
    seen.wait_for("Garden")
    assert desk.commands == []


def test_it_outlives_a_restart_of_the_broker(
    broker: Mosquitto, node: StartNode, terminal: Open
) -> None:
    desk = node()
    seen = terminal()
    seen.wait_for("connected to")
    desk.close()
    broker.stop()
    seen.wait_for("no broker at")
    broker.start()
    seen.wait_for("connected to")
    node(chips={"chip20": ("0x20", [row(0, "Kitchen", state="ON")])})
    seen.wait_for("ON")


# -- the end ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_a_key_ends_it_with_the_terminal_restored(
    node: StartNode, terminal: Open, key: str
) -> None:
    node()
    seen = terminal()
    seen.wait_for("connected to")
    assert not seen.is_restored
    seen.type(key)
    assert seen.wait_end() == 0
    wait_until(lambda: seen.is_restored)
    assert seen.errors == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_the_terminal_restored(
    node: StartNode, terminal: Open, number: int
) -> None:
    node()
    seen = terminal()
    seen.wait_for("connected to")
    seen.process.send_signal(number)
    assert seen.wait_end() == 0
    wait_until(lambda: seen.is_restored)
    assert seen.errors == ""


def test_once_prints_on_a_terminal_and_ends(node: StartNode, terminal: Open) -> None:
    node()
    seen = terminal("--once")
    assert seen.wait_end() == 0
    wait_until(lambda: "Hall" in seen.output)
    assert seen.is_restored
    assert "\x1b[?1049h" not in seen.output

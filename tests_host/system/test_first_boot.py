# SPDX-License-Identifier: MIT
"""The first-boot dialogue as a person has it: a terminal, a board, a broker, the firmware."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import random
import re
import runpy
import shutil
import signal
import sys
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import psutil
import pytest

from desk import RESTART_S, wait_until
from mosquitto import Mosquitto
from yard.board.link import Link
from yard.model.board import Board
from yard.sim.ports import keep_port

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
RUN_PY = ROOT / "tools" / "yard" / "port" / "run.py"
MICROPYTHON = os.environ.get("MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))
RESET = 75
WIFI_PASSWORD = "correct horse"

BEGIN = "Press Enter to set up Wi-Fi and broker"
RIGHT = "Is that right"


class Board1:
    """A board behind a socket, in a thread of its own, and nodes on terminals."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.board = Board([0x20])
        network = ("home", "020000000002", 1, -40, 3, False)
        self.board.access_points.insert(0, network)
        self._loop = asyncio.new_event_loop()
        self._link = Link(self.board, str(folder / "link"), lambda: None)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._link.start())

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def close(self) -> None:
        self._call(self._link.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def power_on(self, typed: str = "", **variables: str) -> pexpect.spawn[str]:
        """Start the firmware on a terminal that passes every byte on, as a serial port does.

        typed: is there when it starts.
        """
        environment = os.environ | {
            "YARD_LINK": str(self.folder / "link"),
            "YARD_WIFI_PASSWORD": WIFI_PASSWORD,
            "MICROPYPATH": f"{RUN_PY.parent}:.frozen",
            **variables,
        }
        node: pexpect.spawn[str] = pexpect.spawn(
            "/bin/sh",
            ["-c", 'kill -STOP $$; exec "$@"', "sh", MICROPYTHON, str(RUN_PY)],
            cwd=str(self.folder),
            env=environment,
            timeout=RESTART_S,
            encoding="utf-8",
            preexec_fn=_raw,
        )
        node.delaybeforesend = None
        wait_until(lambda: psutil.Process(node.pid).status() == psutil.STATUS_STOPPED)
        node.send(typed)
        node.kill(signal.SIGCONT)
        return node

    @property
    def credentials(self) -> dict[str, Any] | None:
        """What is stored, None when nothing is."""
        path = self.folder / "credentials.py"
        if not path.exists():
            return None
        names = runpy.run_path(str(path))
        return {name: value for name, value in names.items() if name.isupper()}


def _raw() -> None:
    tty.setraw(0)


class Typist:
    """Types at a node as fast as it takes it, and reads meanwhile; it has shown BEGIN."""

    _LINE_ENDS = re.compile(rb"\r\n?|\n")
    _PROMPTS = re.compile(
        rb"\n(Wi-Fi network|Wi-Fi password|MQTT broker|MQTT port|MQTT user|MQTT password|"
        rb"Name of this node|Is that right|Store it all the same)"
    )

    def __init__(self, node: pexpect.spawn[str]) -> None:
        self._terminal = node.child_fd
        self._typed = b""
        self.seen = b""
        os.set_blocking(self._terminal, False)

    def type(self, typed: bytes) -> None:
        """Type all of it. Escape sequences must be whole, since they would swallow an Enter."""
        self._typed += typed

        def taken() -> bool:
            nonlocal typed
            self._read()
            with contextlib.suppress(BlockingIOError):
                typed = typed[os.write(self._terminal, typed) :]
            return not typed

        self._wait(taken)

    def prompt(self) -> str:
        """Return what the node asks for when it has taken all that was typed."""
        lines = len(self._LINE_ENDS.findall(self._typed))

        def prompts() -> list[bytes]:
            self._read()
            found = self._PROMPTS.findall(self.seen)
            return found if len(found) >= lines else []

        last: bytes = self._wait(prompts)[-1]
        return last.decode()

    def answer(self, answers: dict[str, str]) -> None:
        """Answer from whatever the node asks now until it asks whether that is right."""
        while (prompt := self.prompt()) != "Is that right":
            self.type(b"\x15" + answers[prompt].encode() + b"\r")

    def _wait(self, condition: Callable[[], Any]) -> Any:
        try:
            return wait_until(condition)
        except AssertionError:
            raise AssertionError(f"the node says no more than {self.seen[-1000:]!r}") from None

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.seen += os.read(self._terminal, 65536)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board1]:
    with_link = Board1(tmp_path)
    yield with_link
    with_link.close()


@pytest.fixture
def power_on(board: Board1) -> Iterator[Callable[..., pexpect.spawn[str]]]:
    nodes: list[pexpect.spawn[str]] = []

    def start(typed: str = "", **variables: str) -> pexpect.spawn[str]:
        nodes.append(board.power_on(typed, **variables))
        return nodes[-1]

    with contextlib.ExitStack() as ending:  # all are ended, even if one cannot be
        yield start
        for node in nodes:
            ending.callback(kill, node)


def answer(node: pexpect.spawn[str], **answers: str) -> None:
    """Answer the seven questions; what is not named gets Enter."""
    for name, question in (
        ("ssid", "Wi-Fi network"),
        ("password", "Wi-Fi password"),
        ("broker", "MQTT broker"),
        ("port", "MQTT port"),
        ("user", "MQTT user"),
        ("secret", "MQTT password"),
        ("name", "Name of this node"),
    ):
        node.expect(question + r".*: ")
        node.send(answers.get(name, "") + "\r")


def begin(node: pexpect.spawn[str], **answers: str) -> None:
    node.expect(BEGIN)
    node.send("\r")
    answer(node, **answers)


def confirm(node: pexpect.spawn[str]) -> None:
    node.expect(RIGHT)
    node.send("yes\r")


@pytest.fixture
def closed_port() -> Iterator[str]:
    """A port at which nobody listens."""
    with keep_port() as keeper:
        yield str(keeper.getsockname()[1])


def kill(node: pexpect.spawn[str]) -> None:
    """Kill a process if it runs; returns when it is gone."""
    if not node.closed:
        node.kill(signal.SIGKILL)
        node.wait()  # close() waits only for a moment
        node.close()


def end(node: pexpect.spawn[str]) -> int | None:
    """Wait for the end of the process; return its status."""
    node.expect(pexpect.EOF)
    node.wait()  # close() would end a process that is about to end
    node.close()
    return node.exitstatus


def test_an_empty_board_asks_tries_stores_restarts_and_comes_online(
    board: Board1,
    power_on: Callable[..., pexpect.spawn[str]],
    tmp_path: Path,
) -> None:
    broker = Mosquitto(tmp_path, {"node": 's\'ecret "x"'})
    broker.start()
    try:
        node = power_on()
        begin(
            node,
            ssid="1",
            password=WIFI_PASSWORD,
            broker="127.0.0.1",
            port=str(broker.port),
            user="node",
            secret='s\'ecret "x"',
            name="hall",
        )
        node.expect("home")
        confirm(node)
        node.expect("joined as")
        node.expect("accepted")
        assert end(node) == RESET
        assert board.credentials is not None
        assert board.credentials["WIFI_SSID"] == "home"
        assert board.credentials["MQTT_PASSWORD"] == 's\'ecret "x"'
        again = power_on()
        again.expect("online as home/hall")
    finally:
        broker.stop()


def test_secrets_do_not_appear_on_the_console(power_on: Callable[..., pexpect.spawn[str]]) -> None:
    node = power_on()
    node.logfile_read = seen = io.StringIO()
    begin(node, ssid="1", password=WIFI_PASSWORD, broker="b", user="u", secret="hush hush")
    node.expect(RIGHT)
    text = seen.getvalue()
    assert WIFI_PASSWORD not in text
    assert "hush" not in text
    assert text.count("********") == 2


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"ssid": "home", "password": "wrong one"}, "Wi-Fi network home: wrong password"),
        ({"ssid": "elsewhere", "password": ""}, "Wi-Fi network elsewhere: no such network"),
        ({"broker": "127.0.0.1", "port": "0"}, "nothing listens on port"),
        ({"broker": "no.such.host.invalid"}, "no host has this name"),
    ],
)
def test_what_cannot_be_reached_is_named_and_nothing_is_stored_without_a_yes(
    board: Board1,
    power_on: Callable[..., pexpect.spawn[str]],
    closed_port: str,
    answers: dict[str, str],
    reason: str,
) -> None:
    given = {"ssid": "1", "password": WIFI_PASSWORD, "broker": "127.0.0.1"} | answers
    if given.get("port") == "0":
        given["port"] = closed_port
    node = power_on()
    begin(node, **given)
    confirm(node)
    node.expect("That did not work: .*" + reason)
    node.expect("Store it all the same")
    assert board.credentials is None
    node.send("yes\r")
    assert end(node) == RESET
    assert board.credentials is not None


def test_a_login_that_the_broker_refuses_can_be_corrected(
    board: Board1, power_on: Callable[..., pexpect.spawn[str]], tmp_path: Path
) -> None:
    broker = Mosquitto(tmp_path, {"node": "right"})
    broker.start()
    try:
        node = power_on()
        given = {"ssid": "1", "password": WIFI_PASSWORD, "broker": "127.0.0.1", "user": "node"}
        begin(node, **given, port=str(broker.port), secret="wrong")
        confirm(node)
        node.expect("That did not work: broker 127.0.0.1: the user may not connect")
        node.expect("Store it all the same")
        node.send("no\r")
        answer(node, secret="right")
        confirm(node)
        node.expect("accepted")
        assert end(node) == RESET
    finally:
        broker.stop()
    assert board.credentials is not None
    assert board.credentials["MQTT_PASSWORD"] == "right"


def test_ctrl_c_leaves_to_the_repl(
    board: Board1, power_on: Callable[..., pexpect.spawn[str]]
) -> None:
    node = power_on()
    node.expect(BEGIN)
    node.send("\r")
    node.expect("Wi-Fi network")
    node.send("\x03")
    assert end(node) == 130
    assert board.credentials is None


HOSTILE = (
    b"x" * 10_000 + b"\r",
    bytes(range(0x80, 0x100)) * 4 + b"\r",
    "ü€😀".encode()[:-1] + b"\r",  # its last character is not whole
    b"\xc0\x80\xed\xa0\x80\xf8\x88\xff\n",  # overlong, a surrogate, no UTF-8 at all
    b"\x00\x00home\x00\r",
    b"'\"\\'''\"\"\"#{}%s\r\n",
    b"\x15\x08\x7f\x08",
    b"\x04\x01\x02\x1a\x1c",  # commands to a REPL or a terminal
    b"\x1b[A\x1b[201~\x1bx\x1b[1;2;3;4;5;6",
    b"home\rpassword\rbroker\r1883\r\r\rnode\r",
    b"no\r",
    b"65536\r-1\r",
    b"\r\n\r\n\n\r",
)
CONFIRMED = {
    "Wi-Fi network": "home",
    "Wi-Fi password": WIFI_PASSWORD,
    "MQTT broker": "127.0.0.1",
    "MQTT user": "'\"\\#{}%s ü€😀",
    "MQTT password": "'''\"\"\"\\n\\\u2028",
    "Name of this node": "hall",
}


def hostile(chance: random.Random) -> bytes:
    """Return what a cat on the keyboard, a wrong paste or an attacker types.

    There is no Ctrl-C in it, which ends the dialogue, and no yes.
    """
    if chance.random() < 0.5:
        often = [1] + [3] * (len(HOSTILE) - 1)
        return b"".join(chance.choices(HOSTILE, often, k=chance.randint(1, 4)))
    noise = chance.randbytes(chance.randint(1, 200))
    return noise.translate(None, b"\x03\x1b")


def confirm_under_fire(typist: Typist, chance: random.Random, answers: dict[str, str]) -> None:
    """Type 50 hostile inputs, then answer as a person does who says no once, then yes."""
    for _ in range(50):
        typist.type(hostile(chance))
    typist.answer(answers)
    typist.type(b"\x15no\r")
    typist.answer(answers)
    typist.type(b"yes\r")
    assert typist.prompt() == "Store it all the same"
    fault = typist.seen.rpartition(b"That did not work: ")[2]
    assert b"nothing listens on port" in fault, fault


def test_500_hostile_inputs_neither_end_the_node_nor_store_what_nobody_confirmed(
    board: Board1, power_on: Callable[..., pexpect.spawn[str]], closed_port: str
) -> None:
    chance = random.Random(20261122)
    answers = CONFIRMED | {"MQTT port": closed_port}

    def fire_at(node: pexpect.spawn[str]) -> Typist:
        node.expect(BEGIN)
        typist = Typist(node)
        typist.type(b"\r")
        confirm_under_fire(typist, chance, answers)
        typist.type(b"no\r")
        confirm_under_fire(typist, chance, answers)
        assert BEGIN.encode() not in typist.seen  # it would have died and begun anew
        assert board.credentials is None
        return typist

    for _ in range(4):
        node = power_on()
        typist = fire_at(node)
        typist.type(b"x" * 5000)
        typist.type(b"\x03yes\r")
        assert end(node) == 130
        assert board.credentials is None
    node = power_on()
    fire_at(node).type(b"yes\r")
    assert end(node) == RESET
    assert board.credentials == {
        "WIFI_SSID": "home",
        "WIFI_PASSWORD": WIFI_PASSWORD,
        "MQTT_HOST": "127.0.0.1",
        "MQTT_PORT": int(closed_port),
        "MQTT_USER": answers["MQTT user"],
        "MQTT_PASSWORD": answers["MQTT password"],
        "NODE_ID": "hall",
    }


def test_the_key_s_held_at_power_on_opens_it_again(
    board: Board1, power_on: Callable[..., pexpect.spawn[str]], broker: Mosquitto
) -> None:
    (board.folder / "credentials.py").write_text(
        f'WIFI_SSID = "home"\nWIFI_PASSWORD = "{WIFI_PASSWORD}"\nMQTT_HOST = "127.0.0.1"\n'
        f"MQTT_PORT = {broker.port}\nOTHER_SECRET = 'kept'\n"
    )
    node = power_on("s")
    begin(node, name="renamed")
    confirm(node)
    assert end(node) == RESET
    assert board.credentials is not None
    assert board.credentials["NODE_ID"] == "renamed"
    assert board.credentials["WIFI_PASSWORD"] == WIFI_PASSWORD
    assert board.credentials["OTHER_SECRET"] == "kept"


def test_a_damaged_file_gives_one_line_and_the_dialogue(
    board: Board1, power_on: Callable[..., pexpect.spawn[str]]
) -> None:
    (board.folder / "credentials.py").write_text('WIFI_SSID = "home\n')
    node = power_on()
    node.expect("credentials.py line 1: SyntaxError; none of it is used")
    node.expect(BEGIN)


def test_import_setup_at_the_repl_opens_it(
    board: Board1,
    power_on: Callable[..., pexpect.spawn[str]],
    tmp_path: Path,
    closed_port: str,
) -> None:
    # A board at whose REPL somebody has typed it.
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    (firmware / "main.py").write_text("import setup\n")
    node = power_on(YARD_FIRMWARE=str(firmware))
    answer(node, ssid="1", password=WIFI_PASSWORD, broker="127.0.0.1", port=closed_port)
    confirm(node)
    node.expect("Store it all the same")
    node.send("yes\r")
    assert end(node) == RESET
    assert board.credentials is not None


def test_a_pin_held_low_at_power_on_forgets_the_credentials(
    board: Board1, power_on: Callable[..., pexpect.spawn[str]], broker: Mosquitto
) -> None:
    (board.folder / "config.py").write_text("FACTORY_RESET_PIN = 0\n")
    (board.folder / "credentials.py").write_text('WIFI_SSID = "home"\nMQTT_HOST = "127.0.0.1"\n')
    board.board.drive_pin(0, 0)
    node = power_on()
    node.expect("GPIO 0 was held low: the credentials are forgotten")
    assert end(node) == RESET
    assert board.credentials is None


def test_a_node_that_cannot_join_asks_whether_somebody_is_there(
    board: Board1, power_on: Callable[..., pexpect.spawn[str]], broker: Mosquitto
) -> None:
    (board.folder / "config.py").write_text("FAILED_JOINS = 1\n")
    (board.folder / "credentials.py").write_text(
        f'WIFI_SSID = "home"\nWIFI_PASSWORD = "outdated"\nMQTT_HOST = "127.0.0.1"\n'
        f"MQTT_PORT = {broker.port}\n"
    )
    node = power_on()
    node.expect("cannot join home: wrong password")
    begin(node, password=WIFI_PASSWORD)
    confirm(node)
    assert end(node) == RESET
    again = power_on()
    again.expect("online as")


def test_power_lost_while_storing_leaves_a_board_that_asks_or_runs(
    board: Board1, power_on: Callable[..., pexpect.spawn[str]], broker: Mosquitto
) -> None:
    for attempt in range(4):
        node = power_on("s" if attempt else "")
        begin(
            node,
            ssid="home",
            password=WIFI_PASSWORD,
            broker="127.0.0.1",
            port=str(broker.port),
            name=f"n{attempt}",
        )
        confirm(node)
        node.expect("accepted")
        kill(node)
        kept = board.credentials
        assert kept is None or kept["WIFI_SSID"] == "home"

# SPDX-License-Identifier: MIT
"""The firmware on a board by `yard deploy`, `provision`, `backup`, `restore` and `console`."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desk import MQTT, RESTART_S, wait_until
from mosquitto import Mosquitto
from serial_board import WIFI_PASSWORD, SerialBoard
from terminal import Terminal
from yard.bundle import firmware_files
from yard.places import FIRMWARE

pytestmark = pytest.mark.timeout(400)  # all of the firmware is compiled and copied

YARD = str(Path(sys.executable).with_name("yard"))
MQTT_PASSWORD = "hush 'hush' \"ß\""
BOTH = {"YARD_NODE_WIFI_PASSWORD": WIFI_PASSWORD, "YARD_NODE_MQTT_PASSWORD": MQTT_PASSWORD}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware as it is deployed."""
    folder = tmp_path_factory.mktemp("compiled")
    for path, content in firmware_files(FIRMWARE).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[SerialBoard]:
    """A board with MicroPython and nothing else."""
    made = SerialBoard(tmp_path)
    yield made
    made.close()


@pytest.fixture
def board(tmp_path: Path, compiled: Path) -> Iterator[SerialBoard]:
    """A board with the firmware, which knows no network."""
    shutil.copytree(compiled, tmp_path / "flash")
    made = SerialBoard(tmp_path)
    yield made
    made.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """mosquitto that wants a password."""
    with Mosquitto(tmp_path, {"node": MQTT_PASSWORD}) as running:
        yield running


def yard(*arguments: str, status: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("YARD_")}
    done = subprocess.run(
        [YARD, *arguments],
        env=environment | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


def credentials(board: SerialBoard) -> str:
    path = board.flash / "credentials.py"
    return path.read_text() if path.exists() else ""


# -- deploy and provision -------------------------------------------------------------------


def test_from_an_empty_board_to_a_node_that_is_online(
    empty: SerialBoard, broker: Mosquitto, mqtt: Callable[..., MQTT]
) -> None:
    done = yard("deploy", "--port", empty.port, "--json")
    assert f"board at {empty.port}" in done.stderr
    told = json.loads(done.stdout)
    assert told["port"] == empty.port
    assert "node/app.mpy" in told["copied"]
    assert told["node"].startswith("sy-")
    where = ["--broker", "127.0.0.1", "--broker-port", str(broker.port), "--user", "node"]
    arguments = ["--port", empty.port, "--ssid", "home", *where, "--name", "hall", "--json"]
    done = yard("provision", *arguments, **BOTH)
    assert json.loads(done.stdout) == {"port": empty.port, "node": "hall"}
    wait_until(lambda: "online as home/hall" in empty.said, RESTART_S)
    for secret in (WIFI_PASSWORD, "hush"):
        assert secret not in done.stdout + done.stderr + empty.said
        assert secret in credentials(empty)
    again = json.loads(yard("deploy", "--port", empty.port, "--json").stdout)
    assert (again["copied"], again["removed"], again["node"]) == ([], [], "hall")
    assert "hush" in credentials(empty)


def test_the_source_can_be_deployed_in_place_of_what_is_compiled(board: SerialBoard) -> None:
    told = json.loads(yard("deploy", "--port", board.port, "--source", "--json").stdout)
    assert "node/app.py" in told["copied"]
    assert "node/app.mpy" in told["removed"]
    assert not list(board.flash.rglob("*.mpy"))


@pytest.mark.parametrize(
    ("option", "content", "why"),
    [
        ("--components", "{,}", "line 1, column 2: expected a key in double quotes"),
        ("--config", "LOG_LEVEL = \n", "line 1: no valid Python"),
    ],
)
def test_a_file_that_no_node_can_read_is_not_deployed(
    tmp_path: Path, option: str, content: str, why: str
) -> None:
    (tmp_path / "mine").write_text(content)
    done = yard("deploy", "--port", "/dev/null", option, str(tmp_path / "mine"), status=1)
    assert why in done.stderr
    assert done.stderr.count("\n") == 1


def test_answers_can_come_from_a_file_and_those_not_given_stay(
    board: SerialBoard, broker: Mosquitto, tmp_path: Path
) -> None:
    file = tmp_path / "answers.py"
    file.write_text(
        f"# by hand\nWIFI_SSID = 'home'\nWIFI_PASSWORD = {WIFI_PASSWORD!r}\n"
        f"MQTT_HOST = '127.0.0.1'\nMQTT_PORT = {broker.port}\nMQTT_USER = 'node'\n"
        f"MQTT_PASSWORD = {MQTT_PASSWORD!r}\n"
    )
    yard("provision", "--port", board.port, "--from", str(file))
    before = credentials(board)
    assert "NODE_ID = 'sy-" in before
    done = yard("provision", "--port", board.port, "--name", "attic")
    assert "attic runs" in done.stdout
    changed = [a for a in credentials(board).splitlines() if a not in before.splitlines()]
    assert changed == ["NODE_ID = 'attic'"]


@pytest.mark.parametrize(
    ("options", "variables", "why"),
    [
        (["--ssid", "home"], {"YARD_NODE_WIFI_PASSWORD": "wrong one"}, "wrong password"),
        (["--ssid", "away"], {"YARD_NODE_WIFI_PASSWORD": ""}, "Wi-Fi network away: no such"),
        (["--ssid", "home"], {"YARD_NODE_WIFI_PASSWORD": "short"}, "has 8 to 63 characters"),
        (["--ssid", "home"], {}, "set YARD_NODE_WIFI_PASSWORD"),
        (["--ssid", "1"], BOTH, "the board understood 'home' instead of '1'"),
        (["--ssid", "home", "--name", "a hall"], BOTH, "Name of this node: only letters"),
        (["--ssid", "home\x03"], BOTH, "WIFI_SSID: control characters"),
        ([], {}, "nothing to tell the board"),
    ],
)
def test_answers_that_cannot_be_used_are_one_line_and_nothing_is_stored(
    board: SerialBoard, options: list[str], variables: dict[str, str], why: str
) -> None:
    where = ["--broker", "127.0.0.1"] if options else []
    done = yard("provision", "--port", board.port, *options, *where, status=1, **variables)
    assert why in done.stderr.splitlines()[-1]
    assert all(secret not in done.stderr for secret in variables.values() if secret)
    assert credentials(board) == ""


def test_answers_can_be_stored_although_nothing_is_in_reach(board: SerialBoard) -> None:
    options = ["--ssid", "away", "--broker", "b.invalid", "--store-anyway"]
    yard("provision", "--port", board.port, *options, YARD_NODE_WIFI_PASSWORD="some password")
    assert "WIFI_SSID = 'away'" in credentials(board)


def test_a_board_without_firmware_cannot_be_provisioned(empty: SerialBoard) -> None:
    done = yard("provision", "--port", empty.port, "--name", "hall", status=1)
    assert "the board has no firmware that could ask: yard deploy brings it" in done.stderr


# -- backup and restore ---------------------------------------------------------------------

OWN = {
    "credentials.py": "WIFI_SSID = 'home'\nWIFI_PASSWORD = 'top secret'\n",
    "config.py": 'UPDATE_KEY = "also secret"\n',
    "components.json": "{}",
    "certificates/ca.pem": "-----BEGIN CERTIFICATE-----\n",
    "certificates/key.pem": "-----BEGIN PRIVATE KEY-----\n",
}


def put_own(flash: Path) -> None:
    for path, text in OWN.items():
        (flash / path).parent.mkdir(exist_ok=True)
        (flash / path).write_text(text)


def on(flash: Path) -> dict[str, bytes]:
    paths = (p for p in flash.rglob("*") if p.is_file())
    return {p.relative_to(flash).as_posix(): p.read_bytes() for p in paths}


def test_a_backup_brings_a_board_back(board: SerialBoard, tmp_path: Path) -> None:
    put_own(board.flash)
    before = on(board.flash)
    archive = tmp_path / "board.tar"
    told = json.loads(yard("backup", str(archive), "--port", board.port, "--json").stdout)
    assert told["files"] == len(before)
    assert told["secret"] == ["certificates/key.pem", "config.py", "credentials.py"]
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    (board.flash / "components.json").write_text("[]")
    (board.flash / "node/app.mpy").unlink()
    (board.flash / "extra.txt").write_text("x")
    told = json.loads(yard("restore", str(archive), "--port", board.port, "--json").stdout)
    assert told["copied"] == ["components.json", "node/app.mpy"]
    assert told["removed"] == ["extra.txt"]
    assert on(board.flash) == before


def test_a_backup_without_secrets_has_none_and_leaves_those_of_the_board(
    board: SerialBoard, tmp_path: Path
) -> None:
    put_own(board.flash)
    archive = tmp_path / "board.tar"
    done = yard("backup", str(archive), "--port", board.port, "--without-secrets")
    assert "left out: certificates/key.pem, config.py, credentials.py" in done.stdout
    assert b"secret'" not in archive.read_bytes()
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert "files/certificates/ca.pem" in names
    assert "files/credentials.py" not in names
    before = on(board.flash)
    yard("restore", str(archive), "--port", board.port)
    assert on(board.flash) == before


@pytest.mark.parametrize("damage", ["hash", "path", "text"])
def test_an_archive_that_is_not_what_it_was_is_refused(tmp_path: Path, damage: str) -> None:
    from yard.boards import archive

    file = tmp_path / "board.tar"
    path = "../evil" if damage == "path" else "config.py"
    archive.write(file, archive.Archive({path: b"LOG = 'info'"}, set(), 6, False))
    if damage == "hash":
        file.write_bytes(file.read_bytes().replace(b"'info'", b"'evil'"))
    elif damage == "text":
        file.write_text("no archive at all")
    done = yard("restore", str(file), "--port", "/dev/null", status=1)
    why = {
        "hash": "config.py is damaged",
        "path": "is no path on a board",
        "text": "is no archive",
    }
    assert why[damage] in done.stderr


# -- console --------------------------------------------------------------------------------


def test_the_console_is_the_boards_terminal_until_it_is_left(board: SerialBoard) -> None:
    terminal = Terminal([YARD, "console", "--port", board.port])
    try:
        wait_until(lambda: "loader" in board.said)
        wait_until(lambda: terminal.process.poll() is None and not terminal.is_restored)
        terminal.type("\r")
        terminal.wait_for("Looking for networks")
        terminal.type("\x03")
        terminal.wait_for(">>>")
        terminal.type("print(6 * 7)\r")
        terminal.wait_for("42")
        terminal.type("\x1d")
        assert terminal.wait_end() == 0
        wait_until(lambda: terminal.is_restored)
        assert f"board at {board.port}" in terminal.errors
    finally:
        terminal.close()


def test_the_console_needs_a_terminal(empty: SerialBoard) -> None:
    assert "needs a terminal" in yard("console", "--port", empty.port, status=1).stderr

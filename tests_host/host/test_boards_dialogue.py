# SPDX-License-Identifier: MIT
"""yard provision: it knows the questions of the firmware, and takes answers from safe places."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from terminal import check_secrets_stay_hidden
from yard.boards import dialogue
from yard.boards.answers import collect
from yard.fault import Fault
from yard.places import FIRMWARE

FIRST_BOOT = (FIRMWARE / "node" / "first_boot.py").read_text()


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WIFI_PASSWORD", "MQTT_PASSWORD"):
        monkeypatch.delenv(f"YARD_NODE_{name}", raising=False)


def test_the_questions_are_those_of_the_firmware() -> None:
    (table,) = (
        node.value
        for node in ast.parse(FIRST_BOOT).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "QUESTIONS"
    )
    assert isinstance(table, ast.Tuple)
    rows = [[ast.unparse(cell) for cell in row.elts] for row in table.elts]  # type: ignore[attr-defined]
    asked = {ast.literal_eval(name): ast.literal_eval(text) for name, text, _, _ in rows}
    assert list(dialogue.QUESTIONS.items()) == list(asked.items())
    secret = tuple(ast.literal_eval(name) for name, _, _, hidden in rows if hidden == "True")
    assert dialogue.SECRET == secret


@pytest.mark.parametrize(
    "text", [dialogue.RIGHT, dialogue.ANYWAY, dialogue.FAILED, dialogue.STORED, "(yes or no)? "]
)
def test_what_the_firmware_says_is_what_is_waited_for(text: str) -> None:
    assert text in FIRST_BOOT


def test_a_variable_wins_over_the_command_line_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "answers"
    file.write_text('WIFI_SSID = "f"\nWIFI_PASSWORD = "from file"\nMQTT_PORT = 1884\nX = 1\n')
    monkeypatch.setenv("YARD_NODE_WIFI_PASSWORD", "from outside")
    assert collect({"WIFI_SSID": "o"}, file) == {
        "WIFI_SSID": "o",
        "WIFI_PASSWORD": "from outside",
        "MQTT_PORT": "1884",
    }


def test_a_fault_in_the_file_does_not_show_the_line(tmp_path: Path) -> None:
    file = tmp_path / "answers"
    file.write_text('WIFI_SSID = "home"\nWIFI_PASSWORD = "hush\n')
    with pytest.raises(Fault, match=r"answers line 2: SyntaxError$") as fault:
        collect({}, file)
    assert "hush" not in str(fault.value)


def test_a_file_that_says_nothing_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "answers"
    file.write_text("ssid: home\n")
    with pytest.raises(Fault, match="no line such as WIFI_SSID"):
        collect({}, file)


def test_nothing_is_run_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "answers"
    file.write_text("NODE_ID = open('/etc/hostname').read()\nMQTT_HOST = 'b'\n")
    assert collect({}, file) == {"MQTT_HOST": "b"}


def test_passwords_that_are_asked_for_are_not_shown() -> None:
    yard = str(Path(sys.executable).with_name("yard"))
    answers = ["--ssid", "home", "--broker", "b", "--user", "node"]
    command = [yard, "provision", "--port", "/nowhere", *answers]
    questions = [f"{what} password (empty: none): " for what in ("Wi-Fi", "MQTT")]
    check_secrets_stay_hidden(command, questions, "/nowhere cannot be opened")

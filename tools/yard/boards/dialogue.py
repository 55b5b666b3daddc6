# SPDX-License-Identifier: MIT
"""Answers the questions of firmware/node/first_boot.py on the serial console."""

from __future__ import annotations

import re
from collections.abc import Mapping

from yard.boards.repl import Repl
from yard.fault import Fault
from yard.printable import printable

# Setting and question, in the order in which they are asked.
QUESTIONS = {
    "WIFI_SSID": "Wi-Fi network",
    "WIFI_PASSWORD": "Wi-Fi password",
    "MQTT_HOST": "MQTT broker",
    "MQTT_PORT": "MQTT port",
    "MQTT_USER": "MQTT user",
    "MQTT_PASSWORD": "MQTT password",
    "NODE_ID": "Name of this node",
}
SECRET = ("WIFI_PASSWORD", "MQTT_PASSWORD")
RIGHT = "Is that right"
ANYWAY = "Store it all the same"
FAILED = "That did not work: "
STORED = "Stored."

_LIMIT_S = 120  # scanning, joining and reaching a broker that does not answer
_ENDED = "\x04"  # the REPL says so of what it ran
_PROMPT = re.compile(
    r"^(?:(?P<asked>%s)(?: \([^\r\n]*\))?: |(?P<agree>%s|%s) \(yes or no\)\? )\Z"
    % ("|".join(map(re.escape, QUESTIONS.values())), RIGHT, ANYWAY),
    re.MULTILINE,
)


class Dialogue:
    """The dialogue on a stopped board that has the firmware."""

    def __init__(self, repl: Repl) -> None:
        self._repl = repl
        self._said = ""

    def run(self, answers: Mapping[str, str], anyway: bool) -> None:
        """Give `answers`, by the name of the setting; what is not named stays as it was.

        anyway: store them also when the board cannot reach Wi-Fi or broker with them.

        Raises:
            Fault: the board does not accept one of them, or they do not work.
        """
        self._repl.begin("import setup")
        asked = set()
        while prompt := self._next_prompt():
            if prompt["agree"]:
                self._check(answers, anyway)
                self._type("yes")
                continue
            question = prompt["asked"]
            if question in asked:
                raise Fault(f"{question}: {self._line_before()}")
            asked.add(question)
            self._type(_answer(question, answers))

    def _check(self, answers: Mapping[str, str], anyway: bool) -> None:
        """Raise a Fault unless the board may be told to go on."""
        _, failed, why = self._said.rpartition(FAILED)
        if not failed:
            self._check_summary(answers)
        elif not anyway:
            why = why.partition("\r\n")[0].rstrip(".")
            raise Fault(f"nothing was stored: {printable(why)}")

    def _check_summary(self, answers: Mapping[str, str]) -> None:
        """Compare what the board shows with what was meant: a number can be that of a network."""
        for name, text in answers.items():
            shown = re.search(rf"^  {re.escape(QUESTIONS[name])}  +(.*?)\r?$", self._said, re.M)
            if name not in SECRET and shown and shown[1] != (text or "(none)"):
                raise Fault(
                    f"{QUESTIONS[name]}: the board understood {printable(shown[1])!r} instead of "
                    f"{text!r}; answer the dialogue with yard console"
                )

    def _next_prompt(self) -> re.Match[str] | None:
        """Return the question that the board asks; None when it has stored the answers."""
        for piece in self._repl.text(_LIMIT_S):
            self._said += piece
            if STORED in self._said:
                return None
            prompt = _PROMPT.search(self._said)
            if prompt:
                return prompt
            if self._said.count(_ENDED) > 1:
                raise Fault(self._why_ended())
        raise Fault(f"the board asks nothing for {_LIMIT_S} s, it says {self._line_before()!r}")

    def _why_ended(self) -> str:
        if "no module named 'setup'" in self._said:
            return "the board has no firmware that could ask: yard deploy brings it"
        return f"the dialogue ended: {self._line_before()}"

    def _line_before(self) -> str:
        """Return the last whole line that the board said."""
        lines = self._said.replace(_ENDED, "").splitlines()
        whole = [line.strip() for line in lines if line.strip()]
        return printable(whole[-2] if len(whole) > 1 and _PROMPT.search(self._said) else whole[-1])

    def _type(self, answer: str) -> None:
        self._said = ""
        self._repl.type(answer + "\r")


def _answer(question: str, answers: Mapping[str, str]) -> str:
    """Return what to type: Enter for what stays, a hyphen for none."""
    name = next(name for name, text in QUESTIONS.items() if text == question)
    return (answers[name] or "-") if name in answers else ""

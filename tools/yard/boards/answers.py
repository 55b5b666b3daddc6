# SPDX-License-Identifier: MIT
"""What a board is to be told of its network: from options, a file, the environment, a person."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import typer

from yard.boards.dialogue import QUESTIONS, SECRET
from yard.fault import Fault

# Not the variables of `yard` itself: a person's password is not the node's.
VARIABLES = {name: f"YARD_NODE_{name}" for name in SECRET}
# What needs a secret, when it is said on the command line.
_NEEDS = {"WIFI_SSID": "WIFI_PASSWORD", "MQTT_USER": "MQTT_PASSWORD"}


def collect(options: Mapping[str, str], file: Path | None) -> dict[str, str]:
    """Return the answers by the name of the setting.

    options: what the command line says; it wins over the file, and a variable over both.

    Raises:
        Fault: there is nothing to say, a secret is missing, or something cannot be typed.
    """
    answers = _from_file(file) if file else {}
    answers.update(options)
    answers.update((name, os.environ[v]) for name, v in VARIABLES.items() if v in os.environ)
    for name, secret in _NEEDS.items():
        if options.get(name) and secret not in answers:
            answers[secret] = _ask(secret)
    if not answers:
        raise Fault("nothing to tell the board: give --ssid and --broker, or --from FILE")
    for name, text in answers.items():
        if any(ord(c) < 32 or ord(c) == 127 for c in text):
            raise Fault(f"{name}: control characters cannot be typed at a terminal")
    return answers


def _ask(name: str) -> str:
    if not sys.stdin.isatty():
        raise Fault(f"no terminal to ask for {name}: set {VARIABLES[name]}, empty for none")
    question = f"{QUESTIONS[name]} (empty: none)"
    return str(typer.prompt(question, default="", hide_input=True, show_default=False, err=True))


def _from_file(file: Path) -> dict[str, str]:
    """Read plain assignments, as in the credentials.py of a board; others are ignored."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except SyntaxError as error:  # its text would show the line, which may hold a secret
        raise Fault(f"{file} line {error.lineno}: SyntaxError") from None
    answers = {}
    for node in tree.body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Constant(value=str() | int() as v)
            ):
                if name in QUESTIONS:
                    answers[name] = str(v)
    if not answers:
        raise Fault(
            f'{file}: no line such as WIFI_SSID = "name"; known are {", ".join(QUESTIONS)}'
        )
    return answers

# SPDX-License-Identifier: MIT
"""`yard provision`: tells a board its network and its broker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import typer

from yard.boards import ports, running
from yard.boards.answers import collect
from yard.boards.dialogue import Dialogue
from yard.boards.repl import Repl


def run(
    port: str | None, options: Mapping[str, str], file: Path | None, anyway: bool, as_json: bool
) -> None:
    """Answer the dialogue of a board and wait until its node runs."""
    answers = collect(options, file)
    port = ports.choose(port)
    node = provision(port, answers, anyway)
    if as_json:
        typer.echo(json.dumps({"port": port, "node": node}))
    else:
        typer.echo(f"stored; {node} runs")


def provision(port: str, answers: Mapping[str, str], anyway: bool, patience_s: float = 10) -> str:
    """Give a board the answers; return the id of its node.

    Raises:
        Fault: it does not accept them, or cannot reach Wi-Fi or broker with them.
    """
    with Repl(port, patience_s) as repl:
        repl.stop()
        Dialogue(repl).run(answers, anyway)
        return running.wait(repl)

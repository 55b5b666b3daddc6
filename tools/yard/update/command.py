# SPDX-License-Identifier: MIT
"""`yard update` on the command line."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from yard.boards.libraries import check
from yard.broker_options import MQTT_PORT, BrokerPort, Home, Host, Node, User, broker
from yard.fault import Fault

UPDATE_KEY_VARIABLE = "YARD_UPDATE_KEY"


def update(
    node: Node = None,
    host: Host = "127.0.0.1",
    port: BrokerPort = MQTT_PORT,
    home: Home = "home",
    user: User = "",
    key_file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help=f"File with the UPDATE_KEY; else ${UPDATE_KEY_VARIABLE}, or it is asked for.",
        ),
    ] = None,
    seconds: Annotated[
        int,
        typer.Option(min=10, max=3600, help="In which the node must be online after a start."),
    ] = 120,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object at the end, for scripts.")
    ] = False,
) -> None:
    """Bring the firmware of this folder to a running node, over MQTT.

    Only what differs is sent. A node that is not online after three starts goes back by itself.
    """
    check()
    from yard.update.run import run

    key = key_file.read_text(encoding="utf-8").strip() if key_file else _update_key()
    run(broker(host, port, user), home, node, key, seconds, as_json=json)


def _update_key() -> str:
    key = os.environ.get(UPDATE_KEY_VARIABLE)
    if key is not None:
        return key
    if not sys.stdin.isatty():
        raise Fault(f"no terminal to ask for the node's UPDATE_KEY: set {UPDATE_KEY_VARIABLE}")
    return str(typer.prompt("UPDATE_KEY of the node", hide_input=True, err=True))

# SPDX-License-Identifier: MIT
"""`yard update` on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from yard.boards.libraries import check
from yard.broker_address import BrokerAddress
from yard.broker_options import Home, Node, at_broker
from yard.update.key import read_key

UPDATE_KEY_VARIABLE = "YARD_UPDATE_KEY"


@at_broker
def update(
    broker: BrokerAddress,
    node: Node = None,
    home: Home = "home",
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

    key = read_key(key_file, UPDATE_KEY_VARIABLE, "UPDATE_KEY")
    run(broker, home, node, key, seconds, as_json=json)

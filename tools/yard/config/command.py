# SPDX-License-Identifier: MIT
"""`yard config` on the command line."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from yard.broker_address import BrokerAddress
from yard.broker_options import Home, Node, at_broker
from yard.update.key import read_key

CONFIG_KEY_VARIABLE = "YARD_CONFIG_KEY"

config = typer.Typer(
    help="Read and change the configuration of a running node, over MQTT.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help=f"File with the CONFIG_KEY; else ${CONFIG_KEY_VARIABLE}, or it is asked for.",
    ),
]
File = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, readable=True, help="components.json, under any name."
    ),
]
AnyFile = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        readable=True,
        help="components.json, under any name; or, with a name that ends in .py, config.py.",
    ),
]


class Which(StrEnum):
    """The files that can be changed."""

    COMPONENTS = "components.json"
    SETTINGS = "config.py"


@config.command()
@at_broker
def show(
    broker: BrokerAddress,
    node: Node = None,
    home: Home = "home",
    last: Annotated[
        bool, typer.Option("--last", help="What it was before the newest change.")
    ] = False,
    json: Json = False,
) -> None:
    """Print the components.json that a node runs."""
    from yard.config.run import Command

    Command(broker, home, node, as_json=json).show(last)


@config.command()
@at_broker
def diff(
    broker: BrokerAddress,
    file: File,
    node: Node = None,
    home: Home = "home",
    json: Json = False,
) -> None:
    """Show how a file differs from the components.json that a node runs; status 1 if it does."""
    from yard.config.run import Command

    raise typer.Exit(Command(broker, home, node, as_json=json).diff(file))


@config.command()
@at_broker
def push(
    broker: BrokerAddress,
    file: AnyFile,
    node: Node = None,
    home: Home = "home",
    key_file: KeyFile = None,
    check: Annotated[
        bool,
        typer.Option(help="Check components.json here before; the node does so in any case."),
    ] = True,
    json: Json = False,
) -> None:
    """Have a node run with another configuration.

    It goes back by itself if it is not online after three starts (CONFIG_TRIAL_S each).
    """
    from yard.config.run import Command

    key = read_key(key_file, CONFIG_KEY_VARIABLE, "CONFIG_KEY")
    Command(broker, home, node, as_json=json).push(file, key, checked=check)


@config.command()
@at_broker
def rollback(
    broker: BrokerAddress,
    node: Node = None,
    home: Home = "home",
    file: Annotated[Which, typer.Option(help="Which of them.")] = Which.COMPONENTS,
    key_file: KeyFile = None,
    json: Json = False,
) -> None:
    """Have a node run with what its configuration was before the newest change.

    Doing it again takes that back.
    """
    from yard.config.run import Command

    key = read_key(key_file, CONFIG_KEY_VARIABLE, "CONFIG_KEY")
    Command(broker, home, node, as_json=json).rollback(file, key)

# SPDX-License-Identifier: MIT
"""The command line of `yard`."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from yard.boards.commands import COMMANDS
from yard.broker_address import BrokerAddress
from yard.broker_options import MQTT_PORT, Home, Node, at_broker
from yard.check.command import check
from yard.compile.command import trace
from yard.config.command import config
from yard.fault import Fault
from yard.image.command import image
from yard.new.command import new
from yard.update.command import update

KEY_VARIABLE = "YARD_KEY"
BOARD_PORT = 18880

app = typer.Typer(
    name="yard",
    help="The desk of Switchyard: run a node without hardware, watch nodes, send commands.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,  # they may hold a password
)

Port = Annotated[
    int, typer.Option(min=0, max=65535, help="MQTT port on 127.0.0.1; 0 is a free one.")
]
BoardPort = Annotated[
    int, typer.Option(min=0, max=65535, help="HTTP port of the simulated board; 0 is a free one.")
]
Chips = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=8,
        help="Configure this many chips, all pins outputs. "
        "Without it: 16 outputs on 0x20, 10 outputs and 6 inputs on 0x21.",
    ),
]
Components = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        readable=True,
        help="Configure the node with this components.json or components.py.",
    ),
]
State = Annotated[
    Path,
    typer.Option(file_okay=False, help="Folder that keeps the node's file system between runs."),
]
Bind = Annotated[
    str,
    typer.Option(
        help="Address of the page. Any but 127.0.0.1 needs a key of at least 8 characters in "
        f"${KEY_VARIABLE}: whoever has it can do everything to the simulated board."
    ),
]
Headless = Annotated[
    bool, typer.Option("--headless", help="Print nothing but the ready line and faults.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"yard {version('switchyard')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Options of the program itself; the callbacks have acted on them."""


@app.command()
def sim(
    port: Port = MQTT_PORT,
    board_port: BoardPort = BOARD_PORT,
    chips: Chips = None,
    components: Components = None,
    state: State = Path("state"),
    bind: Bind = "127.0.0.1",
    headless: Headless = False,
) -> None:
    """Run a broker, the simulated board and the unmodified firmware on this computer.

    Shows the URL of a page on which every pin can be seen and pressed. Prints one line
    `ready mqtt=... board=... node=...` when the node is online. Ends with Ctrl-C.
    """
    from yard.sim.options import Options
    from yard.sim.simulation import run

    if chips is not None and components is not None:
        raise typer.BadParameter("--chips and --components exclude each other")
    if port == board_port != 0:
        raise typer.BadParameter("--port and --board-port must differ")
    key = os.environ.get(KEY_VARIABLE, "")
    options = Options(port, board_port, chips, components, state, headless, bind, key)
    raise typer.Exit(run(options))


@app.command()
@at_broker
def watch(
    broker: BrokerAddress,
    home: Home = "home",
    node: Annotated[str | None, typer.Option(help="Id of one node; without it all.")] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per message, for scripts.")
    ] = False,
) -> None:
    """Show states, commands, availability and log records live, until Ctrl-C."""
    from yard.watch.run import run

    run(broker, home, node, as_json=json)


@app.command()
@at_broker
def pins(
    broker: BrokerAddress,
    node: Node = None,
    home: Home = "home",
    chip: Annotated[
        str | None, typer.Option(help="Name or address of one chip; without it all.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Print the table and end; so it is in a pipe, too.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per pin and end, for scripts.")
    ] = False,
) -> None:
    """Show the pins of a node live, with keys to switch outputs.

    Arrows or h j k l move, Enter or space toggles an output, p gives a pulse, q ends.
    """
    from yard.pins.run import run

    run(broker, home, node, chip, once, as_json=json)


@app.command()
@at_broker
def scan(
    broker: BrokerAddress,
    node: Node = None,
    home: Home = "home",
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per address, for scripts.")
    ] = False,
) -> None:
    """Show what answers on the I2C buses of a node.

    Status 1 if nothing does, or a chip of a component does not.
    """
    from yard.scan import run

    raise typer.Exit(run(broker, home, node, as_json=json))


@app.command()
@at_broker
def send(
    broker: BrokerAddress,
    topic: Annotated[str, typer.Argument(help="Such as home/desk/chip20/out0/set.")],
    payload: Annotated[str, typer.Argument(help="Such as ON, OFF, TOGGLE or PULSE:250.")],
) -> None:
    """Publish one message, such as a command to a pin."""
    from yard.send import run

    run(broker, topic, payload)


for board_command in COMMANDS:
    app.command()(board_command)


app.command()(update)
app.command()(image)
app.command()(check)
app.command()(trace)
app.add_typer(new, name="new")
app.add_typer(config, name="config")


def main() -> None:
    """Entry point: a fault is one line on stderr and status 1."""
    try:
        app()
    except Fault as fault:
        typer.echo(f"yard: {fault}", err=True)
        sys.exit(1)

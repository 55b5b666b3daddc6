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
from yard.check.command import check
from yard.fault import Fault
from yard.new.command import new

PASSWORD_VARIABLE = "YARD_MQTT_PASSWORD"
UPDATE_KEY_VARIABLE = "YARD_UPDATE_KEY"
KEY_VARIABLE = "YARD_KEY"
MQTT_PORT = 18830  # of `yard sim`; not 1883, where a broker of the person's own may listen
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
        help="Configure the node with this components.json.",
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

Host = Annotated[str, typer.Option(help="The broker's name or address.")]
BrokerPort = Annotated[int, typer.Option(min=1, max=65535, help="The broker's port.")]
User = Annotated[
    str,
    typer.Option(
        help=f"User name at the broker. The password is ${PASSWORD_VARIABLE}, or is asked for."
    ),
]
Home = Annotated[str, typer.Option(help="First part of the topics: MQTT_HOME.")]
Node = Annotated[
    str | None, typer.Argument(help="Id of the node; without it the only one that is online.")
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
def watch(
    host: Host = "127.0.0.1",
    port: BrokerPort = MQTT_PORT,
    home: Home = "home",
    node: Annotated[str | None, typer.Option(help="Id of one node; without it all.")] = None,
    user: User = "",
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per message, for scripts.")
    ] = False,
) -> None:
    """Show states, commands, availability and log records live, until Ctrl-C."""
    from yard.watch.run import run

    run(_broker(host, port, user), home, node, as_json=json)


@app.command()
def pins(
    node: Node = None,
    host: Host = "127.0.0.1",
    port: BrokerPort = MQTT_PORT,
    home: Home = "home",
    chip: Annotated[
        str | None, typer.Option(help="Name or address of one chip; without it all.")
    ] = None,
    user: User = "",
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

    run(_broker(host, port, user), home, node, chip, once, as_json=json)


@app.command()
def scan(
    node: Node = None,
    host: Host = "127.0.0.1",
    port: BrokerPort = MQTT_PORT,
    home: Home = "home",
    user: User = "",
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per address, for scripts.")
    ] = False,
) -> None:
    """Show what answers on the I2C buses of a node.

    Status 1 if nothing does, or a chip of a component does not.
    """
    from yard.scan import run

    raise typer.Exit(run(_broker(host, port, user), home, node, as_json=json))


@app.command()
def send(
    topic: Annotated[str, typer.Argument(help="Such as home/desk/chip20/out0/set.")],
    payload: Annotated[str, typer.Argument(help="Such as ON, OFF, TOGGLE or PULSE:250.")],
    host: Host = "127.0.0.1",
    port: BrokerPort = MQTT_PORT,
    user: User = "",
) -> None:
    """Publish one message, such as a command to a pin."""
    from yard.send import run

    run(_broker(host, port, user), topic, payload)


@app.command()
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
    from yard.update.run import run

    key = key_file.read_text(encoding="utf-8").strip() if key_file else _update_key()
    run(_broker(host, port, user), home, node, key, seconds, as_json=json)


@app.command()
def image(
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="File to write.")],
    firmware: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="MicroPython, as https://micropython.org/download has it: ESP32_GENERIC-*.bin.",
        ),
    ] = None,
    components: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The board's components.json.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The board's config.py.")
    ] = None,
    flash_size: Annotated[
        int | None,
        typer.Option(min=1, max=128, help="MB of flash on the board; else that of the firmware."),
    ] = None,
    filesystem: Annotated[
        bool, typer.Option("--filesystem", help="Make the file system alone.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, for scripts.")
    ] = False,
) -> None:
    """Make one file of all that a board needs: MicroPython and a file system with the firmware.

    It is for address 0: `esptool write-flash 0 node.bin`. What the flash held before is lost.
    """
    from yard.image.run import Files, make_filesystem, make_image

    files = Files(components, config)
    size = flash_size << 20 if flash_size else None
    if filesystem:
        make_filesystem(firmware, size, files, output, json)
    elif firmware is None:
        raise typer.BadParameter("--firmware is needed, or --filesystem")
    else:
        make_image(firmware, size, files, output, json)


for board_command in COMMANDS:
    app.command()(board_command)


app.command()(check)
app.add_typer(new, name="new")


def _broker(host: str, port: int, user: str) -> BrokerAddress:
    return BrokerAddress(host, port, user, _password(user) if user else "")


def _password(user: str) -> str:
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is not None:
        return password
    if not sys.stdin.isatty():
        raise Fault(f"no terminal to ask for the password of {user}: set {PASSWORD_VARIABLE}")
    return str(typer.prompt(f"Password of {user}", hide_input=True, err=True))


def _update_key() -> str:
    key = os.environ.get(UPDATE_KEY_VARIABLE)
    if key is not None:
        return key
    if not sys.stdin.isatty():
        raise Fault(f"no terminal to ask for the node's UPDATE_KEY: set {UPDATE_KEY_VARIABLE}")
    return str(typer.prompt("UPDATE_KEY of the node", hide_input=True, err=True))


def main() -> None:
    """Entry point: a fault is one line on stderr and status 1."""
    try:
        app()
    except Fault as fault:
        typer.echo(f"yard: {fault}", err=True)
        sys.exit(1)

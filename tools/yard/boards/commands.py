# SPDX-License-Identifier: MIT
"""The commands of `yard` for boards on a serial port."""

from pathlib import Path
from typing import Annotated, Any

import typer

from yard.boards.libraries import check
from yard.boards.micropython import DEFAULT

_DEFAULT_BAUD = 460800

Port = Annotated[
    str | None, typer.Option(help="Serial port of the board; without it the only one there is.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]


def _own(what: str) -> Any:
    return typer.Option(
        exists=True, dir_okay=False, readable=True, help=f"Also copy this file as {what}."
    )


def flash(
    port: Port = None,
    firmware: Annotated[
        str, typer.Option(help="A file, or a version that is downloaded once and kept.")
    ] = DEFAULT,
    sha256: Annotated[
        str | None, typer.Option(help="Hash that the firmware must have, in hexadecimal.")
    ] = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="Erase the whole flash first, with all files in it.")
    ] = False,
    baud: Annotated[
        int, typer.Option(min=9600, help="Speed; 115200 where a cable or bridge is slow.")
    ] = _DEFAULT_BAUD,
    json: Json = False,
) -> None:
    """Write MicroPython into a board and verify it."""
    check()
    from yard.boards.flash import run

    run(port, firmware, sha256, erase, baud, as_json=json)


def deploy(
    port: Port = None,
    source: Annotated[
        bool,
        typer.Option("--source", help="Copy .py files: more memory, but lines in tracebacks."),
    ] = False,
    config: Annotated[Path | None, _own("config.py")] = None,
    components: Annotated[Path | None, _own("components.json")] = None,
    credentials: Annotated[Path | None, _own("credentials.py")] = None,
    json: Json = False,
) -> None:
    """Bring the firmware to a board, only what changed, and wait until its node runs.

    The board's config.py, components.json and credentials.py stay unless a file is given. If it is
    interrupted, the board boots with the old firmware or with the new one.
    """
    check()
    from yard.boards.deploy import run

    own = {"config.py": config, "components.json": components, "credentials.py": credentials}
    run(port, source, {path: file for path, file in own.items() if file}, as_json=json)


def provision(
    port: Port = None,
    ssid: Annotated[str | None, typer.Option(help="Name of the Wi-Fi network.")] = None,
    broker: Annotated[str | None, typer.Option(help="Name or address of the MQTT broker.")] = None,
    broker_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The broker's port.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="User name of the node at the broker.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the node in topics.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            exists=True,
            dir_okay=False,
            readable=True,
            help='File with lines such as WIFI_SSID = "name", as credentials.py of a board.',
        ),
    ] = None,
    store_anyway: Annotated[
        bool,
        typer.Option("--store-anyway", help="Also when Wi-Fi or broker cannot be reached now."),
    ] = False,
    json: Json = False,
) -> None:
    """Answer the first-boot dialogue of a board.

    Passwords come from $YARD_NODE_WIFI_PASSWORD and $YARD_NODE_MQTT_PASSWORD, from the file, or
    are asked for. What is not given stays as it is on the board.
    """
    check()
    from yard.boards.provision import run

    given = {
        "WIFI_SSID": ssid,
        "MQTT_HOST": broker,
        "MQTT_PORT": None if broker_port is None else str(broker_port),
        "MQTT_USER": user,
        "NODE_ID": name,
    }
    options = {key: text for key, text in given.items() if text is not None}
    run(port, options, file, store_anyway, as_json=json)


def console(port: Port = None) -> None:
    """Be the terminal of a board; Ctrl-] ends it."""
    check()
    from yard.boards.console import run

    run(port)


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The archive to write.")],
    port: Port = None,
    without_secrets: Annotated[
        bool, typer.Option("--without-secrets", help="Leave out files that hold passwords.")
    ] = False,
    json: Json = False,
) -> None:
    """Copy all files of a board into a tar archive, with a list of what is secret."""
    check()
    from yard.boards.backup import run_backup

    run_backup(port, file, without_secrets, as_json=json)


def restore(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="An archive of yard backup.")
    ],
    port: Port = None,
    json: Json = False,
) -> None:
    """Make the files of a board those of an archive; other files are removed.

    From an archive without secrets the board keeps its own.
    """
    check()
    from yard.boards.backup import run_restore

    run_restore(port, file, as_json=json)


COMMANDS = (flash, deploy, provision, console, backup, restore)

# SPDX-License-Identifier: MIT
"""`yard update`."""

import asyncio
import json
import runpy

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from yard.broker_address import BrokerAddress
from yard.bundle import firmware_files
from yard.places import FIRMWARE
from yard.rpc import choose_node
from yard.update.offer import Offer, check_key
from yard.update.sender import Result, Sender


def run(
    address: BrokerAddress, home: str, node: str | None, key: str, seconds: int, as_json: bool
) -> None:
    """Update a node, and tell when it runs.

    Raises:
        Fault: it could not be updated; it runs what it ran before.
    """
    check_key(key)
    version = runpy.run_path(str(FIRMWARE / "node" / "__init__.py"))["VERSION"]
    asyncio.run(_update(address, home, node, (key, seconds), version, as_json))


async def _update(
    address: BrokerAddress,
    home: str,
    wanted: str | None,
    how: tuple[str, int],
    version: str,
    as_json: bool,
) -> None:
    async with address.connection() as client:
        node = await choose_node(client, home, wanted)
        with _progress() as progress:
            task = progress.add_task("", total=1)

            def show(text: str, part: float | None) -> None:
                progress.update(task, description=text, completed=part or 0)

            sender = Sender(client, f"{home}/{node}/", show)
            await sender.find()
            show("the firmware is compiled", None)
            # It takes a while, in which the connection must live.
            files = await asyncio.to_thread(firmware_files, FIRMWARE)
            result = await sender.update(Offer.of(version, files), *how)
    _tell(node, version, result, as_json)


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _tell(node: str, version: str, result: Result, as_json: bool) -> None:
    if as_json:
        print(
            json.dumps(
                {
                    "node": node,
                    "version": version,
                    "changed": result.changed,
                    "sent": result.sent,
                }
            )
        )
    elif result.changed:
        print(f"{node} runs {version}; {result.sent / 1024:.0f} KB were sent")
    else:
        print(f"{node} has these files already")

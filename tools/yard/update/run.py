# SPDX-License-Identifier: MIT
"""`yard update`."""

import asyncio
import json
import runpy

from yard.broker_address import BrokerAddress
from yard.bundle import firmware_files
from yard.places import FIRMWARE
from yard.rpc import choose_node
from yard.update.offer import Offer
from yard.update.progress import shown
from yard.update.sender import Result, Sender


def run(
    address: BrokerAddress, home: str, node: str | None, key: str, seconds: int, as_json: bool
) -> None:
    """Update a node, and tell when it runs.

    Raises:
        Fault: it could not be updated; it runs what it ran before.
    """
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
        with shown() as show:
            sender = Sender(client, f"{home}/{node}/", show)
            await sender.find()
            show("the firmware is compiled", None)
            # It takes a while, in which the connection must live.
            files = await asyncio.to_thread(firmware_files, FIRMWARE)
            result = await sender.update(Offer.of(version, files), *how)
    _tell(node, version, result, as_json)


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

# SPDX-License-Identifier: MIT
"""Puts `yard pins` together."""

import asyncio
import sys

import aiomqtt
from rich.console import Console

from yard.broker_address import BrokerAddress
from yard.fault import Fault
from yard.pins.live import Live
from yard.pins.table import PinTable
from yard.pins.view import json_line, lines
from yard.rpc import Conversation, choose_node
from yard.until_signal import until_signal


def run(
    broker: BrokerAddress, home: str, node: str | None, chip: str | None, once: bool, as_json: bool
) -> None:
    """Show the pins of a node live, until the person ends it.

    Args:
        broker: where.
        home: the beginning of the topics.
        node: its id, None for the only one that is online.
        chip: name or address of a chip, None for all.
        once: show them and end; so it is without a terminal, too.
        as_json: the same, one JSON object for each pin.

    Raises:
        Fault: no broker, node or chip, or the node does not answer.
    """
    table = asyncio.run(_read(broker, home, node, chip))
    console = Console(highlight=False)
    if as_json:
        for pin in table.pins:
            print(json_line(table, pin))
    elif once or not _has_screen_and_keys(console):
        for line in lines(table, console.width if console.is_terminal else None):
            console.print(line, soft_wrap=True)
    else:
        asyncio.run(until_signal(Live(broker, table, console).run()))


async def _read(broker: BrokerAddress, home: str, node: str | None, chip: str | None) -> PinTable:
    async with broker.connection() as client:
        node = await choose_node(client, home, node)
        table = PinTable(f"{home}/{node}/", chip)
        await _fill(client, table)
    return table


async def _fill(client: aiomqtt.Client, table: PinTable) -> None:
    for topic in table.topics:
        await client.subscribe(topic, qos=1)
    node = Conversation(client, table.base, table.message)
    await node.start()
    try:
        for answer in await node.ask(table.request()):
            table.set_chip(answer)
    except ValueError as error:
        raise Fault(f"{table.base}rpc: {error}") from error


def _has_screen_and_keys(console: Console) -> bool:
    return sys.stdin.isatty() and console.is_terminal and not console.is_dumb_terminal

# SPDX-License-Identifier: MIT
"""The connection of `yard watch`; outlives the broker."""

import asyncio
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

import aiomqtt

from yard.broker_address import BrokerAddress
from yard.watch.record import Record, record
from yard.watch.view import JSONLines, Table

_RETRY_S = 1.0


def run(broker: BrokerAddress, home: str, node: str | None, as_json: bool) -> None:
    """Show the messages of `node`, or of all nodes below `home`, until Ctrl-C.

    Raises:
        Fault: the broker refuses the user.
    """
    topics = [f"{home}/{node}/#", f"{home}/log/+/{node}"] if node else [f"{home}/#"]
    view = JSONLines() if as_json else Table()
    asyncio.run(_until_signal(broker, home, topics, view.show))


async def _until_signal(
    broker: BrokerAddress, home: str, topics: list[str], show: Callable[[Record], None]
) -> None:
    loop = asyncio.get_running_loop()
    watching = asyncio.create_task(_watch(broker, home, topics, show))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, watching.cancel)
    try:
        await watching
    except asyncio.CancelledError:
        return


async def _watch(
    broker: BrokerAddress, home: str, topics: list[str], show: Callable[[Record], None]
) -> NoReturn:
    told = False  # that there is no broker
    while True:
        try:
            async with broker.client() as client:
                for topic in topics:
                    await client.subscribe(topic)
                _tell(f"watching {' and '.join(topics)} at {broker}")
                told = False
                async for message in client.messages:
                    payload = message.payload
                    assert isinstance(payload, bytes)
                    now = datetime.now().astimezone()
                    show(record(home, message.topic.value, payload, message.retain, now))
        except aiomqtt.MqttError as error:
            reason = broker.explain(error)
            if not told:
                _tell(f"no broker at {broker}: {reason}; trying again")
                told = True
        await asyncio.sleep(_RETRY_S)


def _tell(text: str) -> None:
    print(f"yard: {text}", file=sys.stderr, flush=True)

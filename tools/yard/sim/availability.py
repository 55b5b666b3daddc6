# SPDX-License-Identifier: MIT
"""Watches at the broker whether nodes are online."""

import asyncio
from collections.abc import Callable
from typing import NoReturn

import aiomqtt

from yard.broker_address import BrokerAddress

_TOPIC = "+/+/available"  # <home>/<node>/available
_RETRY_S = 0.2

OnChange = Callable[[str, str, bool], None]


async def watch_availability(broker: BrokerAddress, on_change: OnChange) -> NoReturn:
    """Call `on_change(home, node, online)` for every change, until cancelled."""
    known: dict[tuple[str, str], bool] = {}
    while True:
        try:
            async with broker.client() as client:
                await client.subscribe(_TOPIC, qos=1)
                async for message in client.messages:
                    home, node, _ = message.topic.value.split("/")
                    online = message.payload == b"online"
                    if known.get((home, node), False) != online:
                        known[home, node] = online
                        on_change(home, node, online)
        except aiomqtt.MqttError:
            await asyncio.sleep(_RETRY_S)

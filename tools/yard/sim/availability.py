# SPDX-License-Identifier: MIT
"""Watches at the broker whether nodes are online."""

from collections.abc import Callable
from typing import NoReturn

from yard.broker_address import BrokerAddress
from yard.follow import follow

_TOPIC = "+/+/available"  # <home>/<node>/available

OnChange = Callable[[str, str, bool], None]


async def watch_availability(broker: BrokerAddress, on_change: OnChange) -> NoReturn:
    """Call `on_change(home, node, online)` for every change, until cancelled."""
    known: dict[str, bool] = {}

    def on_message(topic: str, payload: bytes, _retained: bool) -> None:
        online = payload == b"online"
        if known.get(topic, False) != online:
            known[topic] = online
            home, node, _ = topic.split("/")
            on_change(home, node, online)

    await follow(broker, [_TOPIC], on_message)

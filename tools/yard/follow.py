# SPDX-License-Identifier: MIT
"""A subscription that outlives the broker."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NoReturn

import aiomqtt

from yard.broker_address import BrokerAddress

_RETRY_S = 0.5


def _ignore(_client: aiomqtt.Client) -> None:
    """Need not know."""


def _ignore_reason(_reason: str) -> None:
    """Need not know."""


async def follow(
    broker: BrokerAddress,
    topics: Sequence[str],
    on_message: Callable[[str, bytes, bool], None],
    on_connected: Callable[[aiomqtt.Client], None] = _ignore,
    on_trouble: Callable[[str], None] = _ignore_reason,
) -> NoReturn:
    """Subscribe to `topics`, and again whenever the broker comes back, until cancelled.

    Args:
        broker: where.
        topics: what.
        on_message: called with topic, payload and whether the broker had retained it.
        on_connected: called after each subscription with the client, which may publish until
            there is trouble.
        on_trouble: called with the reason each time there is no connection.

    Raises:
        Fault: the broker refuses the user.
    """
    while True:
        try:
            async with broker.client() as client:
                for topic in topics:
                    await client.subscribe(topic, qos=1)
                on_connected(client)
                async for message in client.messages:
                    assert isinstance(message.payload, bytes)
                    on_message(message.topic.value, message.payload, message.retain)
        except aiomqtt.MqttError as error:
            # A broker that ends while we are cancelled puts its error in the cancellation's place.
            task = asyncio.current_task()
            if task and task.cancelling():
                raise asyncio.CancelledError from error
            on_trouble(broker.explain(error))
        await asyncio.sleep(_RETRY_S)

# SPDX-License-Identifier: MIT
"""`yard send`: one message to a broker."""

import asyncio

import aiomqtt

from yard.broker_address import BrokerAddress
from yard.fault import Fault

_QOS = 1  # so that the broker has it before we end


def run(broker: BrokerAddress, topic: str, payload: str) -> None:
    """Publish `payload` to `topic`, not retained.

    Raises:
        Fault: no broker, or not a topic that one can publish to.
    """
    if not topic or "+" in topic or "#" in topic:
        raise Fault(f"{topic!r} is no topic to publish to: it must not be empty or hold + or #")
    try:
        asyncio.run(_send(broker, topic, payload))
    except aiomqtt.MqttError as error:
        raise Fault(f"no broker at {broker}: {broker.explain(error)}") from error


async def _send(broker: BrokerAddress, topic: str, payload: str) -> None:
    async with broker.client() as client:
        await client.publish(topic, payload, _QOS)

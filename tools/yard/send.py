# SPDX-License-Identifier: MIT
"""`yard send`: one message to a broker."""

import asyncio

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
    asyncio.run(_send(broker, topic, payload))


async def _send(broker: BrokerAddress, topic: str, payload: str) -> None:
    async with broker.connection() as client:
        await client.publish(topic, payload, _QOS)

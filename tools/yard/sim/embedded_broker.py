# SPDX-License-Identifier: MIT
"""The broker for computers without mosquitto: `python -m yard.sim.embedded_broker PORT`.

amqtt is the one maintained MQTT 3.1.1 broker in Python. As it comes, it does three things that a
node does not survive; this module puts them right. docs/design.md has the measurements.
"""

import asyncio
import sys

from amqtt.adapters import ReaderAdapter, WriterAdapter
from amqtt.broker import Broker
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import Session

from yard.sim.ports import HOST


class EmbeddedBroker(Broker):
    """amqtt with the rules of MQTT 3.1.1 that a node depends on."""

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        # As it comes, every client that connects is sent the retained messages of everybody's
        # subscriptions, among them announcements that are larger than a node's buffer.
        subscribers = self.subscriptions.get(subscription[0], [])
        if any(subscriber.client_id == session.client_id for subscriber, _ in subscribers):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def _delete_session(self, client_id: str) -> None:
        # As it comes, the older connection of a client that connects again lives on, and its will
        # says "offline" of a node that is online.
        _, handler = self._sessions.get(client_id, (None, None))
        if handler is not None:
            _end_connection(handler)
        await super()._delete_session(client_id)

    async def _initialize_client_session(
        self, reader: ReaderAdapter, writer: WriterAdapter, remote_address: str, remote_port: int
    ) -> tuple[BrokerProtocolHandler, Session]:
        handler, session = await super()._initialize_client_session(
            reader, writer, remote_address, remote_port
        )
        # A client may be silent for one and a half times its keep-alive time [MQTT-3.1.2-24].
        session.keep_alive += session.keep_alive // 2
        return handler, session


def _end_connection(handler: BrokerProtocolHandler) -> None:
    """End a connection as if it had broken, which publishes the will."""
    waiter = handler._disconnect_waiter
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


async def serve(port: int) -> None:
    """Run the broker on the loopback interface until cancelled."""
    # As it comes, an expired keep-alive time is noted in the log and nothing else.
    BrokerProtocolHandler.handle_read_timeout = _end_connection  # type: ignore[assignment,method-assign]
    broker = EmbeddedBroker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    await broker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))

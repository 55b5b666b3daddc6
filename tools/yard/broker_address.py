# SPDX-License-Identifier: MIT
"""Where a broker is and who we are there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.reasoncodes import ReasonCode

from yard.fault import Fault

_REFUSALS = (4, 5, 134, 135)  # CONNACK codes of MQTT 3.1.1, and as paho translates them


@dataclass(frozen=True)
class BrokerAddress:
    """host, port, and user with password where the broker wants them."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def client(self) -> aiomqtt.Client:
        """Return a client that is not connected yet."""
        return aiomqtt.Client(
            self.host,
            self.port,
            username=self.user or None,
            password=self.password or None,
            timeout=5,
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[aiomqtt.Client]:
        """Give a connected client; disconnects at the end.

        Raises:
            Fault: there is no connection, or it was lost.
        """
        try:
            async with self.client() as client:
                yield client
        except aiomqtt.MqttError as error:
            raise Fault(f"no broker at {self}: {self.explain(error)}") from error

    def explain(self, error: aiomqtt.MqttError) -> str:
        """Return in a few words why there is no connection.

        Raises:
            Fault: trying again would not help, because the broker refuses the user.
        """
        if isinstance(error, MqttConnectError):
            code = error.rc.value if isinstance(error.rc, ReasonCode) else error.rc
            if code in _REFUSALS:
                who = f"user {self.user}" if self.user else "clients without a user (--user)"
                raise Fault(f"the broker at {self} refuses {who}: {error.rc}")
        cause = error.__cause__ or error.__context__
        return str(cause.strerror or cause) if isinstance(cause, OSError) else str(error)

# SPDX-License-Identifier: MIT
"""Requests to a node and its answers: rpc/request and rpc/response (docs/topics.md)."""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import aiomqtt

from yard.fault import Fault
from yard.printable import printable

ANSWERS = "rpc/response"
_REQUESTS = "rpc/request"
_ANSWER_S = 3.0  # for each answer
_RETAINED_S = 0.5  # in which a broker sends what it has retained


class Request(NamedTuple):
    """A request, ready to be published."""

    topic: str
    payload: str
    id: str


def request(base: str, command: str, **arguments: str) -> Request:
    """Return a request to the node whose topics begin with `base`."""
    number = f"yard-{secrets.token_hex(6)}"
    fields = {"id": number, "command": command, **arguments}
    return Request(base + _REQUESTS, json.dumps(fields), number)


@dataclass(frozen=True)
class Answer:
    """One answer.

    id: of the request. fields: all that came. reason: why the node could not do it, else empty.
    left: how many answers to the same request follow.
    """

    id: str
    fields: dict[str, Any]
    reason: str
    left: int


def read_answer(payload: bytes) -> Answer | None:
    """Return what a message of rpc/response says, None if it is no answer."""
    try:
        fields = json.loads(payload)
        reason = "" if fields["response"] == "OK" else printable(str(fields["response"]))
        return Answer(str(fields["id"]), fields, reason, int(fields.get("left", 0)))
    except (ValueError, TypeError, KeyError):
        return None


def _ignore(_topic: str, _payload: bytes) -> None:
    """Need not know."""


class Conversation:
    """Requests to one node, one at a time.

    client: connected. base: the beginning of the node's topics. on_message: called with topic and
    payload of what else arrives.
    """

    def __init__(
        self,
        client: aiomqtt.Client,
        base: str,
        on_message: Callable[[str, bytes], None] = _ignore,
    ) -> None:
        self._client = client
        self._topic = base + ANSWERS
        self._on_message = on_message

    async def start(self) -> None:
        """Get ready to hear answers."""
        await self._client.subscribe(self._topic, qos=1)

    async def ask(self, asked: Request) -> list[Answer]:
        """Return the answers to a request.

        Raises:
            Fault: one of them does not come.
        """
        await self._client.publish(asked.topic, asked.payload)
        answers = [await self._next(asked.id)]
        while answers[-1].left:
            answers.append(await self._next(asked.id))
        return answers

    async def _next(self, number: str) -> Answer:
        try:
            async with asyncio.timeout(_ANSWER_S):
                while True:
                    topic, payload = await _receive(self._client)
                    answer = read_answer(payload) if topic == self._topic else None
                    if answer and answer.id == number:
                        return answer
                    self._on_message(topic, payload)
        except TimeoutError:
            raise Fault(
                f"no answer on {self._topic} within {_ANSWER_S:g} s: "
                "is the node online, and its setting RPC not False?"
            ) from None


async def choose_node(client: aiomqtt.Client, home: str, wanted: str | None) -> str:
    """Return `wanted`, or the only node below `home` that is online.

    Raises:
        Fault: none is online, or several are, or `wanted` cannot be the id of a node.
    """
    if wanted is not None:
        if not wanted or set(wanted) & set("+#/"):
            raise Fault(f"{wanted!r} is no id of a node: it must not be empty or hold + # or /")
        return wanted
    seen = {
        topic.split("/")[-2]: payload == b"online"
        for topic, payload in (await _retained(client, f"{home}/+/available")).items()
    }
    online = [node for node, is_online in seen.items() if is_online]
    if len(online) == 1:
        return online[0]
    if online:
        raise Fault(f"several nodes are online: {_names(online)}; name one of them")
    offline = f"; offline: {_names(seen)}" if seen else ""
    raise Fault(f"no node is online below {home}/{offline}")


def _names(nodes: Iterable[str]) -> str:
    return ", ".join(printable(node) for node in sorted(nodes))


async def _retained(client: aiomqtt.Client, topic: str) -> dict[str, bytes]:
    """Return what is retained on the topics that fit a filter."""
    seen: dict[str, bytes] = {}
    await client.subscribe(topic, qos=1)
    await asyncio.sleep(_RETAINED_S)
    # Where the broker is slow, they come before its acknowledgement of this.
    await client.unsubscribe(topic)
    while len(client.messages):
        name, payload = await _receive(client)
        seen[name] = payload
    return seen


async def _receive(client: aiomqtt.Client) -> tuple[str, bytes]:
    message = await anext(client.messages)
    assert isinstance(message.payload, bytes)
    return message.topic.value, message.payload

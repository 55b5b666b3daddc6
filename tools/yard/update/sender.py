# SPDX-License-Identifier: MIT
"""The conversation with a node that is being updated: it asks, we answer."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiomqtt

from yard.fault import Fault
from yard.printable import printable
from yard.update.offer import Offer

_PRESENT_S = 3.0  # for the node to be known
_ANSWER_S = 3.0  # then a message is sent again
_SILENCE_S = 60.0  # then there is no node any more
_STARTS = 3  # of the node until it takes the old firmware back
_MARGIN_S = 30.0  # for those starts and for taking it back

_ATTEMPTS = 8

Show = Callable[[str, float | None], None]


@dataclass(frozen=True)
class Result:
    """What an update did.

    Attributes:
        sent: bytes.
        changed: whether there was something to change.
        failed: components that have faults since.
    """

    sent: int
    changed: bool
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """What is sent.

    Attributes:
        topic: where the node takes it.
        missing: what to do about a node that does not.
        name: for people.
        compared: what the node does when it has been told what there is.
    """

    topic: str
    missing: str
    name: str
    compared: str


FIRMWARE = Kind(
    "update/data",
    "takes no updates: set UPDATE_KEY in its config.py "
    "(yard deploy --config FILE), then restart it",
    "firmware",
    "the node compares its files",
)


class _StartedAnew(Exception):
    """The node knows nothing of what was said before."""


class Sender:
    """Updates one node.

    client: connected. base: the beginning of the node's topics. show: called with what is going on
    and, while files are sent, the part of them that is there (0 to 1). kind: what is sent.
    """

    def __init__(
        self, client: aiomqtt.Client, base: str, show: Show, kind: Kind = FIRMWARE
    ) -> None:
        self._kind = kind
        self._client = client
        self._node = base.rstrip("/").rpartition("/")[2]
        self._base = base
        self._show = show
        self._sent = 0
        self._changed = False

    async def find(self) -> None:
        """Get ready to hear the node; to be called before `update`.

        Raises:
            Fault: it is not online, or takes no updates.
        """
        topic = f"{self._base}{self._kind.topic}/state"
        await self._client.subscribe(self._base + "available", qos=1)
        await self._client.subscribe(topic, qos=1)
        seen: dict[str, bytes] = {}
        # What has not come by then is told below.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PRESENT_S):
                while len(seen) < 2:
                    message = await anext(self._client.messages)
                    assert isinstance(message.payload, bytes)
                    seen[message.topic.value] = message.payload
        name = printable(self._node)
        if seen.get(self._base + "available") != b"online":
            raise Fault(f"{name} is not online below {printable(self._base)}")
        if topic not in seen:
            raise Fault(f"{name} {self._kind.missing}")

    async def update(self, offer: Offer, key: str, seconds: int) -> Result:
        """Bring the firmware of an offer to the node; return when it runs.

        A node that starts anew meanwhile is offered it again; what it has it need not be sent.

        Raises:
            Fault: the node refuses it, or went back to its old firmware.
        """
        number = int(time.time())
        for _ in range(_ATTEMPTS):
            message = offer.message(self._node, number, seconds, key)
            try:
                self._show(f"the {self._kind.name} is offered", None)
                answer = await self._ask(message, number, restarts=True)
                answer = await self._converse(offer, number, answer, seconds)
                if answer.get("phase") == "done":
                    failed = tuple(printable(str(name)) for name in answer.get("failed", ()))
                    return Result(self._sent, self._changed, failed)
                # Its clock, or ours, was ahead when it took the newest one.
                number = int(answer["newest"]) + 1
            except _StartedAnew:
                number += 1
        raise Fault(f"{self._node} started anew {_ATTEMPTS} times: what its log says may help")

    async def _converse(
        self, offer: Offer, number: int, answer: dict[str, Any], seconds: int
    ) -> dict[str, Any]:
        """Give the node what it asks for; return its last answer."""
        while "newest" not in answer:
            match answer.get("phase"):
                case "done":
                    break
                case "restart":
                    self._changed = True
                    return await self._outcome(number, seconds)
                case "trial":  # perhaps of what we brought before it started anew
                    self._changed = True
                    await self._outcome(int(answer["trial"]), seconds)
                    raise _StartedAnew
                case "compare":
                    self._show(self._kind.compared, None)
                    answer = await self._next(number, _SILENCE_S)
                case _:
                    answer = await self._send_part(offer, number, answer)
        return answer

    async def _send_part(
        self, offer: Offer, number: int, wanted: dict[str, Any]
    ) -> dict[str, Any]:
        message = offer.part(
            number, int(wanted["file"]), int(wanted["offset"]), int(wanted["part"])
        )
        percent = wanted.get("percent")
        if percent is not None:
            self._show("files are sent", percent / 100)
        return await self._ask(message, number, wanted)

    async def _ask(
        self,
        message: bytes,
        number: int,
        before: dict[str, Any] | None = None,
        restarts: bool = False,
    ) -> dict[str, Any]:
        """Send a message until the node answers something else than `before`."""
        deadline = time.monotonic() + _SILENCE_S
        while True:
            await self._client.publish(f"{self._base}{self._kind.topic}/set", message)
            self._sent += len(message)
            try:
                async with asyncio.timeout(_ANSWER_S):
                    while True:
                        answer = await self._next(number, _SILENCE_S, restarts)
                        if answer != before:
                            return answer
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise Fault(f"{self._node} does not answer any more") from None

    async def _next(self, number: int, limit_s: float, restarts: bool = False) -> dict[str, Any]:
        """Return the next answer to the offer `number`.

        restarts: the node is expected to start anew.
        """
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    answer = self._read(await anext(self._client.messages))
                    if answer.get("phase") == "idle" and not restarts:
                        raise _StartedAnew
                    if answer.get("id") == number:
                        _check(answer)
                        return answer
        except TimeoutError:
            raise Fault(f"{self._node} said nothing for {limit_s:g} s") from None

    async def _outcome(self, number: int, seconds: int) -> dict[str, Any]:
        limit = _STARTS * seconds + _MARGIN_S
        self._show(f"the node restarts and tries it, up to {limit:g} s, then it goes back", None)
        while True:
            answer = await self._next(number, limit, restarts=True)
            if answer.get("phase") == "done":
                return answer

    def _read(self, message: aiomqtt.Message) -> dict[str, Any]:
        if not message.topic.value.endswith(f"/{self._kind.topic}/state"):
            return {}
        try:
            answer = json.loads(bytes(message.payload))
        except ValueError:
            return {}
        return answer if isinstance(answer, dict) else {}


def _check(answer: dict[str, Any]) -> None:
    if "error" in answer and "newest" not in answer:
        raise Fault(f"the node says: {printable(str(answer['error']))}")

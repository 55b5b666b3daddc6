# SPDX-License-Identifier: MIT
"""The pins of a node as its PINS answers and its topics tell them (docs/topics.md)."""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from yard.printable import printable
from yard.rpc import Answer, Request, request


@dataclass(frozen=True)
class Chip:
    """What has pins: an expander at the address `board`, or the node's own chip (`board` "")."""

    board: str
    name: str


@dataclass
class Pin:
    """One row.

    key: `<component>/<object>` of its topics, empty if it is no entity. changed: when, as the
    table's clock tells it; None while unknown.
    """

    chip: Chip
    number: int
    key: str
    name: str
    function: str
    direction: str
    state: str
    changed: float | None

    @property
    def label(self) -> str:
        """Its name in the data sheet."""
        if not self.chip.board:
            return f"GPIO{self.number}"
        return f"GP{'AB'[self.number // 8 % 2]}{self.number % 8}"


class PinTable:
    """All pins of a node, chip by chip.

    base: the beginning of the node's topics. only: name or address of the one chip that is wanted,
    None for all. now: the clock, in seconds.
    """

    def __init__(
        self, base: str, only: str | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.pins: list[Pin] = []
        self.base = base
        self.online = True  # the node
        self._only = only
        self._now = now
        self._lost: set[str] = set()  # names of the chips that do not answer

    @property
    def topics(self) -> list[str]:
        """What `message` wants to be told."""
        return [self.base + leaf for leaf in ("available", "+/available", "+/+/state")]

    def request(self) -> Request:
        """Return the request whose answers `set_chip` wants."""
        return request(self.base, "PINS", **({} if self._only is None else {"board": self._only}))

    def is_lost(self, pin: Pin) -> bool:
        """Tell whether the node is offline or the chip of `pin` does not answer."""
        return not self.online or pin.chip.name in self._lost

    def age(self, pin: Pin) -> float | None:
        """Return how many seconds ago the pin changed, None while unknown."""
        return None if pin.changed is None else max(0.0, self._now() - pin.changed)

    def set_chip(self, answer: Answer) -> None:
        """Replace the pins of a chip by those of an answer to PINS.

        Raises:
            ValueError: it holds no pin table.
        """
        fields = answer.fields
        try:
            chip = Chip(_text(fields["board"]), _text(fields["name"]))
            pins = [self._pin(chip, row) for row in fields["rows"]]
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(answer.reason or "an answer to PINS without pin table") from error
        self._set_lost(chip.name, bool(answer.reason))
        self.pins = [pin for pin in self.pins if pin.chip != chip] + pins
        self.pins.sort(key=lambda pin: (not pin.chip.board, pin.chip.board, pin.chip.name))

    def message(self, topic: str, payload: bytes) -> None:
        """Take what the node says on one of `topics`."""
        subject, _, leaf = topic.removeprefix(self.base).rpartition("/")
        if leaf == "state":
            self._set_state(subject, _state(payload))
        elif leaf == "available" and subject:
            self._set_lost(subject, payload != b"online")
        elif leaf == "available":
            self.online = payload == b"online"

    def _set_lost(self, chip: str, lost: bool) -> None:
        (self._lost.add if lost else self._lost.discard)(chip)

    def _set_state(self, key: str, state: str) -> None:
        pins = [pin for pin in self.pins if pin.key == key]
        # An object with other words (a lock) or several pins (a fan) does not tell the levels.
        if len(pins) == 1 and state in ("ON", "OFF") and state != pins[0].state:
            pins[0].state = state
            pins[0].changed = self._now()

    def _pin(self, chip: Chip, row: dict[str, Any]) -> Pin:
        return Pin(
            chip,
            number=int(row["pin"]),
            key=_text(row["key"]),
            name=_text(row["name"]),
            function=_text(row["function"]),
            direction=_text(row["direction"]),
            state=_text(row["state"]),
            changed=None if row["age"] is None else self._now() - float(row["age"]),
        )


def _state(payload: bytes) -> str:
    """Return what a state says; that of a light with brightness is an object."""
    text = payload.decode(errors="replace")
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return str(json.loads(text)["state"])
    return text


def _text(value: object) -> str:
    return "" if value is None else printable(str(value))

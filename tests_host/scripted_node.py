# SPDX-License-Identifier: MIT
"""A node of a test's own at a broker: answers PINS and SCAN, carries out commands."""

from __future__ import annotations

import json
from typing import Any

from desk import MQTT

Row = dict[str, Any]


def row(pin: int, name: str | None = None, function: str = "light", **more: Any) -> Row:
    """Return a row of a PINS answer: an output that is off; with a name its key is `out<pin>`."""
    key = None if name is None else f"chip20/out{pin}"
    base = {"pin": pin, "key": key, "name": name, "function": function}
    return {**base, "direction": "out", "state": "OFF", "age": None, **more}


class ScriptedNode:
    """Online at the broker on `port` as home/<name>; keeps what it is told in `commands`.

    chips: name to address and rows. found: what a scan finds.
    """

    def __init__(
        self,
        port: int,
        name: str = "desk",
        chips: dict[str, tuple[str | None, list[Row]]] | None = None,
        found: tuple[str, ...] = ("0x20", "0x21"),
    ) -> None:
        self.base = f"home/{name}/"
        self.chips = chips or {"chip20": ("0x20", [row(0, "Kitchen"), row(1, "Hall")])}
        self.lost: set[str] = set()
        self.found = found
        self.bus_fault = ""
        self.answers = True
        self.commands: list[tuple[str, str]] = []
        self.requests: list[dict[str, Any]] = []
        self._mqtt = MQTT(port)
        self._mqtt.client.on_message = self._message
        self._mqtt.connect()
        self._mqtt.subscribe(self.base + "+/+/set")
        self._mqtt.subscribe(self.base + "rpc/request")
        self.say("available", "online")

    def close(self) -> None:
        self._mqtt.close()

    def say(self, leaf: str, payload: str, retain: bool = True) -> None:
        """Publish below the node's topics, or anywhere if `leaf` begins with `home/`.

        Returns when the broker has it.
        """
        topic = leaf if leaf.startswith("home/") else self.base + leaf
        self._mqtt.publish(topic, payload, retain=retain)

    def change(self, key: str, state: str, payload: str | None = None) -> None:
        """Let a pin change by itself; `payload` is what its state topic says, if not `state`."""
        self._set_state(key, state)
        self.say(f"{key}/state", payload or state)

    def lose(self, chip: str, lost: bool = True) -> None:
        """Let a chip stop to answer."""
        (self.lost.add if lost else self.lost.discard)(chip)
        self.say(f"{chip}/available", "offline" if lost else "online")

    def _set_state(self, key: str, state: str) -> None:
        for _, rows in self.chips.values():
            for pin in rows:
                if pin["key"] == key:
                    pin.update(state=state, age=0)

    # -- in the thread of the client, which cannot wait for the broker -----------------------

    def _answer(self, leaf: str, payload: str, retain: bool = True) -> None:
        self._mqtt.client.publish(self.base + leaf, payload, 1, retain)

    def _message(self, _client: object, _data: object, message: Any) -> None:
        leaf = message.topic.removeprefix(self.base)
        if leaf == "rpc/request":
            self._request(json.loads(message.payload))
        else:
            self._command(leaf.removesuffix("/set"), message.payload.decode())

    def _command(self, key: str, word: str) -> None:
        self.commands.append((key, word))
        for _, rows in self.chips.values():
            for state in [pin["state"] for pin in rows if pin["key"] == key and word == "TOGGLE"]:
                changed = "OFF" if state == "ON" else "ON"
                self._set_state(key, changed)
                self._answer(f"{key}/state", changed)

    def _request(self, request: dict[str, Any]) -> None:
        self.requests.append(request)
        if not self.answers:
            return
        answers = self._pins(request) if request["command"] == "PINS" else [self._scan()]
        for left, answer in zip(reversed(range(len(answers))), answers, strict=True):
            head = {"id": request["id"], "command": request["command"], "left": left}
            self._answer("rpc/response", json.dumps({**head, **answer}), retain=False)

    def _pins(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = request.get("board")
        answers = []
        for name, (board, rows) in self.chips.items():
            if wanted in (None, name, board):
                shown = [{**pin, "state": None} for pin in rows] if name in self.lost else rows
                reason = f"{name} does not answer" if name in self.lost else "OK"
                fields = {"board": board, "name": name, "rows": shown, "response": reason}
                answers.append({**fields, "datavalue": f"0x{len(rows):02x}"})
        fault = f"board: there is no {wanted}"
        return answers or [{"datavalue": "0x00", "response": fault}]

    def _scan(self) -> dict[str, Any]:
        if self.bus_fault:
            return {"bus": "i2c", "datavalue": "0x00", "response": self.bus_fault}
        count = f"0x{len(self.found):02x}"
        return {"bus": "i2c", "found": list(self.found), "datavalue": count, "response": "OK"}

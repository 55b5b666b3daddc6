# SPDX-License-Identifier: MIT
"""What the broker tells of the node: entities, availability, latency (docs/topics.md)."""

import json
import time
from typing import Any

from yard.page.feed import Feed

_LONGEST = 400  # characters of a payload in the strip
_ANSWER_S = 3.0  # a command whose state does not come within that is not counted
# Of a discovery payload, what the page needs.
_WORDS = {
    "p": "platform",
    "name": "name",
    "cmd_t": "commands",
    "brightness": "brightness",
    "set_pos_t": "position",
    "pct_cmd_t": "speed",
    "spd_rng_max": "speeds",
    "min": "min",
    "max": "max",
    "unit_of_meas": "unit",
}
_MOST_EARLY = 4096
_REPORTS = ("components", "status", "alive")


class Messages:
    """Takes every message and tells the pages what it means.

    Sets `node_id` (base of the topics, online), `component/<name>` (availability),
    `entity/<key>` (discovery), `state/<key>`, `event/<key>`, `report/<name>`; adds to the streams
    `mqtt` and `latency`.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._base = ""
        self._early: list[tuple[str, str]] = []  # came before the base was known
        self._commands: dict[str, float] = {}  # key -> when a page sent its command
        self._announced: dict[str, set[str]] = {}  # discovery topic -> keys in the feed
        self._number = 0  # of the event that came last

    def message(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take a message."""
        text = payload.decode(errors="backslashreplace")
        parts = topic.split("/")
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
        self._feed.add("mqtt", [time.time(), topic, shown, retained])
        if len(parts) == 3 and parts[2] == "available":
            self._base = f"{parts[0]}/{parts[1]}/"
            self._feed.set("node_id", {"base": self._base, "online": text == "online"})
            early, self._early = self._early, []
            for earlier in early:
                self._take(*earlier)
        elif self._base:
            self._take(topic, text)
        elif len(self._early) < _MOST_EARLY:
            self._early.append((topic, text))

    def sent(self, topic: str) -> None:
        """Note that a page publishes a message now.

        Commands of others are not timed: the node has carried them out before we see them.
        """
        if topic.startswith(self._base) and topic.endswith("/set"):
            self._commands[topic[len(self._base) : -len("/set")]] = time.monotonic()

    def _take(self, topic: str, text: str) -> None:
        if topic.startswith(self._base):
            self._of_node(topic[len(self._base) :], text)
        elif topic.endswith("/config"):
            self._discovery(topic, text)

    def _of_node(self, rest: str, text: str) -> None:
        key, _, leaf = rest.rpartition("/")
        if not key and leaf in _REPORTS:
            self._feed.set(f"report/{leaf}", _json(text, text))
        elif leaf == "available":
            self._feed.set(f"component/{key}", text)
        elif leaf == "state":
            self._feed.set(f"state/{key}", text)
            self._answered(key)
        elif leaf == "event":
            self._number += 1
            kind = _object(_json(text, {})).get("event_type", text)
            self._feed.set(f"event/{key}", [self._number, kind])

    def _answered(self, key: str) -> None:
        asked = self._commands.pop(key, None)
        if asked is not None and time.monotonic() - asked < _ANSWER_S:
            self._feed.add("latency", [key, round((time.monotonic() - asked) * 1000, 1)])

    def _discovery(self, topic: str, text: str) -> None:
        announced = _object(_json(text, {}))
        keys = set()
        for config in map(_object, _object(announced.get("cmps", {"": announced})).values()):
            base = str(config.get("~", ""))
            if self._base and base.startswith(self._base):
                key = f"entity/{base[len(self._base) :]}"
                keys.add(key)
                self._feed.set(
                    key, {name: config[word] for word, name in _WORDS.items() if word in config}
                )
        for key in self._announced.get(topic, set()) - keys:
            self._feed.set(key, None)
        self._announced[topic] = keys


def _json(text: str, otherwise: Any) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return otherwise


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

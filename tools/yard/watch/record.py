# SPDX-License-Identifier: MIT
"""What an MQTT message of a node is about (docs/topics.md)."""

from dataclasses import dataclass
from datetime import datetime

_LEAVES = {
    "available": "availability",
    "alive": "alive",
    "components": "components",
    "status": "status",
    "state": "state",
    "set": "command",
}


@dataclass(frozen=True)
class Record:
    """One message.

    kind: `state`, `command`, `availability`, `alive`, `components`, `status`, `log` or `other`.
    subject: the entity or component, the level of a log record, or the rest of another topic.
    """

    time: datetime
    topic: str
    payload: str
    retained: bool
    node: str
    kind: str
    subject: str


def record(home: str, topic: str, payload: bytes, retained: bool, time: datetime) -> Record:
    """Return the record of a message below `home`."""
    node, kind, subject = _classify(topic.removeprefix(home + "/").split("/"))
    text = payload.decode(errors="backslashreplace")
    return Record(time, topic, text, retained, node, kind, subject)


def _classify(parts: list[str]) -> tuple[str, str, str]:
    """Return node, kind and subject."""
    match parts:
        case ["log", level, node]:
            return node, "log", level
        case [node, *subject, leaf] if leaf in _LEAVES:
            return node, _LEAVES[leaf], "/".join(subject)
    return parts[0], "other", "/".join(parts[1:])

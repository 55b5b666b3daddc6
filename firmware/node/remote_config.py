# SPDX-License-Identifier: MIT
"""The configuration over MQTT: what runs, its text, and the topic where another is proposed.

Imported when the setting CONFIG_KEY is set. What checks a proposal is imported when one comes.
`node/switch.py` tries it, and goes back, as it does with a new firmware.
"""

import json
import os
from binascii import hexlify
from hashlib import sha256

from micropython import const

from node import inbox
from node.component import Component, Entity

_PIECE = const(512)  # bytes of the text
_DIGITS = const(6)  # of an offset
_MOST = const(16)  # components by name in an outcome, which must fit into the send buffer
_FILE = "components.json"
KEPT = ".last"  # behind the name of a file: what it was before the newest change


def begin(node):
    """Give the node the topics of its configuration."""
    config = RemoteConfig()
    entities = (config.data, config.running, config.outcome, Text("text"))
    inbox.begin(node, config, "config", "CONFIG_KEY", entities)


class RemoteConfig(Component):
    """What is needed while nothing is proposed.

    Attributes: `data`, where proposals arrive; `running`, what there is; `outcome`, what became
    of the newest proposal.
    """

    package = "node.config_receiver"

    def __init__(self):
        self.data = inbox.Data("proposal")
        self.running = Running("running")
        self.outcome = Outcome("outcome")

    def keep(self, file):
        """Keep what the file was before."""
        if file + ".old" in os.listdir():
            os.rename(file + ".old", file + KEPT)

    def ended(self, number, file, reason):
        """Tell how a trial ended. reason: why the file is the old one again, None if it is not."""
        if reason:
            self.tell(number, file, "rolled back", reason)
        else:
            failed = sorted([name for name, row in self.node.rows.items() if row.get("errors")])
            if len(failed) > _MOST:
                failed[_MOST:] = ["and %d more" % (len(failed) - _MOST)]
            self.tell(number, file, "kept", failed=failed)

    def tell(self, number, file, outcome, reason=None, failed=()):
        """Publish an outcome. failed: the components that have faults."""
        node = self.node
        self.outcome.answer = {"id": number, "file": file, "outcome": outcome}
        if reason:
            node.log.error("config", "%s: %s", outcome, reason)
            self.outcome.answer["reason"] = reason
            self.data.tell(id=number, error=reason)
        else:
            node.log.info("config", "%s is %s", file, outcome)
            self.outcome.answer["failed"] = failed
            self.data.tell(id=number, phase="done", failed=failed)
        node.state_changed(self.outcome)
        self.running.answer = None
        node.state_changed(self.running)


class Outcome(Entity):
    """What became of the newest proposal; nothing is said until there is one."""

    leaf = b""
    answer = None

    def state(self):
        return self.answer and json.dumps(self.answer).encode()


class Running(Outcome):
    """What the node runs."""

    def state(self):
        if self.answer is None:
            names = os.listdir()
            size, digest = measure(_FILE) if _FILE in names else (0, None)
            self.answer = {
                "file": _FILE,
                "size": size,
                "sha256": digest,
                "seconds": self.component.node.settings.CONFIG_TRIAL_S,
                "last": [n[: -len(KEPT)] for n in names if n.endswith(KEPT)],
            }
        return super().state()


class Text(inbox.Bytes):
    """Answers the offset of a piece of components.json with that piece."""

    leaf = None

    def command(self, action, value, ttl_ms, tag):
        name, _, offset = action.partition(b" ")
        if name not in (b"now", b"last") or not offset.isdigit() or len(offset) > _DIGITS:
            raise ValueError("expected now or last, and an offset in bytes")
        path = _FILE if name == b"now" else _FILE + KEPT
        piece = b""
        if path in os.listdir():
            with open(path, "rb") as f:
                f.seek(int(offset))
                piece = f.read(_PIECE)
        node = self.component.node
        # One that finds no room is asked for again.
        node.session.send((node.base + "config/text/state").encode(), action + b"\n" + piece)


def measure(path):
    """Return (size, SHA-256 as hexadecimal text) of a file."""
    size = 0
    total = sha256()
    with open(path, "rb") as f:
        while True:
            piece = f.read(_PIECE)
            if not piece:
                return size, hexlify(total.digest()).decode()
            size += len(piece)
            total.update(piece)

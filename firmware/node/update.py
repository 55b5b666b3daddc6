# SPDX-License-Identifier: MIT
"""The firmware in Home Assistant, and the topic where a new one arrives.

Imported when the setting UPDATE_KEY is set. What receives files is imported when some come.
"""

import asyncio
import json
import os

from import_once import import_once
from micropython import const

from node import VERSION
from node.component import Component, Entity

_ASK_MS = const(250)
_SHORTEST_KEY = const(16)


def begin(node):
    """Give the node the entities of updates, and find out what became of one."""
    if len(node.settings.UPDATE_KEY) < _SHORTEST_KEY:
        node.log.error("settings", "UPDATE_KEY: needs %d characters or more", _SHORTEST_KEY)
        return
    update = Update()
    update.attach(node, "update")
    node.add_entity(update, update.firmware)
    node.add_entity(update, update.data)
    if "update" in os.listdir():
        node.spawn("update", update.settle)


class Update(Component):
    """What updates of the firmware need while there is none.

    Attributes: `firmware`, what Home Assistant shows; `data`, where files arrive.
    """

    def __init__(self):
        self.firmware = Firmware("firmware")
        self.data = Data("data")

    async def settle(self):
        """Confirm a firmware that came online, report how an update ended, remove its files."""
        try:
            from update import switch
        except ImportError:
            return  # its files are not complete; the next attempt goes on with them
        node = self.node
        state = switch.state()
        if state is None:
            return
        if state.startswith("trial"):
            while not node.session.online:
                await asyncio.sleep_ms(_ASK_MS)
            switch.confirm(state)
            state = "done"
        number, _, version = switch.head(state)
        answer = {"id": number}
        if state == "done":
            node.log.info("update", "%s is confirmed", version)
            answer["phase"] = state
        else:
            # A state before the trial: boot.py has done nothing.
            reason = "boot.py of this node takes no updates: deploy the firmware by cable"
            if state == "failed":
                reason = "the new firmware did not come online; the old one is back"
            node.log.error("update", "%s: %s", version, reason)
            answer["error"] = reason
        await import_once("node.update_files").clear(state)
        self.data.tell(**answer)


class Firmware(Entity):
    """What Home Assistant knows of the firmware; it cannot bring a new one."""

    platform = "update"
    name = "Firmware"
    config = {"dev_cla": "firmware", "ent_cat": "diagnostic"}
    installed = version = VERSION  # `version` is being installed
    percent = None  # of it that is there

    def state(self):
        return json.dumps(
            {
                "installed_version": self.installed,
                "latest_version": self.version,
                "in_progress": self.percent is not None,
                "update_percentage": self.percent,
            }
        ).encode()

    def tell(self, version, percent):
        """Show how far it is; percent: 0 to 100, None when no update is under way."""
        if (version, percent) != (self.version, self.percent):
            self.version = version
            self.percent = percent
            self.component.node.state_changed(self)


class Data(Entity):
    """Takes the parts of an update; the state is the answer to what came last."""

    answer = {"phase": "idle"}
    receiver = None

    def __init__(self, object_id):
        super().__init__(object_id)
        self.words = self

    def get(self, payload):
        """Return the action of `command`: what is sent is no word but data."""
        return payload

    def state(self):
        return json.dumps(self.answer).encode()

    def tell(self, **answer):
        """Publish an answer."""
        self.answer = answer
        self.component.node.state_changed(self)

    def command(self, action, value, ttl_ms, tag):
        try:
            if self.receiver is None:
                self.receiver = import_once("node.update_receiver").Receiver(self.component)
            self.receiver.take(action)
        except MemoryError as e:
            self.component.node.log.error("update", "refused: %s", e)

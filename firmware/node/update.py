# SPDX-License-Identifier: MIT
"""The firmware in Home Assistant, and the topic where a new one arrives.

Imported when the setting UPDATE_KEY is set. What receives files is imported when some come.
"""

import json

from node import VERSION, inbox
from node.component import Component, Entity


def begin(node):
    """Give the node the entities of updates, and find out what became of one."""
    update = Update()
    inbox.begin(node, update, "update", "UPDATE_KEY", (update.firmware, update.data))


class Update(Component):
    """What updates of the firmware need while there is none.

    Attributes: `firmware`, what Home Assistant shows; `data`, where files arrive.
    """

    package = "node.update_receiver"

    def __init__(self):
        self.firmware = Firmware("firmware")
        self.data = inbox.Data("data")

    def keep(self, version):
        """Keep nothing of the firmware of before: it would fill the flash."""

    def ended(self, number, version, reason):
        """Tell how an update ended. reason: why the old firmware runs, None if it does not."""
        if reason:
            self.node.log.error("update", "%s: %s", version, reason)
            self.data.tell(id=number, error=reason)
        else:
            self.node.log.info("update", "%s is confirmed", version)
            self.data.tell(id=number, phase="done")


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

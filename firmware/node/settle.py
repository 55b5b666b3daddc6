# SPDX-License-Identifier: MIT
"""How a new firmware or configuration ended. Used when the node starts and there was one."""

import asyncio
import os

from import_once import import_once
from micropython import const

_ASK_MS = const(250)
CONFIGS = ("components.json", "config.py")  # the versions of plans that are configurations


def begin(node):
    """Find out what became of an update, if there is one."""
    if "update" in os.listdir():
        node.spawn("update", settle, node)


async def settle(node):
    """Confirm what came online, report how it ended, remove its files.

    Where nobody is there to take the next one, nothing is confirmed: it would be the last.
    """
    try:
        from update import switch
    except ImportError:
        return  # its files are not complete; the next attempt goes on with them
    state = switch.state()
    if state is None:
        return
    number, seconds, version = switch.head(state)
    owner = node.entities.get(b"config/proposal" if version in CONFIGS else b"update/data")
    if owner is None:
        return
    component = owner.component
    reason = None
    if state.startswith("trial"):
        text = "%s is on trial, start %s of 3: it must be online within %d s"
        node.log.info(component.name, text, version, state[5:], seconds)
        while not (node.settled and node.session.online):
            await asyncio.sleep_ms(_ASK_MS)
        switch.confirm(state)
        state = "done"
    elif state == "failed":
        what = version if version in CONFIGS else "firmware"
        reason = "the new %s did not come online; the old one is back" % what
    elif state != "done":
        # A state before the trial: boot.py has done nothing.
        reason = "boot.py of this node takes no updates: deploy the firmware by cable"
    if state == "done":
        component.keep(version)
    await import_once("node.update_files").clear(state)
    component.ended(number, version, reason)

# SPDX-License-Identifier: MIT
"""Receives a proposed configuration beside the old one, and checks it. Kept while one comes."""

import os

from import_once import import_once
from micropython import const

from node.remote_config import KEPT, measure
from node.update_receiver import Receiver as UpdateReceiver
from node.update_receiver import switch, update_files

import_once("node.update_receiver")  # it goes with this module
_CONFIGS = import_once("node.settle").CONFIGS
_PLAN = "update/plan.new"
_ROWS = "update/rows"  # a plan that is not complete
# Where the firmware is frozen or lies elsewhere nothing changes it while there is a trial.
_STUB = "from node.switch import become, boot, confirm, head, state\n"
_PIECE = const(512)


class Receiver(UpdateReceiver):
    """Takes what arrives on the topic of proposals. The version of an offer is the file's name.

    The SHA-256 `last` stands for what that file was before; nothing is sent then.
    """

    source = "config"
    secret = "CONFIG_KEY"
    signed = "config %s %d %d %d %s %s"

    def show(self, version, percent):
        """Do nothing: it takes a moment."""

    async def failed(self, offer, reason):
        """Tell why a proposal changes nothing."""
        if switch.is_there(_PLAN):
            await update_files.clear("new")
        self._update.tell(offer["id"], offer["version"], "refused", reason)

    def _check(self, offer):
        super()._check(offer)
        if offer["version"] not in _CONFIGS:
            raise ValueError("a configuration is %s" % " or ".join(_CONFIGS))
        state = switch.is_there("update") and switch.state()
        if state and switch.head(state)[2] not in _CONFIGS:
            raise ValueError("a firmware is on trial; try again when that has ended")

    async def _install(self, offer):
        if switch.is_there(_PLAN):
            await update_files.clear("new")  # of a transfer that came to no end
        if not switch.is_there("update"):
            os.mkdir("update")
        _put_switch()
        file, size, digest = offer["version"], offer["size"], offer["sha256"]
        if digest == "last":
            size, digest = _take_back(file)
            self._put_plan(file, size, digest)
        else:
            self._put_plan(file, size, digest)
            await self._receive(0, file + ".new", size, digest, 0)
        self._update.data.tell(id=self._id, phase="compare")
        check = import_once("node.config_check")
        faults = await check.find_faults(self._node, switch, file)
        if faults:
            raise ValueError(check.shortened(faults))
        await self._restart(file)

    def _put_plan(self, file, size, digest):
        operation = "=" if switch.is_there(file) else "+"
        with open(_ROWS, "w") as f:
            f.write("%d %d %s\n" % (self._id, self._node.settings.CONFIG_TRIAL_S, file))
            f.write("%s 0 %d %s %s\n" % (operation, size, digest, file))
        os.rename(_ROWS, _PLAN)


def _put_switch():
    """Put a copy of the switch where boot.py finds it."""
    try:
        update_files.copy_switch()
    except ValueError:
        with open("update/switch", "w") as f:
            f.write(_STUB)
        os.rename("update/switch", "update/switch.py")


def _take_back(file):
    """Copy what a file was before to where a proposal waits; return (size, SHA-256)."""
    if not switch.is_there(file + KEPT):
        raise ValueError("there is no %s of before" % file)
    with open(file + KEPT, "rb") as source, open(file + ".new", "wb") as target:
        while True:
            piece = source.read(_PIECE)
            if not piece:
                break
            target.write(piece)
    return measure(file + ".new")

# SPDX-License-Identifier: MIT
"""Receives a new firmware: what differs, file by file, part by part, beside the old one.

docs/topics.md has the messages. In memory only while some come.
"""

import asyncio
import json
import os
from binascii import hexlify, unhexlify
from hashlib import sha256

from import_once import import_once
from micropython import const

# They go with this module.
_hmac = import_once("hmac_sha256")
switch = import_once("node.switch")
update_files = import_once("node.update_files")

_COUNTER = "updates.txt"  # the number of the newest offer that was accepted
_LARGEST_MANIFEST = const(65536)  # bytes
_PART = const(2048)  # bytes; less when the packets must be smaller
_HEAD = const(256)  # bytes of a packet that are not for the part
_PATIENCE_S = const(60)  # for the next part
_FIELDS = (("id", int), ("seconds", int), ("size", int), ("sha256", str), ("version", str))


class Receiver:
    """Takes what arrives on the topic of updates. update: what the node has of updates.

    Class attributes: `source` of log records; `secret`, the setting with the key; `signed`, the
    text that an offer signs.
    """

    source = "update"
    secret = "UPDATE_KEY"
    signed = "%s %d %d %d %s %s"

    def __init__(self, update):
        self._node = update.node
        self._update = update
        self._part_size = min(_PART, self._node.settings.MQTT_PACKET_LIMIT - _HEAD)
        self._id = 0
        self._wants = {}  # the newest answer
        self._expected = None  # how the message begins that brings the next part
        self._part = None
        self._arrived = asyncio.Event()

    def take(self, message):
        """Handle one message, bytes: an offer, or a part of a file."""
        if message[:1] == b"{":
            self._take_offer(message)
        else:
            self._take_part(message)
        if not self._id:
            self._update.data.receiver = None  # nothing is under way

    def _take_offer(self, message):
        number = 0
        try:
            offer = json.loads(message)
            for key, kind in _FIELDS:
                if not isinstance(offer, dict) or not isinstance(offer.get(key), kind):
                    raise ValueError("an offer needs %s" % key)
            number = offer["id"]
            self._check(offer)
            self._offered(offer, number)
        except (OSError, ValueError) as e:
            self._node.log.warn(self.source, "refused: %s", e)
            self._update.data.tell(id=number, error=str(e))

    def _take_part(self, message):
        head, _, part = message.partition(b"\n")
        if self._part is None and head == self._expected:
            self._part = part
            self._arrived.set()
        elif self._expected:
            self._update.data.tell(**self._wants)
        elif not self._id:  # begun before this node started
            self._update.data.tell(phase="idle")

    def _offered(self, offer, number):
        if switch.is_there("update") and switch.state():
            trial = switch.head(switch.state())[0]
            self._update.data.tell(id=number, phase="trial", trial=trial)
            return
        newest = self._newest()
        if number <= newest:
            text = "offer %d is not newer than %d" % (number, newest)
            self._update.data.tell(id=number, error=text, newest=newest)
            return
        with open(_COUNTER + ".new", "w") as f:
            f.write(str(number))
        os.rename(_COUNTER + ".new", _COUNTER)
        self._id = number
        self._node.spawn("update", self._run, offer)

    def _check(self, offer):
        """Raise ValueError for an offer that is not to be accepted."""
        size = offer["size"]
        values = (self._node.id, offer["id"], offer["seconds"], size, offer["sha256"])
        key = getattr(self._node.settings, self.secret).encode()
        mac = _hmac.hmac_sha256(key, (self.signed % (values + (offer["version"],))).encode())
        if not _hmac.is_equal(hexlify(mac), str(offer.get("mac")).encode()):
            raise ValueError("the offer is not signed with the %s of this node" % self.secret)
        if not 0 < size <= _LARGEST_MANIFEST or not 10 <= offer["seconds"] <= 3600:
            raise ValueError("its size or its seconds are not possible")
        if len(offer["version"].split()) != 1:
            raise ValueError("its version is no word")

    def _newest(self):
        if not switch.is_there(_COUNTER):
            return 0
        with open(_COUNTER) as f:
            return int(f.read())

    async def _run(self, offer):
        try:
            await self._install(offer)
        except (OSError, ValueError, MemoryError, asyncio.TimeoutError) as e:
            await self.failed(offer, str(e) or "no part came for %d s" % _PATIENCE_S)
        finally:
            if self._id == offer["id"]:  # else a newer one has taken its place
                self._update.data.receiver = None
                self.show(None, None)

    async def failed(self, offer, reason):
        """Tell why an offer changes nothing."""
        self._node.log.error("update", "not installed: %s", reason)
        self._update.data.tell(id=offer["id"], error=reason)

    def show(self, version, percent):
        """Show how far it is; percent: None when no update is under way."""
        firmware = self._update.firmware
        firmware.tell(version or firmware.installed, percent)

    async def _install(self, offer):
        version = offer["version"]
        data = self._update.data
        if not switch.is_there("update"):
            os.mkdir("update")
        update_files.copy_switch()
        self._node.log.info("update", "%s is offered", version)
        size, digest = offer["size"], offer["sha256"]
        await self._receive(0, update_files.MANIFEST, size, digest, None)
        data.tell(id=self._id, phase="compare")
        head = "%d %d %s" % (self._id, offer["seconds"], version)
        count, total = await update_files.make_plan(head)
        if not count:
            await update_files.clear("new")
            data.tell(id=self._id, phase="done")
            return
        left = total
        for operation, number, size, digest, path in update_files.rows():
            if operation != "-" and not update_files.is_same(path + ".new", size, digest):
                percent = 100 - 100 * left // total
                self.show(version, percent)
                await self._receive(number, path + ".new", size, digest, percent)
                left -= size
        await self._restart(version)

    async def _restart(self, version):
        """Look at all that was received as the flash has it; then the switch begins."""
        for operation, _, size, digest, path in update_files.rows():
            if operation != "-" and not update_files.is_same(path + ".new", size, digest):
                raise ValueError("%s cannot be read back" % path)
            await asyncio.sleep_ms(0)
        switch.become("new", "ready")
        self._node.log.warn(self.source, "%s is complete; the node restarts", version)
        self.show(version, 100)
        self._update.data.tell(id=self._id, phase="restart")
        await asyncio.sleep(1)
        self._node.restart("%s: %s" % (self.source, version))

    async def _receive(self, number, path, size, digest, percent):
        offset = 0
        total = sha256()
        with open(path, "wb") as f:  # noqa: ASYNC230 there is no other open
            while offset < size:
                part = await self._ask(number, offset, percent)
                if not 0 < len(part) <= size - offset:
                    raise ValueError("a part of %d bytes at %d does not fit" % (len(part), offset))
                f.write(part)
                total.update(part)
                offset += len(part)
        if total.digest() != unhexlify(digest):
            raise ValueError("file %d did not arrive as it was sent" % number)

    async def _ask(self, number, offset, percent):
        """Return the part of a file that begins at `offset`, as soon as it is there."""
        self._part = None
        self._arrived.clear()
        self._expected = b"%d %d %d" % (self._id, number, offset)
        self._wants = {"id": self._id, "file": number, "offset": offset, "percent": percent}
        self._wants["part"] = self._part_size
        self._update.data.tell(**self._wants)
        await asyncio.wait_for(self._arrived.wait(), _PATIENCE_S)
        return self._part

# SPDX-License-Identifier: MIT
"""The files of an update, which wait beside the firmware: see `node/switch.py`."""

import asyncio
import os
from binascii import crc32, hexlify
from hashlib import sha256

from import_once import import_once
from micropython import const

is_there = import_once("node.switch").is_there

MANIFEST = "update/manifest"  # of each file of the new firmware: size, SHA-256, path
_PLAN = "update/plan."
_ROWS = "update/rows"  # a plan that is not complete
_LIST = "deployed.txt"  # the paths of all files of the firmware; it is one of them
_FILES = ("main.py", "setup.py", "setup.mpy", _LIST)
_FOLDERS = ("node", "lib", "components")
_LARGEST = const(65536)  # bytes of a file
_MOST = const(400)  # files
_RESERVE = const(16)  # blocks of the flash that stay free
_BUFFER = const(512)


async def clear(state):
    """Remove what an update left. state: that of its plan, which goes when no other file is left.

    Power may be lost: then it is done again.
    """
    for _, _, _, _, path in rows(state):
        for name in (path + ".new", path + ".old"):
            if is_there(name):
                os.remove(name)
            await asyncio.sleep_ms(0)
    plan = "plan." + state
    last = [plan, "switch.mpy", "switch.py"]
    for name in [name for name in os.listdir("update") if name not in last] + last:
        if is_there("update/" + name):
            os.remove("update/" + name)
    os.rmdir("update")


def copy_switch():
    """Put a copy of the switch into the folder. Raises ValueError when there is none."""
    names = ("switch.py", "switch.mpy")  # as import looks for them
    found = [name for name in names if is_there("node/" + name)]
    if not found:
        raise ValueError("this firmware is frozen or lies elsewhere: it takes no updates")
    for name in names:
        if is_there("update/" + name):
            os.remove("update/" + name)
    name = found[0]
    with open("node/" + name, "rb") as f:
        content = f.read()
    with open("update/switch", "wb") as f:
        f.write(content)
    os.rename("update/switch", "update/" + name)


def is_same(path, size, digest):
    """Return whether there is a file with this content. digest: SHA-256 as hexadecimal text."""
    if not is_there(path) or os.stat(path)[6] != size:
        return False
    total = sha256()
    buffer = memoryview(bytearray(_BUFFER))
    with open(path, "rb") as f:
        while True:
            count = f.readinto(buffer)
            if not count:
                return hexlify(total.digest()).decode() == digest
            total.update(buffer[:count])


def rows(state="new"):
    """Yield (operation, number, size, digest, path) of the plan in a state."""
    with open(_PLAN + state) as f:
        f.readline()
        for line in f:
            operation, number, size, digest, path = line.split()
            yield operation, int(number), int(size), digest, path


async def make_plan(head):
    """Write the plan that leads to the manifest; return (rows, bytes that must be received).

    head: its first row. Raises ValueError for a manifest that cannot be followed, and when the
    flash has no room.
    """
    known = set()  # checksums, because that many paths would be too much
    number = count = size = blocks = 0
    info = os.statvfs("update")
    with open(MANIFEST) as manifest, open(_ROWS, "w") as plan:  # noqa: ASYNC230 no other open
        plan.write(head + "\n")
        for line in manifest:
            number += 1
            length, digest, path = _row(line, number)
            known.add(_checksum(path))
            if not is_same(path, length, digest):
                count += 1
                plan.write(_write(number, length, digest, path))
                if not is_same(path + ".new", length, digest):
                    size += length
                    blocks += -(-length // info[1])
            await asyncio.sleep_ms(0)
        for path in _outdated():
            if _checksum(path) not in known and is_there(path):
                count += 1
                plan.write("- 0 0 - %s\n" % path)
            await asyncio.sleep_ms(0)
    free = info[3] - _RESERVE
    if blocks > free:
        text = "the flash has %d KB free, the update needs %d KB"
        raise ValueError(text % (max(0, free) * info[1] // 1024, blocks * info[1] // 1024))
    _forget_others(known)
    os.rename(_ROWS, _PLAN + "new")
    return count, size


def _forget_others(known):
    """Remove what an earlier attempt brought and this plan does not know."""
    if is_there(_PLAN + "new"):
        for _, _, _, _, path in rows():
            if _checksum(path) not in known and is_there(path + ".new"):
                os.remove(path + ".new")


def _row(line, number):
    try:
        size, digest, path = line.split()
        size = int(size)
    except ValueError:
        raise ValueError("row %d of the manifest is none" % number)
    if number > _MOST or not 0 <= size <= _LARGEST or len(digest) != 64:
        raise ValueError("row %d of the manifest is not possible" % number)
    if not _is_ours(path):
        raise ValueError("%s is no file of the firmware" % path[:80])
    return size, digest, path


def _is_ours(path):
    folder, *rest = path.split("/")
    if not rest:
        return path in _FILES
    for part in rest:
        if not part.strip("."):
            return False
    return folder in _FOLDERS and len(path) <= 128


def _write(number, size, digest, path):
    """Return the row for a file that is written, in a folder that is there."""
    at = path.find("/")
    while at > 0:
        if not is_there(path[:at]):
            os.mkdir(path[:at])
        at = path.find("/", at + 1)
    return "%s %d %d %s %s\n" % ("=" if is_there(path) else "+", number, size, digest, path)


def _outdated():
    """Yield what may have to go: what hides a file, or came with an older firmware."""
    with open(MANIFEST) as manifest:
        for line in manifest:
            stem, _, suffix = line.split()[2].rpartition(".")
            if suffix in ("py", "mpy"):
                yield stem + (".mpy" if suffix == "py" else ".py")
    if is_there(_LIST):
        with open(_LIST) as f:
            for line in f:
                if _is_ours(line.strip()):
                    yield line.strip()
    for name in os.listdir("node"):  # nothing of anybody else lies there
        if name.endswith("py"):
            yield "node/" + name


def _checksum(path):
    return crc32(path.encode()) & 0x3FFFFFFF

# SPDX-License-Identifier: MIT
"""What `yard` runs on a board, at its REPL, to see and write files. MicroPython code.

Paths are relative to the root of the board's file system, which is the current folder.
"""

import errno
import json
import os
from binascii import a2b_base64, b2a_base64, hexlify
from hashlib import sha256

FOLDER = 0x4000  # in the second item of what ilistdir() gives
BUFFER = 1536  # bytes, a multiple of 3, so that base64 needs no padding in the middle

writing = None


def entries(folder):
    # Without an argument for the root: that works on every port.
    return list(os.ilistdir(folder) if folder else os.ilistdir())


def tree(folder=""):
    """Print path, size and hash of each file, one JSON list per line."""
    for entry in entries(folder):
        path = folder + "/" + entry[0] if folder else entry[0]
        if entry[1] == FOLDER:
            tree(path)
        else:
            print(json.dumps([path, os.stat(path)[6], digest(path)]))


def digest(path):
    """Return the SHA-256 of a file as hexadecimal text."""
    total = sha256()
    buffer = memoryview(bytearray(BUFFER))
    with open(path, "rb") as f:
        while True:
            count = f.readinto(buffer)
            if not count:
                return hexlify(total.digest()).decode()
            total.update(buffer[:count])


def begin(path):
    """Begin to write a file; folders on the way are made."""
    global writing
    at = path.find("/")
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError as e:
            if e.errno != errno.EEXIST:
                raise
        at = path.find("/", at + 1)
    writing = open(path, "wb")


def add(text):
    """Add bytes, given as base64."""
    writing.write(a2b_base64(text))


def end(path):
    """End the file and print its hash, as it reads back."""
    writing.close()
    print(digest(path))


def send(path):
    """Print a file as lines of base64."""
    with open(path, "rb") as f:
        while True:
            data = f.read(BUFFER)
            if not data:
                return
            print(b2a_base64(data).decode().strip())


def remove_folder(path):
    """Remove a folder with all that is in it, if it is there."""
    try:
        os.stat(path)
    except OSError:
        return
    for entry in entries(path):
        if entry[1] == FOLDER:
            remove_folder(path + "/" + entry[0])
        else:
            os.remove(path + "/" + entry[0])
    os.rmdir(path)


def begins_with(path, text):
    """Print whether a file begins with a text."""
    try:
        with open(path) as f:
            print(f.read(len(text)) == text)
    except OSError:
        print(False)


def free():
    """Print how many bytes the file system has left."""
    status = os.statvfs("/")
    print(status[0] * status[3])


def hold_watchdog(seconds):
    """Give a watchdog that the node has started, and that cannot be stopped, a longer time."""
    try:
        with open("config.py") as f:
            watched = "WATCHDOG_S" in f.read()
    except OSError:
        return
    if watched:
        import machine

        machine.WDT(timeout=seconds * 1000)


def abandon_update():
    """Take the plan away by which firmware/node/switch.py would change files at a start."""
    try:
        names = os.listdir("update")
    except OSError:
        return
    for name in names:
        if name.startswith("plan."):
            os.remove("update/" + name)
            import machine

            machine.Timer(0).deinit()  # it would restart a board whose update is on trial

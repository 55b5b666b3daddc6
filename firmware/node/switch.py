# SPDX-License-Identifier: MIT
"""Changes the files of the firmware at power-on, and back if the new firmware does not work.

boot.py runs a copy of this that lies in the folder `update`, made of the firmware that worked. It
needs nothing of what the update changes. What is done is always one rename, and can be done again:
power may be lost at any time.

update/switch.*     the copy
update/plan.STATE   what is to be done. Its name tells how far it is: `ready`, all new files are
                    there and right; `trial1` and so on, they are in their places and that often
                    started; `undo`, the old ones are being put back; `done` or `failed`
PATH.new, PATH.old  beside a file PATH of the firmware: what takes its place, what it was

A newer firmware calls this, too, and reads the plan: what is here must stay as it is.

The first row of the plan is id, seconds, version: how long each start may take until the node is
online. Then each row is operation, number, size, SHA-256, path: `+` a new file, `=` one in place
of another, `-` one that goes.
"""

import os

from micropython import const

_STARTS = const(3)  # of the new firmware without being online
_PLAN = "update/plan."


def state():
    """Return how far the update is, None when its files are not complete yet."""
    for name in os.listdir("update"):
        if name.startswith("plan.") and name != "plan.new":
            return name[5:]
    return None


def become(old, new):
    """Have the update go from one state to the next; return that."""
    os.rename(_PLAN + old, _PLAN + new)
    return new


def head(state):
    """Return (id, seconds, version) of the plan."""
    with open(_PLAN + state) as f:
        number, seconds, version = f.readline().split()
    return int(number), int(seconds), version


def boot():
    """Do what is due at power-on."""
    # When power was lost between the two halves of a move, littlefs hides the next file of that
    # folder, too, until something is written.
    with open("update/started", "w"):
        now = state()
    if now == "ready":
        try:
            _each(now, _forward)
            now = become(now, "trial0")
        except OSError:
            now = become(now, "undo")
    if now and now.startswith("trial"):
        starts = int(now[5:]) + 1
        now = become(now, "trial%d" % starts if starts <= _STARTS else "undo")
        if now != "undo":
            # Whatever the new firmware does: a start that is not confirmed ends.
            limit(head(now)[1])
    if now == "undo":
        _each(now, _backward)
        become(now, "failed")


def confirm(state):
    """The new firmware is online: it stays."""
    become(state, "done")
    unlimited()


def limit(seconds):
    """Restart the chip after so many seconds, whatever runs then, unless `unlimited` comes."""
    # Imported now: then, there may be no memory left. 0 is ONE_SHOT.
    from machine import reset

    _timer().init(mode=0, period=seconds * 1000, callback=lambda _: reset())


def unlimited():
    """Take back a `limit`."""
    _timer().deinit()


def _timer():
    from machine import Timer

    return Timer(0)


def _each(state, do):
    with open(_PLAN + state) as f:
        f.readline()
        for line in f:
            operation, _, _, _, path = line.split()
            do(operation, path, path + ".new", path + ".old")


def _forward(operation, path, new, old):
    if operation == "-":
        if is_there(path) and not is_there(old):
            os.rename(path, old)
    elif is_there(new):
        if operation == "=" and not is_there(old):
            os.rename(path, old)
        os.rename(new, path)


def _backward(operation, path, new, old):
    if is_there(old):
        os.rename(old, path)
    elif operation == "+" and is_there(path) and not is_there(new):
        os.remove(path)


def is_there(path):
    """Return whether there is a file or folder `path`."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True

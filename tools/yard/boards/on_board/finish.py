# SPDX-License-Identifier: MIT
# Written by yard: replaces files by what waits in deploy.tmp, then itself. MicroPython code.
"""Takes the place of main.py when all files wait beside the old ones.

Power may be lost at any time: as long as this is main.py it begins again and finds the rest.
deploy.tmp/files/...    what is to be moved to the same path below the root
deploy.tmp/remove.txt   what is to be removed, a path per line
deploy.tmp/main.py      the new main.py, moved last
"""

import os

WAITING = "deploy.tmp"


def is_there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def make_folder(path):
    if not is_there(path):
        os.mkdir(path)


def move(source, target):
    for entry in list(os.ilistdir(source)):
        name = entry[0]
        old = source + "/" + name
        new = target + "/" + name if target else name
        if entry[1] == 0x4000:
            make_folder(new)
            move(old, new)
        else:
            os.rename(old, new)
    os.rmdir(source)


def remove(path):
    if is_there(path):
        os.remove(path)
    folder = path.rpartition("/")[0]
    while folder and is_there(folder) and not os.listdir(folder):
        os.rmdir(folder)
        folder = folder.rpartition("/")[0]


def finish():
    # When power was lost in the middle of a move, littlefs hides a file of that folder until
    # something is written.
    with open(WAITING + "/started", "w"):
        pass
    with open(WAITING + "/remove.txt") as f:
        paths = f.read().split("\n")
    for path in paths:
        if path:
            remove(path)
    if is_there(WAITING + "/files"):
        move(WAITING + "/files", "")
    if is_there(WAITING + "/main.py"):
        os.rename(WAITING + "/main.py", "main.py")
    else:
        os.remove("main.py")
    os.remove(WAITING + "/remove.txt")
    os.remove(WAITING + "/started")
    os.rmdir(WAITING)


finish()

# SPDX-License-Identifier: MIT
"""Why the node started anew: kept in a file until it has been told at the broker. Not kept."""

import asyncio
import errno
import io
import os
import sys
from time import sleep

from import_once import import_once
from micropython import const

_FILE = "reset.txt"
_LONGEST = const(2000)  # bytes; a traceback is some hundred
_CRASH = "crash"
_COMMAND = "command"
_TEXTS = {
    "WDT_RESET": "watchdog: the node had stopped making progress, or the chip itself hung",
    "BROWN_OUT_RESET": "brown-out: the supply voltage fell too low",
}
_PAUSE_S = const(5)  # after a crash: for Ctrl-C, and so that it does not go round and round


def restart(node, reason):
    """Restart the node because of a command. reason: what asked for it, for people."""
    note(node, "%s: %s" % (_COMMAND, reason))
    _reset(node)


def crashed(node, error):
    """Restart the node because nothing catches `error`; Ctrl-C within 5 s gives the REPL."""
    node.log.exception("node", error, "the node crashed and restarts in %d s", _PAUSE_S)
    trace = io.StringIO()
    sys.print_exception(error, trace)
    note(node, "%s: %s" % (_CRASH, trace.getvalue().rstrip()))
    sleep(_PAUSE_S)
    _reset(node)


def _reset(node):
    if node.log.file:
        node.log.file.write()
    import_once("node.board").reset()


def report(node):
    """Tell on the log why the node was restarted, once."""
    text = _kept(node)
    cause = _TEXTS.get(node.reset_cause)
    if cause and text.split(":")[0] != cause.split(":")[0]:
        # What was there could not be told yet.
        text = cause + "\n" + text if text else cause
        note(node, text)
    if not text:
        return
    if text.startswith(_COMMAND):
        node.log.warn("reset", "%s", text)
    else:
        node.log.error("reset", "%s", text)
    node.reset_cause = text.split(":")[0]
    node.spawn("node.reset", _forget_when_told, node)


async def _forget_when_told(node):
    while not (node.session and node.session.online and node.log.flush()):
        await asyncio.sleep(1)
    _forget()


def _forget():
    # It is missing when the file system was full.
    if _FILE in os.listdir():
        os.remove(_FILE)


def _kept(node):
    try:
        with open(_FILE) as f:
            return f.read(_LONGEST)
    except OSError as e:
        if e.errno != errno.ENOENT:
            node.log.error("reset", "%s cannot be read: %s", _FILE, e)
    except UnicodeError:
        node.log.error("reset", "%s is damaged", _FILE)
        _forget()
    return ""


def note(node, text):
    """Keep a text that begins with the kind of reason and a colon, for the next start."""
    try:
        with open(_FILE, "w") as f:
            f.write(text[:_LONGEST])
    except OSError as e:
        node.log.error("reset", "%s cannot be written: %s", _FILE, e)

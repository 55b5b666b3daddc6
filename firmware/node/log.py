# SPDX-License-Identifier: MIT
"""Log records: to the serial console at once, to MQTT when there is a link, else into a ring."""

import io
import sys
from time import ticks_diff, ticks_ms

from import_once import import_once
from micropython import const

_WINDOW_MS = const(10000)
_MOST = const(20)  # records of one source and level in a window
_LONGEST = const(800)  # bytes of a text that surely fit into the send buffer, with their topic
LEVELS = ("critical", "error", "warn", "info", "debug")


class Log:
    """The log of a node.

    level: the least important level that the console shows; mqtt_level: the same for MQTT.
    ring: records kept while there is no link; when it is full the oldest goes first.

    From `settled` on, what is more than 20 records of one source and level in 10 s is left out and
    counted in `muted`.

    Attributes: `levels`, source -> number of the level that it has on console and MQTT instead, or
    None; `file`, function that gets each line of the console, or None.
    """

    levels = file = None
    settled = False
    muted = _since = 0

    def __init__(self, level="info", mqtt_level="warn", ring=32):
        self.level = LEVELS.index(level)
        self.mqtt_level = LEVELS.index(mqtt_level)
        self._ring = []
        self._limit = ring
        self.lost = 0
        self._kinds = {}
        self.sink = None  # callable (level name, text) -> bool: taken

    def critical(self, source, text, *args):
        self._record(0, source, text, args)

    def error(self, source, text, *args):
        self._record(1, source, text, args)

    def warn(self, source, text, *args):
        self._record(2, source, text, args)

    def info(self, source, text, *args):
        self._record(3, source, text, args)

    def debug(self, source, text, *args):
        self._record(4, source, text, args)

    def exception(self, source, error, text, *args):
        """Record `text` at level error, followed by the traceback of `error`."""
        trace = io.StringIO()
        sys.print_exception(error, trace)
        if args:
            text %= args
        self._record(1, source, "%s\n%s", (text, trace.getvalue().rstrip()))

    def flush(self):
        """Hand the kept records to the sink, oldest first; return whether none is left."""
        while self._ring and self.sink and self.sink(*self._ring[0]):
            self._ring.pop(0)
        return not self._ring

    def _record(self, level, source, text, args):
        shown, sent = self.level, self.mqtt_level
        # Below 0 the console belongs to somebody else.
        if self.levels and source in self.levels and shown >= 0:
            shown = sent = self.levels[source]
        if level > shown and level > sent:
            return
        count = self._count(level, source)
        if count > _MOST:
            self.muted += 1
            return
        if args:
            text %= args
        text = source + ": " + text
        if count == _MOST:
            text += " (more of these are left out for 10 s)"
        if level <= shown:
            now = ticks_ms()
            line = "%d.%03d %-8s %s" % (now // 1000, now % 1000, LEVELS[level], text)
            print(line)
            if self.file:
                self.file(line)
        if level <= sent:
            self._keep(LEVELS[level], text)

    def _count(self, *kind):
        """Return how many records of one kind there have been in this window."""
        if not self.settled:
            return 0
        kinds = self._kinds
        now = ticks_ms()
        # Below 0: the last record was days ago.
        if not 0 <= ticks_diff(now, self._since) < _WINDOW_MS:
            self._since = now
            kinds.clear()
        kinds[kind] = kinds.get(kind, 0) + 1
        return kinds[kind]

    def _keep(self, level, text):
        if len(text.encode()) > _LONGEST:
            for part in import_once("node.long_record").parts(text, _LONGEST):
                self._keep(level, part)
            return
        # Records leave in order: what waits goes first.
        if self.flush() and self.sink and self.sink(level, text):
            return
        if len(self._ring) >= self._limit:
            self._ring.pop(0)
            self.lost += 1
        self._ring.append((level, text))

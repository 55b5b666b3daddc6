# SPDX-License-Identifier: MIT
"""Log records: to the serial console at once, to MQTT when there is a link, else into a ring."""

import io
import sys
from time import ticks_ms

LEVELS = ("critical", "error", "warn", "info", "debug")


def level_number(name):
    """Return the position of a level name in `LEVELS`; the higher, the more is shown."""
    return LEVELS.index(name)


class Log:
    """The log of a node.

    level: the least important level that the console shows; mqtt_level: the same for MQTT.
    ring: records kept while there is no link; when it is full the oldest goes first.
    """

    def __init__(self, level="info", mqtt_level="warn", ring=32):
        self.level = level_number(level)
        self.mqtt_level = level_number(mqtt_level)
        self._ring = []
        self._limit = ring
        self.lost = 0
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
        if level > self.level and level > self.mqtt_level:
            return
        if args:
            text %= args
        text = source + ": " + text
        if level <= self.level:
            now = ticks_ms()
            print("%d.%03d %-8s %s" % (now // 1000, now % 1000, LEVELS[level], text))
        if level <= self.mqtt_level:
            self._keep(LEVELS[level], text)

    def _keep(self, level, text):
        # Records leave in order: what waits goes first.
        if self.flush() and self.sink and self.sink(level, text):
            return
        if len(self._ring) >= self._limit:
            self._ring.pop(0)
            self.lost += 1
        self._ring.append((level, text))

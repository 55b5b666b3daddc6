# SPDX-License-Identifier: MIT
"""The station among the access points of the board: joins, loses, joins again."""

import os
import socket
from binascii import unhexlify

import board_link
from board_link import interrupts

from network._constants import (
    AUTH_OPEN,
    STAT_BEACON_TIMEOUT,
    STAT_CONNECTING,
    STAT_GOT_IP,
    STAT_IDLE,
    STAT_NO_AP_FOUND,
    STAT_WRONG_PASSWORD,
)

JOIN_MS = 300
SEARCH_MS = 700  # until an access point is given up

_ASSOC_LEAVE = 8  # reason of a disconnection that the node wanted


class Station:
    """The radio's side of the station interface."""

    def __init__(self):
        self.connected = False
        self.ssid = ""
        self.key = ""
        self.bssid = None  # of the only access point that will do, or None
        self.reconnects = -1  # for ever
        self._reason = 0  # of the last disconnection; 0 = none
        self._requested = False
        self._attempts = 0
        self._joining = None
        self._link = board_link.link()
        self._link.on_wifi = self._air_changed
        socket.set_air(False)

    @property
    def joining(self):
        return self._joining is not None

    @property
    def access_points(self):
        return self._link.about["aps"] if self._link.about["wifi"] else ()

    def own(self):
        """Return the row of the access point that was asked for, or None when it is not there."""
        for row in self.access_points:
            if row[0] == self.ssid and self.bssid in (None, unhexlify(row[1])):
                return row
        return None

    def status(self):
        """Return one of STAT_*."""
        if self.connected:
            return STAT_GOT_IP
        if self._reason in (STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD):
            return self._reason  # also while it tries again
        if self._reason == _ASSOC_LEAVE:
            return STAT_IDLE
        if self.joining:
            return STAT_CONNECTING
        return self._reason or STAT_IDLE

    def join(self):
        """Begin to look for the access point."""
        self._attempts = 0
        self._requested = True
        self._try_to_join()

    def leave(self):
        """Give up the connection or the attempt; no reconnection follows."""
        self._requested = False
        if self.joining:
            self._joining.cancel()
            self._joining = None
            self._reason = _ASSOC_LEAVE
        elif self.connected:
            self._lose(_ASSOC_LEAVE)

    def _try_to_join(self):
        delay_ms = JOIN_MS if self.own() else SEARCH_MS
        self._joining = interrupts.Alarm(delay_ms, self._attempt_ends, None)

    def _attempt_ends(self, _):
        self._joining = None
        row = self.own()
        if row is None:
            self._lose(STAT_NO_AP_FOUND)
        elif row[4] != AUTH_OPEN and self.key != os.getenv("YARD_WIFI_PASSWORD", self.key):
            self._lose(STAT_WRONG_PASSWORD)
        else:
            self.connected = True
            self._reason = 0
            socket.set_air(True)

    def _lose(self, reason):
        self.connected = False
        self._reason = reason
        socket.set_air(False)
        if self._requested:
            self._attempts += 1
            if self.reconnects < 0 or self._attempts <= self.reconnects:
                self._try_to_join()

    def _air_changed(self, on):
        if not on and self.connected:
            self._lose(STAT_BEACON_TIMEOUT)

# SPDX-License-Identifier: MIT
"""Which Wi-Fi networks are in reach, for a person who chooses one."""

import network
from micropython import const

_MOST = const(15)  # a screen


def scan():
    """Return [(name, signal in dBm)], the strongest first, each name once.

    Blocks for the 2 s that the radio takes. Leaves the network that the station is in.
    """
    station = network.WLAN(network.STA_IF)
    station.active(True)
    station.disconnect()  # while it tries to join it cannot look around
    signals = {}
    try:
        rows = station.scan()
    except OSError:  # the radio is busy
        rows = ()
    for row in rows:
        try:
            name = row[0].decode()
        except UnicodeError:
            continue
        if name:
            signals[name] = max(row[3], signals.get(name, -200))
    found = sorted(signals.items(), key=lambda item: -item[1])
    return found[:_MOST]

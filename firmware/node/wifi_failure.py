# SPDX-License-Identifier: MIT
"""Why Wi-Fi could not be joined, in words."""

import network


def reason(status, seconds):
    """Return the reason of a `status` of the station, after as many seconds of trying."""
    if status == network.STAT_WRONG_PASSWORD:
        return "wrong password"
    if status == network.STAT_NO_AP_FOUND:
        return "no such network in reach"
    return "no answer within %d s (status %s)" % (seconds, status)

# SPDX-License-Identifier: MIT
"""`machine.RTC`: the clock of the chip. Setting it does not change the clock of this computer."""

from time import gmtime, time

import board_link

_set = None


class RTC:
    """There is one."""

    def datetime(self, *datetime):
        """Return (year, month, day, weekday, hour, minute, second, microsecond), or set it."""
        global _set
        if not datetime:
            if _set:
                return _set
            year, month, day, hour, minute, second, weekday = gmtime(time())[:7]
            return year, month, day, weekday, hour, minute, second, 0
        if len(datetime[0]) != 8:
            raise ValueError("requested length 8 but object has length %d" % len(datetime[0]))
        _set = tuple(datetime[0])


def _forget():
    global _set
    _set = None


board_link.at_fresh_board(_forget)

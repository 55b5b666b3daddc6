# SPDX-License-Identifier: MIT
"""Two-point control: on when something is lacking, off when there is enough, not too often."""

import time


class TwoPoint:
    """What switches one thing. It begins with off, as if it had just been switched off.

    hysteresis: from what is wanted to where it is switched on, and in the other direction off.
    min_on_ms, min_off_ms: how long it is on, or off, at least. clock: `ticks_diff` of this module
    or object.

    Attribute: `on`.
    """

    def __init__(self, hysteresis, min_on_ms=0, min_off_ms=0, clock=time):
        self._hysteresis = hysteresis
        self._min_ms = min_off_ms, min_on_ms
        self._diff = clock.ticks_diff
        self._since = None  # ticks of the last change, until its time has passed
        self._fresh = True
        self.on = False

    def update(self, lack, now):
        """Return whether it is to be on.

        lack: how far the value is from what is wanted, negative when there is too much; None when
        that is not known, or nothing is wanted: then it is off at once. now: ticks in ms; to be
        called at least once a day.
        """
        if self._fresh:
            self._fresh = False
            self._since = now
        if lack is None:
            self._set(False, now)
        elif self._may_change(now):
            if lack >= self._hysteresis:
                self._set(True, now)
            elif lack <= -self._hysteresis:
                self._set(False, now)
        return self.on

    def _may_change(self, now):
        # Ticks wrap, so what is long ago is forgotten.
        if self._since is not None and self._diff(now, self._since) >= self._min_ms[self.on]:
            self._since = None
        return self._since is None

    def _set(self, on, now):
        if on is not self.on:
            self.on = on
            self._since = now
        else:
            self._may_change(now)

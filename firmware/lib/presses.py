# SPDX-License-Identifier: MIT
"""What people do with a pushbutton: edges of a pin told apart into single, double, long presses.

    presses(node, pin).add("double", handler)

calls `handler("double")` from then on. One Presses per pin serves everybody who wants to know of
it, and one PressTimer serves all pins of a node. Nothing is allocated by an edge.
"""

import time

from micropython import const
from pin_irq import call
from stepper import Stepper

# In the order in which they come: "press" and "release" are the edges. Each press ends as part of
# exactly one of "single", "double" and "triple", or it is "long" and ends with "long_release".
KINDS = ("press", "release", "single", "double", "triple", "long", "long_release")
_COUNTED = KINDS[2:5]
_FOREVER_MS = const(3600000)
_STALL_MS = const(100)  # late by this, the timer first lets the inputs be read and debounced


class Classifier:
    """Tells presses apart; a subclass has `happened(kind)`, which is told of each of `KINDS`.

    clock: `ticks_add` and `ticks_diff` of this module or object.

    Attributes, which may be changed at any time:
    long_ms: a press of this length is long (default 800, the shortest that Shelly knows).
    double_ms: from a release to a press that still belongs to it (default 300).
    most: how many presses may belong together, 1 to 3. "single" comes at the release with 1, else
    when `double_ms` are over.
    holds: whether long presses are told apart; if not, a press of any length is a single one.
    """

    long_ms = 800
    double_ms = 300
    most = 1
    holds = False

    def __init__(self, clock=time):
        self._clock = clock
        self._on = False
        self._held = False  # the press that lasts has been told as a long one
        self._count = 0  # presses that have ended and may belong to the next
        self._waiting = False  # for `_end`
        self._end = 0

    def happened(self, kind):
        """Something has become certain; kind: one of `KINDS`."""
        raise NotImplementedError

    def edge(self, on, now):
        """The debounced level became `on` at `now` (ticks in ms)."""
        if on:
            self.expire(now)
            self._on = True
            self._held = False
            self._wait(self.holds, self.long_ms, now)
            self.happened("press")
        elif self._on:  # else it began before anybody looked
            # A long press would have been told while it lasted. If not, the node was busy with
            # something else, and saw the end of a short one late.
            self._released(now)

    def expire(self, now):
        """Tell what has become certain because nothing happened until `now`."""
        if self.left(now) > 0:
            return
        self._waiting = False
        self._tell_count()
        if self._on:
            self._held = True
            self.happened("long")

    def left(self, now):
        """Return in how many ms the next `expire` is due."""
        return self._clock.ticks_diff(self._end, now) if self._waiting else _FOREVER_MS

    def postpone(self, now):
        """Decide nothing until a moment after `now`: edges may not have been seen yet."""
        if self.left(now) < _STALL_MS:
            self._wait(True, _STALL_MS, now)

    def _released(self, now):
        self._on = False
        if not self._held:
            self._count += 1
        self._wait(0 < self._count < self.most, self.double_ms, now)
        self.happened("release")
        if self._held:
            self._held = False
            self.happened("long_release")
        elif not self._waiting:
            self._tell_count()

    def _wait(self, waiting, ms, now):
        self._waiting = waiting
        self._end = self._clock.ticks_add(now, ms)

    def _tell_count(self):
        count = self._count
        self._count = 0
        if count:
            self.happened(_COUNTED[count - 1])


class Listener:
    """One handler for some kinds of presses, from `Presses.add` until `stop`."""

    def __init__(self, presses, kinds, handler):
        self.kinds = kinds
        self.handler = handler
        self._presses = presses

    def stop(self):
        """Call the handler no more."""
        self._presses.remove(self)


class Presses(Classifier):
    """The presses of one pin. It waits only for what somebody wants to be told of.

    Attributes beside those of a Classifier: `pin`.
    """

    def __init__(self, timer, pin, clock):
        super().__init__(clock)
        self.pin = pin
        self._timer = timer
        self._irq = None
        self._listeners = ()

    def add(self, kinds, handler):
        """Call `handler(kind)` for each press of some kinds; return its Listener.

        kinds: one of `KINDS`, or a list of several.
        """
        if isinstance(kinds, str):
            kinds = (kinds,)
        for kind in kinds:
            if kind not in KINDS:
                raise ValueError('unknown kind of press "%s"' % kind)
        listener = Listener(self, kinds, handler)
        self._set(list(self._listeners) + [listener])
        return listener

    def remove(self, listener):
        """Forget a Listener."""
        # A new list, because a handler that ends itself is called from a loop over the old one.
        self._set([other for other in self._listeners if other is not listener])

    def _set(self, listeners):
        self._listeners = listeners
        kinds = {kind for listener in listeners for kind in listener.kinds}
        self.most = 3 if "triple" in kinds else 2 if "double" in kinds else 1
        self.holds = "long" in kinds or "long_release" in kinds
        if listeners and not self._irq:
            self._irq = self.pin.irq(self._changed)
        elif self._irq and not listeners:
            self._irq.stop()
            self._irq = None
            self._on = False  # nobody looks any more

    def _changed(self, pin):
        self.edge(pin.value(), self._clock.ticks_ms())
        self._timer.wake()

    def happened(self, kind):
        for listener in self._listeners:
            if kind in listener.kinds:
                call(listener.handler, kind)


class PressTimer(Stepper):
    """Tells the pins when their time is over.

    clock: `ticks_ms`, `ticks_add` and `ticks_diff` of this module or object.

    Attribute: `pins`, the Presses of all pins.
    """

    def __init__(self, clock=time):
        self._clock = clock
        self.pins = []
        self._due = clock.ticks_ms()

    def of(self, pin):
        """Return the Presses of a pin, the same for everybody."""
        for presses in self.pins:
            if presses.pin.chip is pin.chip and presses.pin.mask == pin.mask:
                return presses
        self.pins.append(Presses(self, pin, self._clock))
        return self.pins[-1]

    def step(self):
        """Tell what has become certain; return for how many ms to sleep then."""
        clock = self._clock
        now = clock.ticks_ms()
        if clock.ticks_diff(now, self._due) > _STALL_MS:
            for presses in self.pins:
                presses.postpone(now)
        for presses in self.pins:
            presses.expire(now)
        # Not in the same loop: a handler can change a pin that has been asked already.
        now = clock.ticks_ms()
        wait = _FOREVER_MS
        for presses in self.pins:
            wait = min(wait, presses.left(now))
        wait = max(0, wait)
        self._due = clock.ticks_add(now, wait)
        return wait


def presses(node, pin):
    """Return the Presses of a pin.

    node: has `presses`, which is None until somebody wants some, and `spawn(name, function)`,
    which runs the task.
    """
    if node.presses is None:
        node.presses = PressTimer()
        node.spawn("presses", node.presses.run)
    return node.presses.of(pin)

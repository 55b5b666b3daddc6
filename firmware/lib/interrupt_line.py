# SPDX-License-Identifier: MIT
"""An open-drain line by which several chips ask to be read, and what to do when it misleads."""

import time

from micropython import const

_STUCK_MS = const(50)  # a line that stays low for so long although its chips are read
_QUIET_MS = const(1000)  # a line that has behaved for so long is trusted again


class InterruptLine:
    """The INT outputs of some chips on one wire with a pull-up.

    level: function, the level on the wire: 0 while a chip waits to be read. clock: this module's
    or object's `ticks_ms` and `ticks_diff`.

    After a falling edge the chip that signalled last is read first, then one after the other while
    the line stays low. When that does not help, or an interrupt did not come, the chips are polled
    until the line behaves.

    Attributes: `readers`, the ExpanderInputs of the chips; `pending`, whether there was an edge
    since the line was last seen high: set by the interrupt handler; `at`, ticks at which the last
    edge was acted on; `polling`; `on_polling`, function (text why, None when it ends) or None that
    is told of it.
    """

    def __init__(self, level, clock=time):
        self._level = level
        self._now = clock.ticks_ms
        self._diff = clock.ticks_diff
        self.readers = []
        self.pending = True  # nobody saw an edge before
        self.at = 0
        self.polling = False
        self.on_polling = None
        self._turn = 0  # place in `readers` of the one that is asked next
        self._reads = 0  # since the line was last seen high
        self._low_at = 0  # ticks of the first of them
        self._bad_at = 0
        self._lost = False  # an interrupt did not come, and none came since

    def low(self):
        """Return whether a chip waits to be read."""
        return not self._level()

    def signalled(self):
        """Act on a falling edge; not for interrupt handlers."""
        self.at = self._now()
        self._lost = False
        self.pending = self.low()
        if self.pending and not self.polling:
            self._turn = 0
            self._ask()

    def served(self, reader, signalled, now):
        """Go on after the chip of `reader` has been read, or cannot be.

        signalled: whether it was this one that waited. now: in ticks (ms).
        """
        readers = self.readers
        if signalled and readers[0] is not reader:
            readers[readers.index(reader)] = readers[0]
            readers[0] = reader
        pending = self.pending
        self.pending = False  # before the look at the line, because an edge may come after it
        if not self.low():
            self._reads = 0
            if self.polling and not self._lost and self._diff(now, self._bad_at) > _QUIET_MS:
                self.polling = False
                self._tell(None)
            return
        if not pending:
            return  # the edge is just coming; or never, then the check of the chip finds it
        self.pending = True
        if not self._reads:
            self._low_at = now
        self._reads += 1
        if self.polling or self._diff(now, self._low_at) > _STUCK_MS:
            self.poll("it stays low", now)
        else:
            self._ask()

    def lost(self, now):
        """Poll until there is an interrupt, because one did not come."""
        self._lost = True
        self.poll("an interrupt did not come", now)

    def poll(self, reason, now):
        """Poll the chips until the line has behaved for a while; reason: text."""
        self._bad_at = now
        if not self.polling:
            self.polling = True
            for reader in self.readers:
                reader.ask()
            self._tell(reason)

    def remove(self, reader):
        """Serve a chip no more."""
        self.readers.remove(reader)
        if self.readers:
            self.served(self.readers[0], False, self._now())

    def _ask(self):
        """Have the next chip read that can be."""
        readers = self.readers
        for _ in range(len(readers)):
            reader = readers[self._turn % len(readers)]
            self._turn = (self._turn + 1) % len(readers)
            if reader.ask():
                return

    def _tell(self, reason):
        if self.on_polling:
            self.on_polling(reason)

# SPDX-License-Identifier: MIT
"""The inputs of an Expander: read by interrupt or poll, debounced, muted while they chatter."""

from chatter import Chatter
from debounce import Debounce
from micropython import const

_REST_MS = const(60000)  # nothing to do until an interrupt or the next check of the chip


class ExpanderInputs:
    """What an Expander needs as soon as it has an input.

    expander: the Expander; chip: its MCP23017. poll_ms: interval at which the inputs are read when
    there is no line, or none to rely on. clock: as for the Expander.

    Attributes: `line`, the InterruptLine or None, set before the chip is connected; `debounce`,
    the Debounce; `chatter`, the Chatter; `on_muted`, function () or None that is told when
    `chatter.muted` has changed.
    Counters: `interrupts`, how often the chip asked to be read; `missed`, how often a check
    found a change without an interrupt.
    """

    def __init__(self, expander, chip, poll_ms, clock):
        self._expander = expander
        self._chip = chip
        self._poll_ms = poll_ms
        self._clock = clock
        self.debounce = Debounce(clock)
        self.chatter = Chatter(clock)
        self.on_muted = None
        self.line = None
        self.interrupts = 0
        self.missed = 0
        self._asked = False  # by the line
        self._raw = 0  # the levels as last read
        self._at = 0  # ticks of the next turn

    def ask(self):
        """Have the chip read as soon as the bus is free; return whether it can be."""
        expander = self._expander
        if not expander.ready:
            return False
        self._asked = True
        expander.due = self._clock.ticks_ms()
        expander.bus.wake()
        return True

    def statistics(self):
        """Return the counters for the node's status topic."""
        return {
            "interrupts": self.interrupts,
            "missed_interrupts": self.missed,
            "chatter": self.chatter.count,
        }

    # -- for the expander -----------------------------------------------------------------

    def connected(self, now):
        """Begin with the levels that have just been read; return them."""
        raw = self._raw = self._levels(self._chip.seen_gpio())
        self.debounce.reset(raw)
        self._asked = False
        self._plan(now)
        if self.line:
            self.line.served(self, False, now)
        return raw

    def disconnected(self):
        """The chip cannot be read; the line goes on with the others."""
        self._asked = False
        if self.line:
            self.line.served(self, False, self._clock.ticks_ms())

    def service(self, now):
        """Do what is due, at most one transfer."""
        line = self.line
        if line is None or self._asked or line.polling or line.pending:
            self._chip.read_gpio()
            self.take(now)
        else:
            # Without an interrupt the levels are as they were.
            self._update(self._raw, now)
            self._plan(now)

    def take(self, now):
        """Take what the chip has told when it was read at `now`."""
        raw = self._levels(self._chip.seen_gpio())
        edges = raw ^ self._raw
        if self.line:
            self._take_interrupt(raw, edges, now)
        else:
            self._watch(edges, now)
        self._raw = raw
        self._update(raw, now)
        self._plan(now)

    def wait(self, now):
        """Return the ms until the next turn."""
        return 0 if self._asked else self._clock.ticks_diff(self._at, now)

    # -- parts ----------------------------------------------------------------------------

    def _take_interrupt(self, raw, edges, now):
        chip = self._chip
        line = self.line
        flags = chip.seen_intf() & self._expander.inputs
        expected = self._asked or line.pending or line.polling
        self._watch(edges | flags, now)
        if flags:
            if self._asked:
                # Until the interrupt the levels were what they had been.
                self._update(self._raw, line.at)
            # A press that is over already: this is its begin.
            self._update(raw & ~flags | self._levels(chip.seen_intcap()) & flags, now)
        self._asked = False
        line.served(self, flags, now)
        if flags and expected:
            self.interrupts += 1
        elif (edges or flags) and not expected:
            self.missed += 1
            line.lost(now)
        if self.chatter.muted:
            line.poll("a pin chatters", now)

    def _levels(self, ports):
        return (ports ^ self._expander.inverted) & self._expander.inputs

    def _watch(self, edges, now):
        if self.chatter.update(edges, now) and self.on_muted:
            self.on_muted()

    def _update(self, raw, now):
        debounce = self.debounce
        muted = self.chatter.muted
        changed = debounce.update(raw & ~muted | debounce.level & muted, now)
        if changed:
            self._expander.changed(changed)

    def _plan(self, now):
        line = self.line
        clock = self._clock
        polled = self._expander.inputs and (line is None or line.polling)
        self._at = self._expander.next_at(now, self._poll_ms if polled else _REST_MS)
        wait = self.debounce.wait_ms
        if 0 <= wait < clock.ticks_diff(self._at, now):
            self._at = clock.ticks_add(now, wait)

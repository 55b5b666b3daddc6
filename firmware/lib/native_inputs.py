# SPDX-License-Identifier: MIT
"""The inputs of a NativePort: read by interrupt, debounced, muted while they chatter."""

from asyncio import ThreadSafeFlag

from chatter import Chatter
from debounce import Debounce
from micropython import const

_READ_MS = const(1000)  # between reads without an interrupt, in case that one was lost
_MUTED_MS = const(20)  # the same while a pin is muted, which has no interrupts then


class NativeInputs:
    """What a NativePort needs as soon as it has an input. Serving allocates nothing.

    port: the NativePort. pins: how many it can have. clock: as for the port.

    Attributes, as of an ExpanderInputs: `debounce`, `chatter`, `on_muted`. Also `wait_ms`, when to
    come again after `take`; `flag`, set by every interrupt. Counters: `interrupts`, how often
    inputs were read after one; `missed`, changes that no interrupt told.
    """

    def __init__(self, port, pins, clock):
        self._port = port
        self.debounce = Debounce(clock, pins)
        self.chatter = Chatter(clock, pins)
        self.on_muted = None
        self.interrupts = 0
        self.missed = 0
        self.wait_ms = 0
        self.flag = ThreadSafeFlag()
        self._told = bytearray(pins)  # not 0: an interrupt came
        self._raw = 0  # levels as read last
        self._early = 0  # pins that changed before their interrupt was served

    def start(self):
        """Begin with the levels that there are; return them."""
        self._raw = self._read()
        self.debounce.reset(self._raw)
        self._listen(self._port.inputs)
        return self._raw

    def stop(self):
        """Want no interrupts any more."""
        lines = self._port.lines
        for number in range(len(lines)):
            if self._port.inputs >> number & 1:
                lines[number].irq(None)
        self.flag.set()

    def statistics(self):
        """Return the counters for people."""
        return {
            "interrupts": self.interrupts,
            "missed_interrupts": self.missed,
            "chatter": self.chatter.count,
        }

    def take(self, now):
        """Take the levels at `now` (ticks in ms)."""
        # In this order: a change after the read has an interrupt after it, too.
        told = self._take_interrupts()
        if told:
            self.interrupts += 1
        raw = self._read()
        changed = raw ^ self._raw
        self._raw = raw
        lost = self._early & ~told & ~self.chatter.muted
        while lost:
            lost &= lost - 1
            self.missed += 1
        # An interrupt, and the level is what it was: a change that was over before the read.
        short = told & ~changed & ~self._early
        self._early = changed & ~told
        self._watch(changed | told, now)
        if short:
            self._update(raw ^ short, now)
        self._update(raw, now)
        self.wait_ms = _MUTED_MS if self.chatter.muted else _READ_MS
        if 0 <= self.debounce.wait_ms < self.wait_ms:
            self.wait_ms = self.debounce.wait_ms

    def _take_interrupts(self):
        told = 0
        for number in range(len(self._port.lines)):
            if self._told[number]:
                self._told[number] = 0
                told |= 1 << number
        return told & self._port.inputs

    def _read(self):
        raw = 0
        port = self._port
        lines = port.lines
        for number in range(len(lines)):
            if port.inputs >> number & 1 and lines[number].value():
                raw |= 1 << number
        return (raw ^ port.inverted) & port.inputs

    def _update(self, raw, now):
        debounce = self.debounce
        muted = self.chatter.muted
        changed = debounce.update(raw & ~muted | debounce.level & muted, now)
        if changed:
            self._port.changed(changed)

    def _watch(self, edges, now):
        chatter = self.chatter
        before = chatter.muted
        if chatter.update(edges, now):
            lines = self._port.lines
            for number in range(len(lines)):
                if chatter.muted & ~before >> number & 1:
                    lines[number].irq(None)  # it could have the processor for itself
            self._listen(before & ~chatter.muted)
            if self.on_muted:
                self.on_muted()

    def _listen(self, pins):
        lines = self._port.lines
        for number in range(len(lines)):
            if pins >> number & 1:
                lines[number].irq(_Interrupt(self._told, number, self.flag).came)


class _Interrupt:
    """What the interrupt of one pin does. A bound method of it is made once, not per interrupt."""

    def __init__(self, told, number, flag):
        self._told = told
        self._number = number
        self._flag = flag

    def came(self, line):
        self._told[self._number] = 1
        self._flag.set()

# SPDX-License-Identifier: MIT
"""GPIOs as the chip of `pins.Pin`: commands are carried out at once; inputs in `native_inputs`."""

import time

from command_buffer import PULSE, level_after
from micropython import const
from stepper import Stepper

CAPACITY = const(30)  # masks of more pins would be objects on a chip of 32 bits
_LONGEST_MS = const(3600000)


class NativePort(Stepper):
    """Up to 30 pins; bit n of every mask is the pin that was claimed as the n-th.

    ttl_ms: as of an Expander; here nothing has to wait. clock: as for an Expander.

    Attributes as of an Expander: `level`, None until `start`; `outputs`, `inputs`, `inverted`,
    `users`, `watches`, `ttl_ms`, `pulses`, `guards`, `last`, `unsure`; `reader`, a NativeInputs or
    None. Also `lines`, from `start` on: an object with the interface of `machine.Pin` for each
    pin; `gpios`, the number of each pin for people, to which whoever claims a pin adds.
    """

    pulses = None
    reader = None
    unsure = False

    def __init__(self, ttl_ms=None, clock=time):
        self.ttl_ms = ttl_ms
        self.level = None
        self.outputs = 0
        self.inputs = 0
        self.inverted = 0
        self.users = []
        self.watches = ()
        self.guards = ()
        self.last = 0
        self.lines = ()
        self.gpios = []
        self._clock = clock
        self._restore_on = 0
        self._restore_last = 0

    # -- claiming pins, before `start` ----------------------------------------------------

    def output(self, number, user, invert=False, restore="off"):
        """Make a pin an output of `user`.

        number: how many pins were claimed before. invert: on is a low level. restore: what it is
        at the start: "on", "last", what `last` says, or anything else for off.
        """
        mask = self._claim(number, user, invert)
        self.outputs |= mask
        if restore == "on":
            self._restore_on |= mask
        elif restore == "last":
            self._restore_last |= mask

    def input(self, number, user, invert=False, debounce_ms=20):
        """Make a pin an input of `user`.

        debounce_ms: how long a change must last, or {"on": ms, "off": ms}. The other arguments are
        those of `output`.
        """
        self.inputs |= self._claim(number, user, invert)
        if not self.reader:
            from native_inputs import NativeInputs  # many ports have outputs only

            self.reader = NativeInputs(self, CAPACITY, self._clock)
        self.reader.debounce.delay(number, debounce_ms)

    def _claim(self, number, user, invert):
        if number != len(self.users):
            raise ValueError("pin %d is not the next" % number)
        mask = 1 << number
        self.users.append(user)
        if invert:
            self.inverted |= mask
        return mask

    # -- the work -------------------------------------------------------------------------

    def start(self, create):
        """Begin to drive the outputs and to read the inputs.

        create(number, level): makes the pin, for an output (`level` is 0 or 1) with this level
        from the first moment, for an input (None), and returns its line.
        """
        level = self._first()
        levels = level ^ self.inverted
        self.lines = [
            create(number, levels >> number & 1 if self.outputs >> number & 1 else None)
            for number in range(len(self.users))
        ]
        if self.reader:
            level |= self.reader.start()
        self._begin(level)

    def _first(self):
        """Return the level of the outputs with which to begin."""
        level = (self._restore_on | self.last & self._restore_last) & self.outputs
        for guard in self.guards:
            level = guard.allowed(self, level, 0)
        return level

    def _begin(self, level):
        self.level = level
        if self.pulses:
            self.pulses.took(level, self._clock.ticks_ms())
        self._tell_users(-1)
        self._tell_watches(-1)

    def stop(self):
        """Leave the inputs alone, and end `run` and `listen`; the outputs stay as they are."""
        self.close()
        if self.reader:
            self.reader.stop()

    async def listen(self):
        """Serve the inputs after an interrupt, until `stop`."""
        flag = self.reader.flag
        while not self._closed:
            await flag.wait()
            self.wake()

    def step(self):
        """Do what is due; return after how many ms to come again."""
        now = self._clock.ticks_ms()
        wait = _LONGEST_MS
        reader = self.reader
        if reader:
            reader.take(now)
            wait = reader.wait_ms
        pulses = self.pulses
        if pulses:
            level = pulses.wanted(self.level, now)
            changed = level ^ self.level
            if changed:
                self.write(level, now)
                self._tell_users(changed)
                return 0  # what comes next is known now
            wait = min(wait, pulses.wait_ms)
        return wait

    # -- commands -------------------------------------------------------------------------

    def submit(self, target, action, value, ttl_ms, tag):
        """Carry out a command at once; arguments as of `BusWorker.submit`.

        Raises ValueError before `start`.
        """
        if self.level is None:
            raise ValueError("the pins have not been started")
        mask = target.pin.mask
        now = self._clock.ticks_ms()
        level = level_after(self.level, mask, action)
        if level != self.level:
            self.write(level, now)
        if action >= PULSE and not self.pulses:
            from pulses import of  # many nodes never pulse

            of(self, self._clock)
        if self.pulses:
            self.pulses.commanded(mask, action, value, now)
            self.wake()
        target.applied(tag)

    def write(self, level, now):
        """Bring the outputs to `level` at `now` (ticks in ms)."""
        changed = self.level ^ level
        self._drive(level ^ self.inverted, changed)
        self.level = level
        if self.pulses:
            self.pulses.took(level, now)
        self._tell_watches(changed)

    def _drive(self, levels, changed):
        """Put the `levels` that have `changed` on the wire."""
        for number in range(len(self.lines)):
            if changed >> number & 1:
                self.lines[number].value(levels >> number & 1)

    def changed(self, changed):
        """The inputs of a mask have changed."""
        self.level ^= changed
        self._tell_users(changed)
        self._tell_watches(changed)

    def _tell_users(self, changed):
        for number in range(len(self.users)):
            if changed >> number & 1 and self.users[number] is not None:
                self.users[number].changed()

    def _tell_watches(self, changed):
        for watch in self.watches:
            if watch.mask & changed:
                watch.changed()

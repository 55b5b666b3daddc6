# SPDX-License-Identifier: MIT
"""An MCP23017 as a device of a BusWorker: outputs by policy; inputs in `expander_inputs`."""

import time

from bus_device import BusDevice
from command_buffer import PULSE
from mcp23017 import MCP23017
from micropython import const

_CHECK_MS = const(4000)  # between checks that the chip still is as it was set up
_REPEAT_MS = const(5)  # from a write that failed, and is repeated at once, to a look at the chip
# GPA7 and GPB7: outputs only since revision D of the data sheet.
UNSAFE_INPUTS = const(0x8080)


class Expander(BusDevice):
    """A chip with what its pins are to be.

    bus: the BusWorker; it must not run between adding the chip to it and the last claim of a pin.
    name: for messages. address: 0x20 to 0x27. poll_ms: interval at which inputs are read. ttl_ms:
    how long a command may wait if it does not say so itself. clock: as for the BusWorker.

    Attributes: `level`, 16 bits as a person sees them (1 is on), None until the chip has answered;
    `outputs`, `inputs`, masks; `users`, for each pin whoever is told by `changed()` that its level
    may have changed otherwise than by a command; `watches`, what is told by `changed()` of every
    change of the pin with its `mask`; `pulses`, what its outputs do by themselves, or None;
    `guards`, what may change a level before outputs are driven by it; `unsure`, whether a write
    has failed and its outcome is not known yet; `last`, the level that a chip without power is to
    have at the start of the node; `inverted`, the mask of the pins that are on at a low level;
    `reader`, the ExpanderInputs of a chip that has inputs, else None; `check_ms`, how often the
    chip is asked whether it still is as it was set up.

    Unclaimed pins are inputs with pull-up, because an output might work against what is wired to
    it; GPA7 and GPB7 are outputs at 0, because as inputs they can disturb the bus.

    A chip that kept power while the node was started again keeps its outputs. After the chip lost
    power each output goes to what its `restore` says: "off", "on", or "adopt", what the running
    node last commanded, else off; "last", the same, but at the start of the node what `last`
    says. An output with "always_off" is switched off in both cases.
    """

    guards = ()
    unsure = True
    last = 0
    # Of chips with 8 pins: `expander8`.
    _driver = MCP23017
    _unsafe = UNSAFE_INPUTS

    def __init__(self, bus, name, address, poll_ms=20, ttl_ms=1500, clock=time):
        super().__init__(name, address)
        self.bus = bus
        self.ttl_ms = ttl_ms
        self.level = None
        self.outputs = 0
        self.inputs = 0
        self.users = [None] * 16
        self.watches = ()
        self.submit = bus.submit
        self._clock = clock
        self._add = clock.ticks_add
        self._diff = clock.ticks_diff
        self._chip = self._driver(bus, address)
        self._pull_ups = 0
        self.inverted = 0
        self._restore_on = 0
        self._restore_off = 0
        self._always_off = 0
        self._setup = None
        self._poll_ms = poll_ms
        self._check_at = 0
        self.reader = None
        self.check_ms = _CHECK_MS
        self.pulses = None

    # -- claiming pins --------------------------------------------------------------------

    def output(self, number, user, invert=False, restore="adopt"):
        """Make a pin an output of `user`.

        number: 0 to 15. invert: on is a low level. restore: "adopt", "off", "on", "last",
        "always_off". Raises ValueError when the pin has a user.
        """
        mask = self._claim(number, user, invert)
        self.outputs |= mask
        if restore == "on":
            self._restore_on |= mask
        elif restore not in ("adopt", "last"):
            self._restore_off |= mask
            if restore == "always_off":
                self._always_off |= mask

    def input(self, number, user, invert=False, pull_up=True, debounce_ms=20):
        """Make a pin an input of `user`; arguments and errors as of `output`."""
        mask = self._claim(number, user, invert)
        self.inputs |= mask
        if pull_up:
            self._pull_ups |= mask
        if not self.reader:
            from expander_inputs import ExpanderInputs  # many chips have outputs only

            self.reader = ExpanderInputs(self, self._chip, self._poll_ms, self._clock)
        self.reader.debounce.delay(number, debounce_ms)

    def _claim(self, number, user, invert):
        if self.users[number] is not None:
            raise ValueError("pin %d is used already" % number)
        self.users[number] = user
        mask = 1 << number
        if invert:
            self.inverted |= mask
        return mask

    # -- as a device of the bus -----------------------------------------------------------

    def connect(self, now):
        if self._setup is None:
            from expander_connect import steps  # which forgets itself

            self._setup = steps(self, now)
        for _ in self._setup:
            return False
        self._setup = None
        self._connected(now)
        return True

    def disconnected(self):
        self._setup = None
        if self.reader:
            self.reader.disconnected()

    def failed(self, now):
        # The chip may have taken what was written all the same.
        self.unsure = True
        self._check_at = now
        end = self._add(now, _REPEAT_MS)
        if self._diff(self.due, end) > 0:
            self.due = end

    def service(self, now):
        chip = self._chip
        pulses = self.pulses
        level = pulses.wanted(self.level, now) if pulses else self.level
        changed = self.level ^ level
        if changed:
            self.write(level)
            pulses.wanted(level, now)  # for its `wait_ms`
            self._tell(changed)
        elif self._diff(self._check_at, now) <= 0:
            chip.read()
            if not chip.seen_configured() or chip.seen_latch() != chip.latch:
                return False
            self.unsure = False
            self._check_at = self.next_at(now, self.check_ms)
            if self.reader:
                self.reader.take(now)
        elif self.reader:
            self.reader.service(now)
        wait = self._diff(self._check_at, now)
        if pulses:
            wait = min(wait, pulses.wait_ms)
        if self.reader:
            wait = min(wait, self.reader.wait(now))
        self.due = self._add(now, wait)
        return True

    def write(self, level):
        """Bring the outputs to `level`."""
        self._chip.write_latch(self._latch(level))
        changed = self.level ^ level
        if self.unsure:
            changed = self.outputs
            self.unsure = False
        self.level = level
        if self.pulses:
            self.pulses.took(level, self._clock.ticks_ms())
        self._tell_watches(changed)

    def commanded(self, pin, action, value):
        """Begin or end the pulse of a pin after a command has been carried out."""
        pulses = self.pulses
        if pulses is None and action != PULSE:
            return
        now = self._clock.ticks_ms()
        if pulses is None:
            from pulses import of  # many chips never pulse

            pulses = of(self, self._clock)
        pulses.commanded(pin.mask, action, value, now)
        pulses.wanted(self.level, now)
        end = self._add(now, pulses.wait_ms)
        if self._diff(self.due, end) > 0:
            self.due = end

    # -- parts ----------------------------------------------------------------------------

    def _latch(self, level):
        return (level ^ self.inverted) & self.outputs

    def _connected(self, now):
        self.level &= self.outputs
        self.unsure = False
        if self.reader:
            self.level |= self.reader.connected(now)
        self._check_at = self.next_at(now, self.check_ms)
        self.due = now
        if self.pulses:
            self.pulses.took(self.level, now)
        self._tell(0xFFFF)

    def changed(self, changed):
        """The inputs of a mask have changed."""
        self.level ^= changed
        self._tell(changed)

    def _tell(self, changed):
        mask = changed
        for user in self.users:
            if mask & 1 and user is not None:
                user.changed()
            mask >>= 1
        self._tell_watches(changed)

    def _tell_watches(self, changed):
        for watch in self.watches:
            if watch.mask & changed:
                watch.changed()

    def next_at(self, now, interval):
        """Return the ticks of the next turn of what is done every `interval` ms."""
        # On a common grid, so that all chips are served in one wake of the processor.
        return self._add(now, interval - now % interval)

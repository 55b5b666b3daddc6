# SPDX-License-Identifier: MIT
"""An MCP23017 as a device of a BusWorker: outputs by policy, inputs polled and debounced."""

import time

from bus_device import BusDevice
from command_buffer import PULSE
from mcp23017 import MCP23017
from micropython import const

_CHECK_MS = const(4000)  # between checks that the chip still is as it was set up
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
    change of the pin with its `mask`.

    Unclaimed pins are inputs with pull-up, because an output might work against what is wired to
    it; GPA7 and GPB7 are outputs at 0, because as inputs they can disturb the bus.

    A chip that kept power while the node was started again keeps its outputs. After the chip lost
    power each output goes to what its `restore` says: "off", "on", or "adopt", what the running
    node last commanded, else off. An output with "always_off" is switched off in both cases.
    """

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
        self._chip = MCP23017(bus, address)
        self._pull_ups = 0
        self._inverted = 0
        self._restore_on = 0
        self._restore_off = 0
        self._always_off = 0
        self._setup = None
        self._poll_ms = poll_ms
        self._poll_at = self._check_at = 0
        self._debounce = None
        self._pulsing = 0  # mask of the pins whose pulse has begun
        self._pulse_ends = {}  # mask of a pin -> ticks; stays when the pulse is over
        self._pulse_wait = _CHECK_MS

    # -- claiming pins --------------------------------------------------------------------

    def output(self, number, user, invert=False, restore="adopt"):
        """Make a pin an output of `user`.

        number: 0 to 15. invert: on is a low level. restore: "adopt", "off", "on", "always_off".
        Raises ValueError when the pin has a user.
        """
        mask = self._claim(number, user, invert)
        self.outputs |= mask
        if restore == "on":
            self._restore_on |= mask
        elif restore != "adopt":
            self._restore_off |= mask
            if restore == "always_off":
                self._always_off |= mask

    def input(self, number, user, invert=False, pull_up=True, debounce_ms=20):
        """Make a pin an input of `user`; arguments and errors as of `output`."""
        mask = self._claim(number, user, invert)
        self.inputs |= mask
        if pull_up:
            self._pull_ups |= mask
        if not self._debounce:
            from debounce import Debounce  # many boards have outputs only

            self._debounce = Debounce(self._clock)
        self._debounce.on_ms[number] = self._debounce.off_ms[number] = debounce_ms

    def _claim(self, number, user, invert):
        if self.users[number] is not None:
            raise ValueError("pin %d is used already" % number)
        self.users[number] = user
        mask = 1 << number
        if invert:
            self._inverted |= mask
        return mask

    # -- as a device of the bus -----------------------------------------------------------

    def connect(self, now):
        chip = self._chip
        if self._setup is not None:
            for _ in self._setup:
                return False
            self._setup = None
        else:
            unclaimed = 0xFFFF & ~(self.outputs | self.inputs)
            pulled = unclaimed & ~UNSAFE_INPUTS
            chip.configure(self.inputs | pulled, self._pull_ups | pulled)
            chip.read()
            self.level = self._wanted_level(now)
            latch = self._latch(self.level)
            if not chip.seen_configured() or chip.seen_latch() != latch:
                self._setup = chip.setup(latch)
                return False
            chip.latch = latch
        self._connected(now)
        return True

    def disconnected(self):
        self._setup = None

    def service(self, now):
        chip = self._chip
        over = self._pulses_over(now)
        if over:
            self.write(self.level & ~over)
            self._pulsing &= ~over
            self._tell(over)
        elif self._diff(self._check_at, now) <= 0:
            chip.read()
            if not chip.seen_configured() or chip.seen_latch() != chip.latch:
                return False
            self._check_at = self._next_at(now, _CHECK_MS)
            if self.inputs:
                self._take(chip.seen_gpio(), now)
        elif self.inputs:
            self._take(chip.read_gpio(), now)
        wait = min(self._pulse_wait, self._diff(self._check_at, now))
        if self.inputs:
            wait = min(wait, self._diff(self._poll_at, now))
        self.due = self._add(now, wait)
        return True

    def write(self, level):
        """Bring the outputs to `level`."""
        self._chip.write_latch(self._latch(level))
        changed = self.level ^ level
        self.level = level
        self._tell_watches(changed)

    def commanded(self, pin, action, value):
        """Begin or end the pulse of a pin after a command has been carried out."""
        mask = pin.mask
        if action != PULSE:
            self._pulsing &= ~mask
            return
        end = self._add(self._clock.ticks_ms(), value)
        # A second pulse makes the first longer, never shorter.
        if not self._pulsing & mask or self._diff(end, self._pulse_ends[mask]) > 0:
            self._pulse_ends[mask] = end
        self._pulsing |= mask
        if self._diff(self.due, end) > 0:
            self.due = end

    # -- parts ----------------------------------------------------------------------------

    def _latch(self, level):
        return (level ^ self._inverted) & self.outputs

    def _wanted_level(self, now):
        """Return the level that the chip, as it was read, is to have."""
        chip = self._chip
        if not chip.seen_ours():
            kept = 0 if self.level is None else self.level & ~self._pulses_over(now)
            return kept & ~self._restore_off | self._restore_on
        if self.level is not None:
            return self.level
        running = self.outputs & ~chip.seen_inputs() & ~self._always_off
        return (chip.seen_latch() ^ self._inverted) & running | self._restore_on & ~running

    def _connected(self, now):
        self.level &= self.outputs
        if self.inputs:
            self._debounce.reset((self._chip.seen_gpio() ^ self._inverted) & self.inputs)
            self.level |= self._debounce.level
        self._check_at = self._next_at(now, _CHECK_MS)
        self.due = now
        self._tell(0xFFFF)

    def _take(self, ports, now):
        """Take the levels on the pins, as read at `now`."""
        changed = self._debounce.update((ports ^ self._inverted) & self.inputs, now)
        self._poll_at = self._next_at(now, self._poll_ms)
        wait = self._debounce.wait_ms
        if 0 <= wait < self._diff(self._poll_at, now):
            self._poll_at = self._add(now, wait)
        if changed:
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

    def _pulses_over(self, now):
        """Return the mask of the pulses that are over; note how long until the next is."""
        over = 0
        self._pulse_wait = _CHECK_MS
        for mask in self._pulse_ends:
            if self._pulsing & mask:
                left = self._diff(self._pulse_ends[mask], now)
                if left <= 0:
                    over |= mask
                else:
                    self._pulse_wait = min(self._pulse_wait, left)
        return over

    def _next_at(self, now, interval):
        # On a common grid, so that all chips are served in one wake of the processor.
        return self._add(now, interval - now % interval)

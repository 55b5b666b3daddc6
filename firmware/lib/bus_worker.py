# SPDX-License-Identifier: MIT
"""The one task that touches an I2C bus: carries out commands and serves the devices in turn.

It makes at most one transfer before other tasks run, and sleeps until something is due. In steady
state nothing is allocated, neither by serving a device nor by a command.
"""

import errno
import time
from array import array

from bus_device import FIRST_PAUSE_MS, MeteredI2C
from command_buffer import CommandBuffer, level_after
from micropython import const
from stepper import Stepper

_RECOVER_MS = const(250)  # between attempts to free a stuck bus
_LONGEST_PAUSE_MS = const(2000)  # until a lost device is tried again
_COMMAND_PAUSE_MS = const(250)  # the same while commands wait
_FOREVER_MS = const(3600000)


class BusWorker(MeteredI2C, Stepper):
    """Owner of an I2C bus.

    i2c: has the two transfers named at BusDevice. recover: function that frees a stuck bus and
    returns the i2c to go on with, or None. capacity: how many commands may wait. clock: this
    module's or object's `ticks_ms`, `ticks_us`, `ticks_add` and `ticks_diff`.

    Attributes: `devices`; `buffer`, the CommandBuffer; `stuck`, whether the bus is; `on_crowded`,
    function (crowded) or None that is told when commands come faster than the bus takes them, so
    that their source can pause, and when it may go on. Counters: `transfers`, `errors`, `retries`,
    `dropped`, `stuck_count`, `longest_us` (of one transfer).
    """

    def __init__(self, i2c, recover=None, capacity=64, clock=time):
        super().__init__(i2c, clock)
        self._recover = recover
        self.buffer = CommandBuffer(capacity, clock)
        self.devices = []
        self.on_crowded = None
        self._crowded = False
        self.stuck = False
        self._recover_at = 0
        self._batch = array("H", [0] * capacity)
        self._commands_turn = True
        self.errors = 0
        self.retries = 0
        self.stuck_count = 0

    @property
    def dropped(self):
        """How many commands were not carried out."""
        return self.buffer.dropped_full + self.buffer.expired

    # -- for components -------------------------------------------------------------------

    def add(self, device):
        """Serve a device from now on. Raises ValueError when its address is taken."""
        for other in self.devices:
            if other.address == device.address:
                text = '0x%02x is used by "%s" already'
                raise ValueError(text % (other.address, other.name))
        device.due = self._clock.ticks_ms()
        self.devices.append(device)
        self.wake()

    def remove(self, device):
        """Leave a device alone from now on; commands for it expire."""
        self.devices.remove(device)
        device.ready = False

    def close(self):
        """End `run`; what it does now is finished."""
        self._set_crowded(False)
        super().close()

    def submit(self, target, action, value, ttl_ms, tag):
        """Put a command; it is carried out as soon as the bus is free, in the order per device.

        target: has `pin`, which has `chip` (a BusDevice that takes commands) and `mask` (its bit
        in `level`). Its `applied(tag)` is called when the command has been carried out, or its
        `dropped(reason, tag)` with "expired" or "full".
        action: OFF, ON, TOGGLE or PULSE of `command_buffer`; value: ms for PULSE.
        ttl_ms: for how long it may wait; tag: anything.
        """
        clock = self._clock
        now = clock.ticks_ms()
        chip = target.pin.chip
        if not chip.ready and clock.ticks_diff(chip.due, now) > _COMMAND_PAUSE_MS:
            chip.due = clock.ticks_add(now, _COMMAND_PAUSE_MS)
        buffer = self.buffer
        buffer.put(target, action, value, clock.ticks_add(now, ttl_ms), tag)
        if chip.ready and 4 * len(buffer) >= 3 * buffer.end:
            self._set_crowded(True)
        self.wake()

    # -- the work -------------------------------------------------------------------------

    def step(self):
        """Do the most urgent thing, at most one transfer; return for how many ms to sleep then."""
        now = self._clock.ticks_ms()
        while self.buffer.expire(now):
            now = self._clock.ticks_ms()  # it took time to tell the targets
        if not self.stuck or self._clock.ticks_diff(self._recover_at, now) <= 0:
            self._serve_next(now)
        if self._crowded and (
            4 * len(self.buffer) <= self.buffer.end or self._commanded() is None
        ):
            self._set_crowded(False)
        return self._idle_ms()

    def _serve_next(self, now):
        chip = self._commanded()
        device = self._most_overdue(now)
        # Neither a flood of commands nor short poll intervals keep the other waiting.
        commands = chip is not None and (device is None or self._commands_turn)
        self._commands_turn = not commands
        if commands:
            device = chip
        elif device is None:
            return
        try:
            if self.stuck and self._recover:
                self._i2c = self._recover()
            if commands:
                self._write(chip, now)
            else:
                self._serve(device, now)
            device.suspect = self.stuck = False
        except OSError as e:
            self._failed(device, e, now)

    def _commanded(self):
        """Return the device of the oldest command that can be carried out, or None."""
        buffer = self.buffer
        slot = buffer.after(buffer.end)
        while slot != buffer.end:
            chip = buffer.targets[slot].pin.chip
            if chip.ready:
                return chip
            slot = buffer.after(slot)
        return None

    def _most_overdue(self, now):
        found = None
        longest = -1
        for device in self.devices:
            overdue = self._clock.ticks_diff(now, device.due)
            if overdue > longest:
                found = device
                longest = overdue
        return found

    def _idle_ms(self):
        now = self._clock.ticks_ms()
        if self.stuck:
            wait = self._clock.ticks_diff(self._recover_at, now)
        elif self._commanded() is not None:
            return 0
        else:
            wait = _FOREVER_MS
            for device in self.devices:
                wait = min(wait, self._clock.ticks_diff(device.due, now))
        expiry = self.buffer.wait_ms(now)
        return max(0, wait if expiry is None else min(wait, expiry))

    def _serve(self, device, now):
        if device.ready:
            if not device.service(now):
                self._disconnect(device, now)
                self._set_online(device, False)
        elif device.connect(now):
            device.ready = True
            device.pause_ms = FIRST_PAUSE_MS
            self._set_online(device, True)

    # -- commands -------------------------------------------------------------------------

    def _write(self, chip, now):
        """Carry out the oldest commands for `chip`, as many as one write can."""
        count = 0
        level = chip.level
        touched = 0
        buffer = self.buffer
        slot = buffer.after(buffer.end)
        while slot != buffer.end:
            pin = buffer.targets[slot].pin
            if pin.chip is chip:
                wanted = level_after(level, pin.mask, buffer.actions[slot])
                if (level ^ wanted) & touched:
                    break  # a second change of one pin: the first must be seen outside
                touched |= level ^ wanted
                level = wanted
                self._batch[count] = slot
                count += 1
            slot = buffer.after(slot)
        clock = self._clock
        if clock.ticks_ms() != now and buffer.wait_ms(clock.ticks_ms()) <= 0:
            return  # time has passed and one may have expired: begin again
        if level != chip.level:
            chip.write(level)
        self._report(chip, count)

    def _report(self, chip, count):
        """Take the commands of the batch out of the buffer and tell their targets."""
        buffer = self.buffer
        # All are taken out before any target is told: a target may put new commands.
        for i in range(count):
            buffer.detach(self._batch[i])
        told = 0
        try:
            while told < count:
                slot = self._batch[told]
                target, tag = buffer.targets[slot], buffer.tags.get(slot)
                chip.commanded(target.pin, buffer.actions[slot], buffer.values[slot])
                buffer.release(slot)
                told += 1
                target.applied(tag)
        finally:
            # Also when a target raises, no slot may be lost.
            for i in range(told, count):
                buffer.release(self._batch[i])

    def _set_crowded(self, crowded):
        if self._crowded is not crowded:
            self._crowded = crowded
            if self.on_crowded:
                self.on_crowded(crowded)

    # -- faults ---------------------------------------------------------------------------

    def _failed(self, device, error, now):
        self.errors += 1
        device.failed(now)
        if error.errno == errno.ETIMEDOUT:
            self._bus_failed(now)
        elif device.ready and not device.suspect:
            device.suspect = True
            self.retries += 1
        else:
            self.stuck = False
            self._disconnect(device, now)
            pause = device.pause_ms
            device.pause_ms = min(2 * pause, _LONGEST_PAUSE_MS)
            if len(self.buffer):
                pause = min(pause, _COMMAND_PAUSE_MS)
            device.due = self._clock.ticks_add(now, pause)
            self._set_online(device, False)

    def _bus_failed(self, now):
        """Nothing gets through: every device is connected anew when something does."""
        self._recover_at = now
        if self.stuck:
            self._recover_at = self._clock.ticks_add(now, _RECOVER_MS)
        for device in self.devices:
            self._disconnect(device, now)
            if self.stuck:
                self._set_online(device, False)
        if not self.stuck:
            self.stuck = True
            self.stuck_count += 1

    def _disconnect(self, device, now):
        device.ready = device.suspect = False
        device.due = now
        device.disconnected()

    def _set_online(self, device, online):
        if device.online is not online:
            device.online = online
            if device.on_online:
                device.on_online(online)

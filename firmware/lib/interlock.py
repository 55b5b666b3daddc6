# SPDX-License-Identifier: MIT
"""Groups of outputs of which at most one is ever on: break before make, across chips."""

import asyncio
import time

from command_buffer import OFF, ON, TOGGLE
from micropython import const

_LOOK_MS = const(20)  # how often a group is looked at while something waits
_RESTORE_MS = const(10000)  # for how long an output waits to be restored
_GAP_MS = const(100)


class Interlock:
    """One group; what `pin.interlock` of its members refers to.

    A member is switched on when all others are off on the bus, also those that a pulse or a
    command on its way would switch on, and the gap is over. The newest wish wins. A member whose
    chip does not answer counts as on: the wish is dropped then, with "interlocked".

    clock: `ticks_ms`, `ticks_add` and `ticks_diff` of this module or object.

    Attributes: `members`; `gap_ms`, from the last moment at which a member was on to the first at
    which another is, the largest that any member asks for; `complete`, whether all members are
    known: before, none is switched on; `on_clash`, function () or None that is told when several
    were found on, and are switched off.
    """

    def __init__(self, clock=time):
        self.clock = clock
        self.members = []
        self.gap_ms = 0
        self.complete = False
        self.on_clash = None
        self.turn = 0  # number of the newest wish
        self._wish = None
        self._later = None  # member that is to be restored when the others are known to be off
        self._until = 0
        self._event = asyncio.Event()

    def add(self, pin, gap_ms=None):
        """Make an output a member before its chip is connected; gap_ms: None for 100."""
        self.gap_ms = max(self.gap_ms, _GAP_MS if gap_ms is None else gap_ms)
        self.members.append(_Member(self, pin))
        pin.interlock = self
        chip = pin.chip
        chip.watches = list(chip.watches) + self.members[-1:]
        if self not in chip.guards:
            chip.guards = list(chip.guards) + [self]

    def start(self):
        """All members are known."""
        self.complete = True
        self._until = self.clock.ticks_add(self.clock.ticks_ms(), _RESTORE_MS)

    async def run(self):
        """Carry out what waits, until cancellation."""
        while True:
            self._event.clear()
            wait = self.update()
            if wait is None:
                await self._event.wait()
            else:
                await asyncio.sleep_ms(min(wait, _LOOK_MS))

    # -- in the way of the commands -------------------------------------------------------

    def submit(self, target, action, value, ttl_ms, tag):
        """Put a command for a member; arguments as of `BusWorker.submit`."""
        member = self._member(target.pin)
        wish = self._wish
        if action == TOGGLE:
            wished = wish is not None and wish.member is member
            action = OFF if wished or member.sent or member.on else ON
        if action == OFF:
            if wish is not None and wish.member is member:
                self.drop("replaced")
            self._later = None  # who commands knows better
            target.pin.chip.submit(target, OFF, value, ttl_ms, tag)
            return
        if not self.complete:
            target.dropped("interlocked", tag)
            return
        self._later = None
        self.drop("replaced")
        self.turn += 1
        deadline = self.clock.ticks_add(self.clock.ticks_ms(), ttl_ms)
        self._wish = wish = _Wish(member, target, action, value, deadline, tag)
        for other in self.members:
            if other is not member and (other.coming or not other.surely_off):
                other.off(ttl_ms, self.turn)
        if self._wish is wish:
            self.update()
            self._event.set()

    def drop(self, reason):
        """Give up the wish that waits, if there is one: "replaced", "interlocked", "expired"."""
        wish, self._wish = self._wish, None
        if wish is not None:
            wish.target.dropped(reason, wish.tag)

    def update(self):
        """Do what can be done now; return the ms until the next look, None if nothing waits."""
        now = self.clock.ticks_ms()
        wish = self._wish
        if wish is None:
            return self._restore(now)
        left = self.clock.ticks_diff(wish.deadline, now)
        wait = self._others_ms(wish.member, now, None)
        if left <= 0:
            self.drop("interlocked" if wait is None else "expired")
        elif wait is None or wait > 0:
            return left if wait is None else min(wait, left)
        else:
            self._wish = None
            wish.member.switch_on(wish.target, wish.action, wish.value, left, wish.tag)
        return None

    # -- when chips are connected ---------------------------------------------------------

    def allowed(self, chip, level, running):
        """Return `level` without the outputs of `chip` that must not be driven on now.

        running: mask of those that are on already.
        """
        now = self.clock.ticks_ms()
        for member in self.members:
            if member.pin.chip is chip and (member.on or chip.unsure):
                member.off_at = now  # unless it stays on, since some moment of the power loss
        # One that has been switched on goes on after a power loss: no other can have been since.
        if not self._wish:
            running |= chip.level or 0
        here = [m for m in self.members if m.pin.chip is chip and level & m.mask]
        for member in here:
            if not running & member.mask and not self._may_start(member, len(here), chip, now):
                level = member.without(level, now)
        old = [m for m in here if running & m.mask]
        elsewhere = [m for m in self.members if m.pin.chip is not chip and m.on]
        if old and len(old) + len(elsewhere) > 1:
            for member in old:
                level = member.without(level, now)
            for member in elsewhere:
                member.off(member.pin.chip.ttl_ms, -1)
            if self.on_clash:
                self.on_clash()
        return level

    def _may_start(self, member, count, chip, now):
        """Return whether `member` may be driven on with its chip; if not, it may be so later.

        count: how many of the group are to be on at that chip.
        """
        if count > 1 or self._wish:
            return False
        if self._others_ms(member, now, chip) == 0:
            return True
        self._later = member
        self._until = self.clock.ticks_add(now, _RESTORE_MS)
        self._event.set()
        return False

    # -- parts ----------------------------------------------------------------------------

    def _member(self, pin):
        for member in self.members:
            if member.pin.chip is pin.chip and member.mask == pin.mask:
                return member
        raise ValueError("the pin is not in the group")

    def _others_ms(self, member, now, chip):
        """Return the ms until the others have been off for the gap, None while they may be on.

        chip: is just being connected, so that what its outputs are going to be is known.
        """
        if not self.complete:
            return None
        wait = 0
        for other in self.members:
            if other is member:
                continue
            if other.coming or (other.pin.chip is not chip and not other.surely_off):
                return None
            passed = self.clock.ticks_diff(now, other.off_at)
            if 0 <= passed < self.gap_ms:
                wait = max(wait, self.gap_ms - passed)
        return wait

    def _restore(self, now):
        member = self._later
        if member is None:
            return None
        if not self.complete:
            return _LOOK_MS
        wait = self._others_ms(member, now, None)
        if wait == 0:
            self._later = None
            user = member.pin.chip.users[member.pin.number] or member.pin
            member.switch_on(user, ON, 0, member.pin.chip.ttl_ms, None)
        elif self.clock.ticks_diff(self._until, now) <= 0:
            self._later = None
        return wait or _LOOK_MS


class _Wish:
    """An output that is to be switched on as soon as it may."""

    def __init__(self, member, target, action, value, deadline, tag):
        self.member = member
        self.target = target
        self.action = action
        self.value = value
        self.deadline = deadline
        self.tag = tag


class _Member:
    """One output of a group; the target of the commands that switch it off for another."""

    def __init__(self, group, pin):
        self.pin = pin
        self.mask = pin.mask
        self.sent = 0  # commands that switch it on and are on their way
        # What was before the start of the node is not known.
        self.off_at = group.clock.ticks_ms()
        self._group = group
        self._was_on = False
        self._news = False

    @property
    def on(self):
        return bool(self.pin.chip.level and self.pin.chip.level & self.mask)

    @property
    def coming(self):
        """Whether something is going to switch it on."""
        pulses = self.pin.chip.pulses
        return self.sent or (pulses and pulses.running & self.mask)

    @property
    def surely_off(self):
        chip = self.pin.chip
        return chip.level is not None and not chip.unsure and not self.on

    def off(self, ttl_ms, turn):
        try:
            self.pin.chip.submit(self, OFF, 0, ttl_ms, turn)
        except ValueError:  # pins of the node itself that did not start
            self.dropped("", turn)

    def switch_on(self, target, action, value, ttl_ms, tag):
        self.sent += 1
        self.pin.chip.submit(_Sent(self, target, tag), action, value, ttl_ms, None)

    def without(self, level, now):
        """Return `level` with this output off, and let no pulse switch it on again."""
        if self.pin.chip.pulses:
            self.pin.chip.pulses.commanded(self.mask, OFF, 0, now)
        return level & ~self.mask

    # As a watch of the chip: not the time for commands.

    def changed(self):
        on = self.on
        if not on:
            # Also if it was not known to be on: a write may have failed and yet been taken.
            self.off_at = self._group.clock.ticks_ms()
            self._news = self._news or self._was_on
        self._was_on = on

    # As a target.

    def applied(self, tag):
        user = self.pin.chip.users[self.pin.number]
        if self._news and user is not None:
            self._news = False
            user.changed()
        self._group.update()

    def dropped(self, reason, tag):
        if tag == self._group.turn:
            self._group.drop("interlocked")


class _Sent:
    """The target of a command that switches a member on."""

    def __init__(self, member, target, tag):
        self.pin = member.pin
        self._member = member
        self._target = target
        self._tag = tag

    def applied(self, tag):
        self._member.sent -= 1
        self._target.applied(self._tag)

    def dropped(self, reason, tag):
        self._member.sent -= 1
        self._target.dropped(reason, self._tag)

# SPDX-License-Identifier: MIT
"""Pins as objects, wherever they are: of an expander or of the node's own chip."""

from command_buffer import OFF, ON, TOGGLE


class Pin:
    """A pin with the interface of `machine.Pin` as far as it goes.

    chip: what it belongs to. It has `level`, the bits of all its pins as a person sees them (1 is
    on), None while unknown; `outputs`, a mask; `users`, for each pin whoever owns it; `ttl_ms`;
    `watches`, the PinIrq of its pins; and `submit`, with the arguments of `Pin.submit`.
    number: the place in `users`.

    An output changes when the bus has carried out the command, so `value()` right after `on()`
    is still the old one.

    Attributes: `chip`; `mask`, its bit; `interlock`, through which its commands go, or None.
    """

    interlock = None

    def __init__(self, chip, number):
        self.chip = chip
        self.mask = 1 << number

    @property
    def number(self):
        """Its place among the pins of its chip."""
        number = 0
        while self.mask >> number != 1:
            number += 1
        return number

    def value(self, level=None):
        """Return 1 or 0, None while the chip has not answered yet; with `level`: set the output.

        Raises ValueError when an input is to be set.
        """
        if level is not None:
            self._command(ON if level else OFF)
        elif self.chip.level is not None:
            return 1 if self.chip.level & self.mask else 0
        return None

    __call__ = value

    def on(self):
        """Switch on."""
        self._command(ON)

    def off(self):
        """Switch off."""
        self._command(OFF)

    def toggle(self):
        """Change the level."""
        self._command(TOGGLE)

    def _command(self, action):
        # The user is the target, so that an entity shows what others do with its pin.
        self.submit(self.chip.users[self.number] or self, action, 0, None, None)

    def submit(self, target, action, value, ttl_ms, tag):
        """Put a command for this pin; `target`, whose `pin` this is, is told of its end.

        Arguments as of `BusWorker.submit`; ttl_ms None: that of the chip. Raises ValueError when
        the pin is no output.
        """
        chip = self.chip
        if not chip.outputs & self.mask:
            raise ValueError("an input cannot be set")
        (self.interlock or chip).submit(target, action, value, ttl_ms or chip.ttl_ms, tag)

    def irq(self, handler=None, trigger=3):
        """Call `handler(pin)` after each debounced change of the level, by whatever it changed.

        trigger: 1 when it becomes on (`machine.Pin.IRQ_RISING`), 2 when it becomes off
        (`IRQ_FALLING`), 3 for both. A pin can have several handlers. Returns an object whose
        `stop()` ends it; with no handler: ends all of this pin.
        """
        from pin_irq import irq

        return irq(self, handler, trigger)

    def take(self, user):
        """Give the pin to `user`, which is told by `changed()` when its level changes by itself.

        user: has `pin`, which is this pin, `applied(tag)`, `dropped(reason, tag)` and `changed()`.
        Raises ValueError when somebody else has the pin.
        """
        users = self.chip.users
        if users[self.number] is not self:
            raise ValueError("it is used already")
        users[self.number] = user

    # A pin is the target of its own commands and its own user; nobody waits for the outcome.

    @property
    def pin(self):
        return self

    def changed(self, *_):
        """Does nothing."""

    applied = dropped = changed

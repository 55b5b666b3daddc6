# SPDX-License-Identifier: MIT
"""Functions that are called when the level of a pin changes: any number for each pin."""

import asyncio


class PinIrq:
    """One function at one pin, from `irq` until `stop`."""

    def __init__(self, pin, handler, trigger):
        self.pin = pin
        self.mask = pin.mask
        self._handler = handler
        self._trigger = trigger
        self._was = pin.value()

    def changed(self):
        """The level of the pin may have changed."""
        value = self.pin.value()
        was, self._was = self._was, value
        # A level that was unknown has not changed.
        if was is None or value == was or not self._trigger & (1 if value else 2):
            return
        call(self._handler, self.pin)

    def stop(self):
        """Call the function no more."""
        chip = self.pin.chip
        # A new list, because a handler that ends itself is called from a loop over the old one.
        chip.watches = [watch for watch in chip.watches if watch is not self]


def call(handler, argument):
    """Call a handler; what it raises is reported, because it must not stop the bus."""
    try:
        handler(argument)
    except Exception as e:  # noqa: BLE001 it is the function of a stranger
        context = {"message": "a handler of a pin failed", "exception": e, "future": None}
        asyncio.get_event_loop().call_exception_handler(context)


def irq(pin, handler, trigger):
    """Do what `Pin.irq` describes."""
    chip = pin.chip
    if handler is None:
        chip.watches = [watch for watch in chip.watches if watch.mask != pin.mask]
        return None
    watch = PinIrq(pin, handler, trigger)
    chip.watches = list(chip.watches) + [watch]
    return watch

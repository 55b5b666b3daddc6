# SPDX-License-Identifier: MIT
"""Directions of an MCP23017 that are changed while the node runs, and kept over a restart.

Imported when the first is changed, and by a chip of which some are kept.
"""

import asyncio
import binascii
import errno
from time import ticks_diff, ticks_ms

from command_buffer import OFF
from expander import UNSAFE_INPUTS
from micropython import const
from pin_access import owner
from pin_irq import PinIrq
from pins import Pin

_LIMIT_MS = const(1500)


class Directions:
    """Those of one chip. component: its MCP23017 with the table applied."""

    def __init__(self, component):
        self._component = component
        self._chip = chip = component.chip
        self._outputs = chip.outputs  # as the table has them
        self._inputs = chip.inputs

    def restore(self):
        """Turn the pins that were turned when the node ran last, before the chip is connected."""
        component = self._component
        crc, turned = _checked(component.node.kept(_key(component)))
        if crc != _crc():
            component.node.keep(_key(component), None)
            component.node.log.info(component.name, "directions are as components.json now says")
            return
        for number in range(16):
            if turned >> number & 1:
                output = not self._outputs >> number & 1
                if not self._fault(number, output):
                    self._turn(number, output)

    async def turn(self, number, output):
        """Make a pin an output, which is off, or an input; returns when the chip has it.

        Raises ValueError when that cannot be.
        """
        chip = self._chip
        if output == self._is_output(number, output):
            return
        fault = self._fault(number, output)
        if fault:
            raise ValueError(fault)
        if not chip.ready:
            raise ValueError("it does not answer")
        level = chip.level
        self._turn(number, output)
        if not await self._connect():
            self._turn(number, not output)
            chip.level = level
            raise ValueError("it does not answer; the direction is left as it was")
        turned = chip.outputs ^ self._outputs
        self._component.node.keep(_key(self._component), [_crc(), turned] if turned else None)

    def _is_output(self, number, wanted):
        chip = self._chip
        if chip.users[number] is None and not wanted:
            # Without function, and all the same an output where an input could disturb the bus.
            return bool(UNSAFE_INPUTS >> number & 1)
        return bool(chip.outputs >> number & 1)

    def _fault(self, number, output):
        """Return why a pin cannot be turned, None if it can."""
        mask = 1 << number
        user = self._chip.users[number]
        if user is not None and not isinstance(user, Pin):
            return "it belongs to %s" % owner(user)
        if user is not None and user.interlock:
            return "it is in an interlock"
        if any(isinstance(w, PinIrq) and w.mask == mask for w in self._chip.watches):
            return "another component watches it"
        if not output and UNSAFE_INPUTS & mask & ~self._inputs:
            return (
                "%d cannot be an input: a change during a read can corrupt the bus;"
                ' "allow_unsafe_input" of an input in the pin table overrides this' % number
            )
        if _commanded(self._chip, mask):
            return "commands for %d wait" % number
        return None

    def _turn(self, number, output):
        """Make a pin what it is to be, for the next connection of the chip."""
        chip = self._chip
        mask = 1 << number
        if chip.level is not None:
            if not output:
                chip.commanded(chip.users[number], OFF, 0)  # ends a pulse
            chip.level &= ~mask
        if output:
            chip.inputs &= ~mask
            chip.outputs |= mask
            if chip.users[number] is None:
                chip.users[number] = Pin(chip, number)
            return
        chip.outputs &= ~mask
        if self._inputs & mask:
            chip.inputs |= mask
        else:
            user, chip.users[number] = chip.users[number], None
            if self._outputs & mask:
                chip.input(number, user)

    async def _connect(self):
        """Have the chip connected anew: latch before direction; return whether it was."""
        chip = self._chip
        chip.ready = False
        chip.disconnected()
        chip.due = start = ticks_ms()
        chip.bus.wake()
        while not chip.ready and ticks_diff(ticks_ms(), start) < _LIMIT_MS:
            await asyncio.sleep_ms(5)
        return chip.ready


def of(component):
    """Return the Directions of a component, made at the first call."""
    chip = component.chip
    if not hasattr(chip, "directions"):
        chip.directions = Directions(component)
    return chip.directions


def _checked(kept):
    """Return what was kept, [None, 0] for what cannot be that."""
    if isinstance(kept, list) and len(kept) == 2 and all(isinstance(n, int) for n in kept):
        return kept
    return [None, 0]


def _key(component):
    return "directions " + component.name


def _commanded(chip, mask):
    """Return whether commands for a pin wait."""
    buffer = chip.bus.buffer
    slot = buffer.after(buffer.end)
    while slot != buffer.end:
        pin = buffer.targets[slot].pin
        if pin.chip is chip and pin.mask == mask:
            return True
        slot = buffer.after(slot)
    return False


def _crc():
    """Return a checksum of components.json, 0 if there is none."""
    crc = 0
    part = bytearray(64)
    try:
        with open("components.json", "rb") as f:
            size = f.readinto(part)
            while size:
                crc = binascii.crc32(memoryview(part)[:size], crc)
                size = f.readinto(part)
    except OSError as e:
        if e.errno != errno.ENOENT:
            raise
    return crc

# SPDX-License-Identifier: MIT
"""How an Expander brings its chip from whatever state into ours. Not kept in memory."""

import sys


def steps(expander, now):
    """Yield between the transfers that it takes; at the end the chip is as it is to be.

    now: ticks. A part of `Expander.connect`. Passes the OSError of a transfer.
    """
    chip = expander._chip
    inputs = expander.inputs
    unclaimed = 0xFFFF & ~(expander.outputs | inputs)
    pulled = unclaimed & ~expander._unsafe
    interrupts = inputs if expander.reader and expander.reader.line else 0
    chip.configure(inputs | pulled, expander._pull_ups | pulled, interrupts)
    kept = _kept(expander, now)
    chip.read()
    expander.level = _wanted_level(expander, kept)
    latch = expander._latch(expander.level)
    if not chip.seen_configured() or chip.seen_latch() != latch:
        yield
        yield from chip.setup(latch)
    chip.latch = latch
    # Chips that begin together share this module; the first that is done forgets it.
    sys.modules.pop("expander_connect", None)


def _kept(expander, now):
    """Return the level before the chip was lost, without the pulses that are over."""
    level = expander.level
    if level is None:
        return expander.last
    pulses = expander.pulses
    return level & pulses.wanted(level, now) if pulses else level


def _wanted_level(expander, kept):
    """Return the level that the chip, as it was read, is to have."""
    chip = expander._chip
    ours = chip.seen_ours()
    driven = expander.outputs & ~chip.seen_inputs() if ours else 0
    running = (chip.seen_latch() ^ expander.inverted) & driven
    if not ours:
        level = kept & ~expander._restore_off | expander._restore_on
    elif expander.level is not None:
        level = expander.level
    else:
        level = (running | expander._restore_on & ~driven) & ~expander._always_off
    for guard in expander.guards:
        level = guard.allowed(expander, level, running)
    return level

# SPDX-License-Identifier: MIT
"""Outputs that a device has for itself, GPIOs or pins of a table. Needed at its start and end."""

from components.entities.part import Part
from node.component import ConfigError


def take(component, entity, given, invert):
    """Let only `entity` command outputs; return (NativePins of the GPIOs or None, key -> Pin).

    given: (key of the argument, a Pin or the number of a GPIO). invert: a GPIO is low when on.
    Raises ConfigError, with none of them taken.
    """
    pins = None
    if any(isinstance(pin, int) for _, pin in given):
        from components.machine.native import NativePins  # a pin of a table does without

        pins = NativePins(component)
    outputs = {}
    try:
        for key, pin in given:
            if pins:
                pin = pins.output(pin, key, invert)  # noqa: PLW2901 what is a Pin stays one
            if not hasattr(pin, "take"):
                raise ValueError("must be the number of a GPIO or refer to an output")
            if not pin.chip.outputs & pin.mask:
                raise ValueError("it is no output")
            pin.take(Part(entity, pin))
            outputs[key] = pin
    except ValueError as e:
        give_back(pins, outputs)
        raise ConfigError(str(e), key)
    return pins, outputs


def give_back(pins, outputs):
    """Let others have what `take` has returned."""
    for pin in outputs.values():
        pin.chip.users[pin.number] = pin
    if pins:
        pins.stop()

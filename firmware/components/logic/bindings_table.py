# SPDX-License-Identifier: MIT
"""Puts the rows of Bindings to work, and says of each what is wrong with it."""

import schema  # the loader has it already, and forgets it
from import_once import import_once
from presses import presses

from components.logic.bindings import Binding, PinOutput
from node.component import ConfigError


def build(component, rows):
    """Bind inputs to outputs; return a list of what has `stop()`, which ends a binding.

    Faults are reported to `node.fault`; the row does nothing then.
    """
    spec = import_once("components.logic.bindings_args").ROW
    ends = []
    for i, row in enumerate(rows):
        path = "rows[%d]" % i
        faults = schema.check(row, spec, path)
        if not faults:
            schema.apply(row, spec)
            try:
                ends += _bind(component, row)
            except ConfigError as e:
                faults.append("%s.%s: %s" % (path, e.key, e))
        for fault in faults:
            component.node.fault(component.name, "check", fault)
    return ends


def _bind(component, row):
    """Return what ends the binding of one row, nothing if it has a fault that is known."""
    for key in ("input", "output"):
        if isinstance(row[key], str):
            return ()  # the loader has said why
    pin = row["input"]
    _check_input(pin)
    output = _output(component.node, row["output"], pin)
    offline = row["if"] == "offline"
    value = row.get("pulse")
    if value and row["do"] != "pulse":
        raise ConfigError('goes with "do": "pulse"', "pulse")
    if row["do"] == "follow":
        if "when" in row:
            raise ConfigError('"follow" acts on every edge', "when")
        on, off = _action(output, "on"), _action(output, "off")
        binding = Binding(component, output, on, off, None, offline)
        return (pin.irq(binding.follow),)
    binding = Binding(component, output, _action(output, row["do"]), None, value, offline)
    return (presses(component.node, pin).add(row.get("when", "press"), binding.pressed),)


def _check_input(pin):
    if not hasattr(pin, "irq"):
        raise ConfigError("expected a pin such as @chip.8", "input")
    if not pin.chip.inputs & pin.mask:
        raise ConfigError("it is an output", "input")


def _output(node, target, pin):
    """Return what has `words` and `command` for the output `target` of a row."""
    if not hasattr(target, "chip"):
        entities = [target]
        if not hasattr(target, "words"):
            # A component with a single entity that takes commands stands for that.
            entities = [e for e in node.entities.values() if e.component is target and e.words]
        if len(entities) == 1 and entities[0].words:
            return entities[0]
        text = "expected a pin such as @chip.3, or an entity such as @chip.shutter"
        raise ConfigError(text, "output")
    chip = target.chip
    if chip is pin.chip and target.mask == pin.mask:
        raise ConfigError("it is the input itself", "output")
    if not chip.outputs & target.mask:
        raise ConfigError("it is an input", "output")
    user = chip.users[target.number]
    # The user is commanded, so that it shows what the binding does.
    if getattr(user, "words", None):
        return user
    if user.pin is user:
        return PinOutput(user)
    raise ConfigError("it is part of something that must be named in its place", "output")


def _action(output, do):
    """Return the action of the word `do`."""
    words = output.words
    action = words.get(do.upper().encode())
    if action is None and do == "stop":
        action = words.get(b"OFF")  # what ends a pulse
    if action is None:
        known = {word.decode().lower() for word in words}
        known.update(("follow",) if b"ON" in words else ())
        raise ConfigError('unknown value "%s"%s' % (do, schema.suggest(do, known)), "do")
    return action

# SPDX-License-Identifier: MIT
"""Puts the rows of Bindings to work, and says of each what is wrong with it."""

from import_once import import_once

from components.logic.bindings import Binding
from node.component import ConfigError

_schema = import_once("schema")
_outputs = import_once("components.logic.outputs")


def build(component, rows):
    """Bind inputs to outputs; return a list of what has `stop()`, which ends a binding.

    Faults are reported to `node.fault`; the row does nothing then.
    """
    spec = import_once("components.logic.bindings_args").ROW
    ends = []
    for i, row in enumerate(rows):
        path = "rows[%d]" % i
        faults = _schema.check(row, spec, path)
        if not faults:
            _schema.apply(row, spec)
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
    _check_output(row["output"], pin)
    output = _outputs.output_of(component.node, row["output"])
    offline = row["if"] == "offline"
    value = row.get("pulse")
    if value and row["do"] != "pulse":
        raise ConfigError('goes with "do": "pulse"', "pulse")
    if row["do"] == "follow":
        if "when" in row:
            raise ConfigError('"follow" acts on every edge', "when")
        on, off = _outputs.action_of(output, "on"), _outputs.action_of(output, "off")
        binding = Binding(component, output, on, off, None, offline)
        return (pin.irq(binding.follow),)
    binding = Binding(
        component, output, _outputs.action_of(output, row["do"]), None, value, offline
    )
    kind = row.get("when", "press")
    if kind == "press":
        # That is the edge: what tells presses apart is not needed for it.
        return (pin.irq(binding.pressed, 1),)
    from presses import presses

    return (presses(component.node, pin).add(kind, binding.pressed),)


def _check_input(pin):
    if not hasattr(pin, "irq"):
        raise ConfigError("expected a pin such as @chip.8", "input")
    if not pin.chip.inputs & pin.mask:
        raise ConfigError("it is an output", "input")


def _check_output(target, pin):
    if hasattr(target, "mask") and target.chip is pin.chip and target.mask == pin.mask:
        raise ConfigError("it is the input itself", "output")

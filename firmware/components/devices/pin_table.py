# SPDX-License-Identifier: MIT
"""Makes entities of the pin table of an expander, and says of each pin what is wrong with it."""

import schema  # the loader has it already, and forgets it
from expander import UNSAFE_INPUTS
from import_once import import_once
from micropython import const
from pins import Pin

from node.component import ConfigError

_LETTERS = const("abcdefghijklmnopqrstuvwxyz0123456789")


def build(component, chip, rows):
    """Claim the pins of `chip` for what `rows` say and add the entities to the component's node.

    Faults are reported to `node.fault`; the pin is left alone then. The rows are taken out of the
    list on the way: their memory is for the entities.
    """
    table = _PinTable(component, chip)
    for i, row in enumerate(rows):
        table.add(row, "pins[%d]" % i)
        rows[i] = None


class _PinTable:
    def __init__(self, component, chip):
        self._component = component
        self._chip = chip
        self._spec = import_once("components.devices.mcp23017_args").PIN
        self._rows = [None] * 16  # for each pin the path of its row

    def add(self, row, path):
        faults = schema.check(row, self._spec, path)
        if not faults:
            try:
                self._add(row, path)
            except ConfigError as e:
                faults.append("%s.%s: %s" % (path, e.key, e))
        for fault in faults:
            self._component.node.fault(self._component.name, "check", fault)

    def _add(self, row, path):
        kind = row["type"]
        cls = None if kind in ("output", "input") else _entity_class(kind)
        drives = cls.drives if cls else kind == "output"
        self._check_keys(row, drives)
        schema.apply(row, self._spec)
        number = self._number(row, drives)
        pin = user = Pin(self._chip, number)
        if cls:
            user = _entity(cls, row, number, pin)
            try:
                self._component.node.add_entity(self._component, user)
            except ValueError as e:
                raise ConfigError(str(e), "id")
        if drives:
            restore = row.get("restore") or (cls.restore if cls else "adopt")
            self._chip.output(number, user, row["invert"], restore)
        else:
            self._chip.input(number, user, row["invert"], row["pull_up"], row["debounce"])
        self._rows[number] = path
        self._apply(row, user)

    def _apply(self, row, user):
        """Let the modules carry out what the row asks for beyond the common."""
        keys = self._spec["keys"]
        for by in sorted({keys[key]["by"] for key in row if "by" in keys[key]}):
            module = __import__("components.pins." + by, None, None, ("apply",))
            module.apply(self._component, user, row)

    def _check_keys(self, row, drives):
        wrong = "input" if drives else "output"
        for key in row:
            if self._spec["keys"][key].get("for") == wrong:
                raise ConfigError("only an %s has this" % wrong, key)

    def _number(self, row, drives):
        number = _pin_number(row["pin"])
        if not drives and UNSAFE_INPUTS >> number & 1 and not row["allow_unsafe_input"]:
            text = (
                "%s cannot be an input: a change during a read can corrupt the bus, so the data"
                ' sheet has it as an output only since 2022; "allow_unsafe_input" overrides this'
            )
            raise ConfigError(text % row["pin"], "pin")
        if self._rows[number]:
            raise ConfigError("%s is used by %s already" % (row["pin"], self._rows[number]), "pin")
        return number


def _pin_number(pin):
    number = pin
    if isinstance(pin, str) and len(pin) == 4 and pin[:3] in ("GPA", "GPB") and pin[3].isdigit():
        number = int(pin[3]) + (8 if pin[2] == "B" else 0) if int(pin[3]) < 8 else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= 15:
        text = "%s is not a pin of an MCP23017 (0..15 or GPA0..GPB7)"
        raise ConfigError(text % pin, "pin")
    return number


def _entity_class(kind):
    name = "".join([word[0].upper() + word[1:] for word in kind.split("_")])
    return getattr(__import__("components.entities." + kind, None, None, (name,)), name)


def _entity(cls, row, number, pin):
    options = {}
    for key, short in (("device_class", "dev_cla"), ("icon", "ic")):
        if key in row:
            options[short] = row[key]
    name = row.get("name")
    object_id = row.get("id") or _slug(name or "") or "pin%d" % number
    entity = cls(object_id, name, options, pin)
    # An entity that has the default uses that of its class, which costs no memory.
    if "pulse" in row:
        entity.pulse_ms = row["pulse"]
    if "ttl" in row:
        entity.ttl_ms = row["ttl"]
    return entity


def _slug(name):
    """Return `name` in lower case with `_` for everything but letters and digits."""
    words = "".join([c if c in _LETTERS else " " for c in name.lower()])
    return "_".join(words.split())

# SPDX-License-Identifier: MIT
"""Makes entities of the rows of a pin table, and says of each row what is wrong with it.

A row has one pin, `pin`. Its type may bring further keys: `KEYS` in
`components/entities/<type>_args.py` describes them; None there takes a common key away. A key
with "claim", which is "output" or "input", is a further pin of the row, or a list of them. It is
written as `pin` is, as a reference to a pin of another table, or, to say more of it, as an object
such as {"pin": 5, "invert": true}. The class of the type then has `set_up(row, parts)`, called
when all pins are claimed; parts: the Part of each such key that the row has, or the list of them.
"""

import schema  # the loader has it already, and forgets it
from import_once import import_once
from pins import Pin

from node.component import ConfigError

_make = import_once("components.entities.make")


def build(component, chip, rows):
    """Claim the pins of `chip` for what `rows` say and add the entities to the component's node.

    Faults are reported to `node.fault`; the pins of the row are left alone then. The rows are
    taken out of the list on the way: their memory is for the entities.
    """
    PinTable(component, chip, import_once("components.devices.mcp23017_args").PIN).build(rows)


class _Claim:
    """One pin of a row. options: what is said of it. number: None for a reference."""

    def __init__(self, key, options, number, pin, drives):
        self.key = key
        self.options = options
        self.number = number
        self.name = pin if number is None else number
        self.pin = pin
        self.drives = drives
        self.user = pin


class PinTable:
    """The table of one chip; those of other chips have other pin numbers.

    spec: what describes a row.
    """

    def __init__(self, component, chip, spec):
        self._component = component
        self._chip = chip
        self._spec = spec
        self._specs = {}  # type -> what describes its rows
        self._rows = {}  # what a person calls the pin, or the pin that was referred to -> its row

    def build(self, rows, name="pins"):
        """Do what the function `build` describes. name: of the argument that has the rows."""
        for i, row in enumerate(rows):
            self._add_row(row, "%s[%d]" % (name, i))
            rows[i] = None

    def _add_row(self, row, path):
        spec = self._describe(row)
        faults = schema.check(row, spec, path)
        if not faults and not _is_lost(row, spec["keys"]):
            try:
                self._add(row, spec["keys"], path)
            except ConfigError as e:
                faults.append("%s.%s: %s" % (path, e.key, e))
        for fault in faults:
            self._component.node.fault(self._component.name, "check", fault)

    def _describe(self, row):
        """Return what describes a row of its type."""
        kind = row.get("type") if isinstance(row, dict) else None
        if kind not in self._spec["keys"]["type"]["choices"]:
            return self._spec
        if kind not in self._specs:
            self._specs[kind] = _make.describe(self._spec, kind)
        return self._specs[kind]

    def _add(self, row, keys, path):
        kind = row["type"]
        cls = None if kind in ("output", "input") else _make.entity_class(kind)
        drives = cls.drives if cls else kind == "output"
        _check_keys(row, keys, drives)
        schema.apply(row, {"keys": keys})
        claims = [self._resolve("pin", row, drives, ())]
        parts = {}
        if cls:
            entity = claims[0].user = _make.entity(cls, row, claims[0].pin, claims[0].number)
            parts = self._parts(row, keys, claims, entity)
        try:
            self._set_up(row, claims, parts, cls)
        except ValueError as e:
            self._take_back(claims)
            raise e if isinstance(e, ConfigError) else ConfigError(str(e), "id")
        for claim in claims:
            self._rows[claim.name] = path if claim.key == "pin" else path + "." + claim.key

    def _parts(self, row, keys, claims, entity):
        """Resolve the further pins of a row, add them to `claims`, and return their Parts."""
        parts = {}
        for key in sorted(keys):
            known = keys[key].get("item", keys[key])
            if key not in row or "claim" not in known:
                continue
            from components.entities.part import Part

            several = isinstance(row[key], list)
            parts[key] = []
            for i, value in enumerate(row[key] if several else [row[key]]):
                options = value
                if not isinstance(value, dict):
                    options = schema.apply({"pin": value}, known)
                if "invert" not in options:
                    options["invert"] = row.get("invert") if known["claim"] == "output" else False
                where = "%s[%d]" % (key, i) if several else key
                claim = self._resolve(where, options, known["claim"] == "output", claims)
                claim.user = Part(entity, claim.pin)
                claims.append(claim)
                parts[key].append(claim.user)
            if not several:
                parts[key] = parts[key][0]
        return parts

    def _resolve(self, key, options, drives, claims):
        """Return the claim of a pin that is free, also among `claims`, and can be what it must."""
        pin = options["pin"]
        number = None
        try:
            if isinstance(pin, Pin):
                if key == "pin" and self._chip:
                    raise ConfigError("pins of other tables are for a Table")
                self._check_free(pin, "it", claims)
                _check_reference(pin, drives)
            elif type(pin) not in (int, str, bool):
                raise ConfigError("expected a pin")
            else:
                number = self._number(options)
                self._check_free(number, pin, claims)
                self._check_pin(number, options, drives)
                before = len([claim for claim in claims if claim.number is not None])
                pin = Pin(self._chip, self._place(number, before))
        except ConfigError as e:
            raise ConfigError(str(e), key)
        return _Claim(key, options, number, pin, drives)

    def _check_free(self, name, shown, claims):
        other = self._rows.get(name)
        for claim in claims:
            if claim.name == name:
                other = claim.key
        if other:
            raise ConfigError("%s is used by %s already" % (shown, other))

    def _set_up(self, row, claims, parts, cls):
        user = claims[0].user
        if cls:
            self._component.node.add_entity(self._component, user)
        for claim in claims:
            if claim.number is None:
                claim.pin.take(claim.user)
                continue
            restore = None
            if claim.drives:
                restore = row.get("restore") or (cls.restore if cls else "adopt")
            self._claim(claim.pin.number, claim.user, claim.options, restore)
        try:
            self._apply(row, user)
            if hasattr(cls, "set_up"):
                user.set_up(row, parts)
        except ValueError:
            # Not all that was done to the pins is undone, so nobody else gets them.
            for claim in claims:
                self._rows[claim.name] = "a row with a fault"
            raise
        for claim in claims:
            if claim.number is None:
                claim.user.changed()  # its level may be known already

    def _take_back(self, claims):
        user = claims[0].user
        entities = self._component.node.entities
        for key in tuple(entities):
            entity = entities[key]
            if entity is user or getattr(entity, "owner", None) is user:
                del entities[key]
        for claim in claims:
            pin = claim.pin
            chip = pin.chip
            if chip.users[pin.number] is claim.user:
                if claim.number is None:
                    chip.users[pin.number] = pin
                else:
                    chip.users[pin.number] = None
                    chip.outputs &= ~pin.mask
                    chip.inputs &= ~pin.mask

    def _apply(self, row, user):
        """Let the modules carry out what the row asks for beyond the common."""
        keys = self._spec["keys"]
        known = [(keys[key], row[key]) for key in row if "by" in keys.get(key, ())]
        # "when": the only value that needs the module.
        for by in sorted({k["by"] for k, value in known if k.get("when", value) == value}):
            module = __import__("components.pins." + by, None, None, ("apply",))
            module.apply(self._component, user, row)

    # -- what depends on the chip ---------------------------------------------------------

    def _number(self, row):
        """Return the number of the pin that a person names."""
        return _pin_number(row["pin"])

    def _check_pin(self, number, row, drives):
        """Raise ConfigError when the pin cannot be what it is to be."""
        from expander import UNSAFE_INPUTS  # tables of other pins do without

        if not drives and UNSAFE_INPUTS >> number & 1 and not row["allow_unsafe_input"]:
            text = (
                "%s cannot be an input: a change during a read can corrupt the bus, so the data"
                ' sheet has it as an output only since 2022; "allow_unsafe_input" overrides this'
            )
            raise ConfigError(text % row["pin"], "pin")

    def _place(self, number, before):
        """Return the place of the pin among those of its chip.

        before: how many pins the row has that are going to be claimed before it.
        """
        return number

    def _claim(self, place, user, row, restore):
        """Make the pin an output of `user`, or an input, which has no `restore`."""
        if restore:
            self._chip.output(place, user, row["invert"], restore)
        else:
            self._chip.input(place, user, row["invert"], row["pull_up"], row["debounce"])


def _check_keys(row, keys, drives):
    wrong = "input" if drives else "output"
    for key in row:
        if keys[key].get("for") == wrong:
            raise ConfigError("only an %s has this" % wrong, key)
    for key, value in _pins(row, keys):
        if isinstance(value, dict) and isinstance(value["pin"], Pin) and len(value) > 1:
            raise ConfigError("more of this pin is said in its own table", key)


def _pins(row, keys):
    """Yield (key, what stands there) for each pin of a row."""
    yield "pin", row["pin"]
    for key in row:
        if "claim" in keys[key].get("item", keys[key]):
            for value in row[key] if isinstance(row[key], list) else [row[key]]:
                yield key, value


def _is_lost(row, keys):
    """Return whether a reference leads nowhere, as the loader has said already."""
    for _, value in _pins(row, keys):
        pin = value["pin"] if isinstance(value, dict) else value
        if isinstance(pin, str) and pin[:1] == "@":
            return True
    return False


def _check_reference(pin, drives):
    if pin.chip.users[pin.number] is not pin:
        raise ConfigError("it is used already; its own table must have it as output or input")
    if bool(pin.chip.outputs & pin.mask) is not drives:
        raise ConfigError("it is no %s" % ("output" if drives else "input"))


def _pin_number(pin):
    number = pin
    if isinstance(pin, str) and len(pin) == 4 and pin[:3] in ("GPA", "GPB") and pin[3].isdigit():
        number = int(pin[3]) + (8 if pin[2] == "B" else 0) if int(pin[3]) < 8 else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= 15:
        text = "%s is not a pin of an MCP23017 (0..15 or GPA0..GPB7)"
        raise ConfigError(text % pin, "pin")
    return number

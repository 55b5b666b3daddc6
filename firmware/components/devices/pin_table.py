# SPDX-License-Identifier: MIT
"""Makes entities of the rows of a pin table that `pin_rows.py` has prepared.

The class of the type of a row with further pins has `set_up(row, parts)`, called when all pins are
claimed; parts: the Part of each such key that the row has, or the list of them.
"""

from micropython import const
from pins import Pin

from node.component import ConfigError

_LETTERS = const(b"abcdefghijklmnopqrstuvwxyz0123456789")


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
    """The table of one chip; those of other chips have other pin numbers."""

    def __init__(self, component, chip):
        self._component = component
        self._chip = chip
        self._rows = {}  # what a person calls the pin, or the pin that was referred to -> its row

    def build(self, rows, name="pins"):
        """Claim the pins that `rows` name and add the entities to the component's node.

        rows: as `prepare` has left them; they are taken out of the list on the way, because their
        memory is for the entities. name: of the argument that has them. Faults are reported to
        `node.fault`; the pins of the row are left alone then.
        """
        for i, row in enumerate(rows):
            rows[i] = None
            path = "%s[%d]" % (name, i)
            for fault in row if isinstance(row, list) else self._faults(path, row):
                self._component.node.fault(self._component.name, "check", fault)

    def _faults(self, path, row):
        """Add a row; return its faults, of which there is one at most."""
        try:
            self._add(path, *row)
            return ()
        except ConfigError as e:
            return ("%s.%s: %s" % (path, e.key, e),)

    def _add(self, path, row, cls, drives, further, modules):
        claims = [self._resolve("pin", row, drives, ())]
        parts = {}
        if cls:
            entity = claims[0].user = _entity(cls, row, claims[0].pin, claims[0].number)
            parts = self._parts(further, claims, entity)
        try:
            self._set_up(row, claims, parts, cls, modules)
        except ValueError as e:
            self._take_back(claims)
            raise e if isinstance(e, ConfigError) else ConfigError(str(e), "id")
        for claim in claims:
            self._rows[claim.name] = path if claim.key == "pin" else path + "." + claim.key

    def _parts(self, further, claims, entity):
        """Resolve the further pins of a row, add them to `claims`, and return their Parts."""
        parts = {}
        for key, several, drives, options in further:
            from components.entities.part import Part

            made = []
            for i, said in enumerate(options):
                where = "%s[%d]" % (key, i) if several else key
                claim = self._resolve(where, said, drives, claims)
                claim.user = Part(entity, claim.pin)
                claims.append(claim)
                made.append(claim.user)
            parts[key] = made if several else made[0]
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

    def _set_up(self, row, claims, parts, cls, modules):
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
            self._complete(row, user, parts, modules)
        except ValueError:
            # Not all that was done to the pins is undone, so nobody else gets them.
            for claim in claims:
                self._rows[claim.name] = "a row with a fault"
            raise
        for claim in claims:
            if claim.number is None:
                claim.user.changed()  # its level may be known already

    def _complete(self, row, user, parts, modules):
        """Do what the row asks for beyond the pins."""
        for path in modules:
            module = __import__(path, None, None, ("apply",))
            module.apply(self._component, user, row)
        if hasattr(user, "set_up"):
            user.set_up(row, parts)

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


def _entity(cls, row, pin, number):
    """Return an entity of `cls` on `pin`, as `row` describes it.

    number: what a person calls the pin, None for one of another table.
    """
    options = {}
    for key, short in (("device_class", "dev_cla"), ("icon", "ic")):
        if key in row:
            options[short] = row[key]
    name = row.get("name")
    if number is None:
        number = pin.number
    object_id = row.get("id") or _slug(name or "") or "pin%d" % number
    made = cls(object_id, name, options, pin)
    # An entity that has the default uses that of its class, which costs no memory.
    if "pulse" in row:
        made.pulse_ms = row["pulse"]
    if "ttl" in row:
        made.ttl_ms = row["ttl"]
    return made


def _slug(name):
    """Return `name` in lower case with `_` for everything but letters and digits."""
    # By bytes, since each letter of a text on its own stays in memory for ever.
    words = bytes([c if c in _LETTERS else 32 for c in name.lower().encode()])
    return "_".join(words.decode().split())


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

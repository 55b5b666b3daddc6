# SPDX-License-Identifier: MIT
"""What a pin table needs of the types: how their rows are described, and their entities."""

from import_once import import_once
from micropython import const

_LETTERS = const(b"abcdefghijklmnopqrstuvwxyz0123456789")


def describe(spec, kind):
    """Return the description of the rows of a type.

    spec: that of all rows of the table.
    """
    module = import_once("components.entities.%s_args" % kind)
    if not module:
        return spec
    common = spec["keys"]
    keys = common.copy()
    keys.update(module.KEYS)
    for known in module.KEYS.values():
        pin = known and known.get("item", known)
        if pin and "claim" in pin:
            pin["keys"] = _of_further_pin(common, pin["claim"])
    return {"type": "dict", "keys": {key: keys[key] for key in keys if keys[key]}}


def _of_further_pin(common, claim):
    """Return the keys of an object that says more of a further pin of a row."""
    keys = {"pin": {"required": True}, "invert": {"type": "bool"}}
    for key in common:
        of_inputs = common[key].get("for") == "input" and "by" not in common[key]
        if key == "allow_unsafe" or (of_inputs and claim == "input"):
            keys[key] = common[key]
    return keys


def entity_class(kind):
    """Return the class of the type `kind`; that of `x_y` is `XY`."""
    name = "".join([word[:1].upper() + word[1:] for word in kind.split("_")])
    return getattr(__import__("components.entities." + kind, None, None, (name,)), name)


def entity(cls, row, pin, number):
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

# SPDX-License-Identifier: MIT
"""How the rows of a type are described that has keys of its own."""


def describe(spec, more):
    """Return the description of the rows of a type.

    spec: that of all rows of the table. more: the keys of the type, None for a common key that it
    does not have.
    """
    common = spec["keys"]
    keys = common.copy()
    keys.update(more)
    for known in more.values():
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

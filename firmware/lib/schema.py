# SPDX-License-Identifier: MIT
"""Checks values from configuration files against descriptions, and says all faults at once.

A description is a dictionary; docs/design.md, "Argument descriptions", lists its keys.
Runs on the node and in the host's tools alike.
"""

from import_once import import_once

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_NAMES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "list": "a list",
    "dict": "an object",
    "ref": 'a reference such as "@name"',
    "NoneType": "null",
}


def check(value, spec, path):
    """Return the faults of `value` as a list of texts, one line each, that begin with the path.

    value: anything. spec: its description. path: what the faults call the value; "" for an object
    whose keys stand for themselves. A value is shown only where it is out of range or no choice.
    """
    faults = []
    _check(value, spec, path, faults)
    return faults


def apply(value, spec, visit=None, path=""):
    """Return `value` with defaults filled in (in place); whole numbers in text become numbers.

    visit(text, declared type, path): called for every other text that is not empty; what it
    returns takes the place of the text.
    """
    kind = spec.get("type")
    if isinstance(value, str) and value:
        if kind == "int":
            return _number(value, spec)
        return visit(value, kind, path) if visit else value
    if isinstance(value, list):
        for i, item in enumerate(value):
            value[i] = apply(item, spec.get("item", {}), visit, "%s[%d]" % (path, i))
    elif isinstance(value, dict):
        keys = spec.get("object", spec).get("keys", {})
        for key, known in keys.items():
            if key not in value and "default" in known:
                default = known["default"]
                # A copy, because what uses the value may change it.
                value[key] = default.copy() if isinstance(default, (list, dict)) else default
        for key, item in value.items():
            inner = "%s.%s" % (path, key) if path else key
            value[key] = apply(item, keys.get(key, {}), visit, inner)
    return value


def _check(value, spec, path, faults):
    if isinstance(value, dict):
        spec = spec.get("object", spec)
    wanted = spec.get("type", "any")
    where = path + ": " if path else ""
    shown = "%s"
    if wanted == "int" and isinstance(value, str):
        shown = "0x%x" if value[:2] == "0x" else "%d"
        value = _number(value, spec)
    given = type(value).__name__
    if not _fits(wanted, given, spec):
        text = "%sexpected %s, not %s"
        faults.append(text % (where, _NAMES[wanted], _NAMES.get(given, given)))
        return
    _check_range(value, spec, where, shown, faults)
    if given == "list":
        for i, item in enumerate(value):
            _check(item, spec.get("item", {}), "%s[%d]" % (path, i), faults)
    elif given == "dict" and "keys" in spec:
        _check_keys(value, spec["keys"], path, where, faults)


def _number(text, spec):
    """Return the number that a text stands for, the text if it does for none."""
    if text[:2] != "0x":
        return spec.get("names", {}).get(text, text)
    try:
        return int(text, 16)
    except ValueError:
        return text


def _fits(wanted, given, spec):
    if wanted == "ref":
        if given == "int":
            return spec.get("of") == "pin"
        # An object that a reference led to is as good as the reference.
        return given == "str" or given not in _NAMES
    return wanted in ("any", given) or (wanted == "float" and given == "int")


def _suggest(name, known):
    return import_once("suggestion").suggest(name, known)  # most files have no fault


def _check_range(value, spec, where, shown, faults):
    if "choices" in spec and value not in spec["choices"]:
        meant = _suggest(str(value), [str(choice) for choice in spec["choices"]])
        faults.append('%sunknown value "%s"%s' % (where, value, meant))
    if "chars" in spec:
        # By bytes, since each letter of a text on its own stays in memory for ever.
        allowed = (_LETTERS + spec["chars"]).encode()
        if not all(byte in allowed for byte in value.encode()):
            wrong = [c for c in value if c not in _LETTERS and c not in spec["chars"]]
            text = '%sonly letters, digits and "%s" are allowed, not "%s"'
            faults.append(text % (where, spec["chars"], wrong[0]))
    if isinstance(value, (str, list)):
        value = len(value)
        where += "length "
    for key, sign, text in (("min", -1, "below the lowest"), ("max", 1, "above the highest")):
        if key in spec and value * sign > spec[key] * sign:
            line = "%s" + shown + " is %s value " + shown
            faults.append(line % (where, value, text, spec[key]))


def _check_keys(value, keys, path, where, faults):
    for key in sorted(value, key=str):
        if key not in keys:
            faults.append('%sunknown key "%s"%s' % (where, key, _suggest(str(key), keys)))
    path = path + "." if path else ""
    for key in sorted(keys):
        if key in value:
            _check(value[key], keys[key], path + key, faults)
        elif keys[key].get("required"):
            faults.append("%s%s: required, but missing" % (path, key))

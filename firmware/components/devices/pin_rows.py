# SPDX-License-Identifier: MIT
"""Checks the rows of a pin table, and prepares them for `pin_table.py`, which claims the pins.

A row has one pin, `pin`. Its type may bring further keys: `KEYS` in
`components/entities/<type>_args.py` describes them; None there takes a common key away. A key
with "claim", which is "output" or "input", is a further pin of the row, or a list of them. It is
written as `pin` is, as a reference to a pin of another table, or, to say more of it, as an object
such as {"pin": 5, "invert": true}.

Both modules are large, so this one goes before the other comes. What it hands over is, for each
row, a tuple: the row, with defaults filled in; the class of its entity, None if it is for other
components; whether its pin is an output; its further pins, of each key (key, whether they are a
list, whether they are outputs, what is said of each); and the paths of the modules that carry out
what it asks for beyond the common.
"""

from import_once import import_once
from pins import Pin

from node.component import ConfigError

_schema = import_once("schema")
_PLAIN = "binary_sensor button input light output switch"  # types without keys of their own


def prepare(rows, spec, name="pins"):
    """Replace each row by what `pin_table.py` needs, by a list of its faults if it has some.

    spec: what describes a row of any type. name: of the argument that has the rows.
    """
    specs = {}  # type -> what describes its rows
    for i, row in enumerate(rows):
        path = "%s[%d]" % (name, i)
        described = _describe(row, spec, specs)
        rows[i] = _schema.check(row, described, path)
        if not rows[i] and not _is_lost(row, described["keys"]):
            try:
                rows[i] = _prepared(row, described["keys"])
            except ConfigError as e:
                rows[i] = ["%s.%s: %s" % (path, e.key, e)]


def _describe(row, spec, specs):
    """Return what describes a row of its type."""
    kind = row.get("type") if isinstance(row, dict) else None
    if kind not in spec["keys"]["type"]["choices"]:
        return spec
    if kind not in specs:
        specs[kind] = spec
        # To look for a module that is not there leaves its name in memory.
        if kind not in _PLAIN.split():
            more = import_once("components.entities.%s_args" % kind).KEYS
            specs[kind] = import_once("components.entities.row_keys").describe(spec, more)
    return specs[kind]


def _prepared(row, keys):
    kind = row["type"]
    cls = None if kind in ("output", "input") else _entity_class(kind)
    drives = cls.drives if cls else kind == "output"
    _check_keys(row, keys, drives)
    _schema.apply(row, {"keys": keys})
    further = [_further(row, key, keys[key]) for key in sorted(row) if _claim(keys[key])]
    # Most rows have neither; there are many, and two empty lists of each would be 1 KB.
    return row, cls, drives, further or (), _modules(row, keys) or ()


def _entity_class(kind):
    """Return the class of the type `kind`; that of `x_y` is `XY`."""
    name = "".join([word[:1].upper() + word[1:] for word in kind.split("_")])
    return getattr(__import__("components.entities." + kind, None, None, (name,)), name)


def _claim(known):
    """Return what the pins of a key are, "output" or "input"; None for a key without pins."""
    return known.get("item", known).get("claim")


def _further(row, key, known):
    """Return what there is to know of the further pins that a row has by one key."""
    drives = _claim(known) == "output"
    several = isinstance(row[key], list)
    said = []
    for value in row[key] if several else [row[key]]:
        pin = value if isinstance(value, dict) else {"pin": value}
        options = _schema.apply(pin, known.get("item", known))
        if "invert" not in options:
            options["invert"] = row.get("invert") if drives else False
        said.append(options)
    return key, several, drives, said


def _modules(row, keys):
    """Return the paths of the modules that carry out what a row asks for beyond the common."""
    known = [(keys[key], row[key]) for key in row if "by" in keys[key]]
    # "when": the only value that needs the module.
    names = {k["by"] for k, value in known if k.get("when", value) == value}
    return ["components.pins." + name for name in sorted(names)]


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
        if _claim(keys[key]):
            for value in row[key] if isinstance(row[key], list) else [row[key]]:
                yield key, value


def _is_lost(row, keys):
    """Return whether a reference leads nowhere, as the loader has said already."""
    for _, value in _pins(row, keys):
        pin = value["pin"] if isinstance(value, dict) else value
        if isinstance(pin, str) and pin[:1] == "@":
            return True
    return False

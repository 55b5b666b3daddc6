# SPDX-License-Identifier: MIT
"""Checks the definition of a component, and puts what it refers to in the place of "@chip.3".

In a list whose rows the component itself checks ("each" in its description), a reference that
leads nowhere costs the row: it is reported, and the text stays where it is. Needed for one
component at a time, and forgotten before that is made.
"""

from import_once import import_once

from node.component import ConfigError

schema = import_once("schema")

_TEXT = {"type": "str", "min": 1}
_NEEDED = {"type": "str", "min": 1, "required": True}
_NAME = {"type": "str", "min": 1, "max": 32, "chars": "_-"}  # part of topics
_DEFINITION = {
    "type": "dict",
    "keys": {
        "package": _NEEDED,
        "component": _NEEDED,
        "constructor_args": {},
        "init_function": _TEXT,
        "init_args": {},
        "call_function_regularly": _TEXT,
        "call_interval": {"type": "float", "min": 0.01, "max": 518400},  # ticks wrap after 6 days
    },
}
_USERS = {"init_args": "init_function", "call_interval": "call_function_regularly"}
# Topics and tasks of the node itself. One text, because each short one would stay in memory.
_OURS = "announce config kept log mqtt node presses reports rpc setup update watchdog wifi"


def name_faults(name):
    """Return the faults of the name of a component."""
    if name in _OURS.split():
        return ["name: the node itself uses this word"]
    return schema.check(name, _NAME, "name")


def unknown(path, name, names):
    """Return the fault that there is no component `name`. names: of all."""
    meant = import_once("suggestion").suggest(name, names)
    return '%s: there is no component "%s"%s' % (path, name, meant)


class Definition:
    """How the configuration of `node` defines the component `name`.

    value: what was read. names: of all components; failed: of those that did not start.

    Attribute: `path` of the module that it calls its package.
    """

    path = _spec = None

    def __init__(self, node, name, value, names, failed):
        self._node = node
        self._name = name
        self._value = value
        self._names = names
        self._failed = failed

    def check(self, pending):
        """Return (faults, names among `pending` of components that must come first)."""
        value = self._value
        faults = name_faults(self._name) + schema.check(value, _DEFINITION, "")
        waits = []
        if faults:
            return faults, waits
        for key, user in _USERS.items():
            if value.get(key) and user not in value:
                faults.append("%s: nothing uses it without %s" % (key, user))
        for key in ("constructor_args", "init_args"):
            if not isinstance(value.setdefault(key, {}), (dict, list)):
                faults.append(key + ": expected an object or a list")
        package = value["package"]
        self.path = "components" + package if package[0] == "." else package
        self._spec = _describe(value, self.path)
        faults += schema.check(value["constructor_args"], self._spec, "")

        def find(text, kind, path):
            name = _target(text, kind).partition(".")[0]
            if name in pending:
                waits.append(name)
            elif name and not self._in_row(path):
                faults.extend(self._faults(name, path))
            return text

        self._visit(find)
        return faults, waits

    def resolve(self):
        """Put what is referred to in the place of each reference.

        Raises ConfigError for a reference that leads nowhere.
        """

        def resolve(text, kind, path):
            try:
                return self._resolve(text, kind, path)
            except ConfigError as e:
                if not self._in_row(path):
                    raise
                self._node.fault(self._name, "check", str(e))
                return text

        self._visit(resolve)

    def _visit(self, visit):
        """Have `visit(text, declared type, path)` replace each text of the arguments."""
        schema.apply(self._value["constructor_args"], self._spec, visit)
        schema.apply(self._value["init_args"], {}, visit, "init_args")

    def _in_row(self, path):
        """Return whether `path` is in a row of a list whose rows the component itself checks."""
        name, _, rest = path.partition("[")
        return "]." in rest and "each" in self._spec.get("keys", {}).get(name, {})

    def _faults(self, name, path):
        if name in self._failed:
            return ['%s: "%s" did not start' % (path, name)]
        if name in self._node.components:
            return []
        return [unknown(path, name, self._names)]

    def _resolve(self, text, kind, path):
        """Return the object that `text` refers to, or the text that it stands for."""
        target = _target(text, kind)
        if not target:
            return text[1:] if text[:2] == "@@" else text
        name, dot, pin = target.partition(".")
        for fault in self._faults(name, path):
            raise ConfigError(fault)
        thing = self._node.components[name]
        if not dot and thing is not None:
            return thing
        if dot and not pin.isdigit():
            return self._entity(name, pin, path)
        if not hasattr(thing, "pin"):
            raise ConfigError('%s: "%s" has no %s' % (path, name, "pins" if dot else "object"))
        try:
            return thing.pin(int(pin))
        except ValueError as e:
            raise ConfigError('%s: "%s" is no pin: %s' % (path, target, e))

    def _entity(self, name, entity, path):
        """Return the entity of a component."""
        entities = self._node.entities
        begin = name.encode() + b"/"
        found = entities.get(begin + entity.encode())
        if not found:
            known = [key[len(begin) :].decode() for key in entities if key.startswith(begin)]
            meant = import_once("suggestion").suggest(entity, known) or "; a pin is a number"
            raise ConfigError('%s: "%s" has no entity "%s"%s' % (path, name, entity, meant))
        return found


def _describe(value, path):
    """Return the description of the component's arguments, an empty one if there is none.

    path: of its module.
    A list of arguments becomes an object, if the description says which place each has.
    """
    module = import_once(path + "_args")
    keys = module and module.ARGS.get(value["component"])
    if keys is None:
        return {}
    args = value["constructor_args"]
    if isinstance(args, list):
        names = {keys[key]["place"]: key for key in keys if "place" in keys[key]}
        if len(args) > len(names):
            return {}
        value["constructor_args"] = {names[i]: arg for i, arg in enumerate(args)}
    return {"type": "dict", "keys": keys}


def _target(text, kind):
    """Return what `text` refers to, "" if it is no reference."""
    if kind == "ref":
        return text[1:] if text[:1] == "@" else text
    return text[1:] if text[:1] == "@" and text[:2] != "@@" and kind != "str" else ""

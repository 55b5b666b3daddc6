# SPDX-License-Identifier: MIT
"""Finds what texts such as "@chip.3" in a configuration refer to, while components are loaded.

In a list whose rows the component itself checks ("each" in its description), a reference that
leads nowhere costs the row: it is reported, and the text stays where it is.
"""

from node.component import ConfigError


class References:
    """The references of the configuration of a node.

    names: of all components; failed: of those that did not start. The loader goes on filling both.
    schema: the module.
    """

    def __init__(self, node, names, failed, schema):
        self._node = node
        self._names = names
        self._failed = failed
        self._schema = schema

    def check(self, args, spec, path, pending):
        """Return (components among `pending` that must come first, faults) of some arguments."""
        waits = []
        faults = []

        def find(text, kind, path):
            name = _target(text, kind).partition(".")[0]
            if name in pending:
                waits.append(name)
            elif name and not _in_row(spec, path):
                faults.extend(self._faults(name, path))
            return text

        self._schema.apply(args, spec, find, path)
        return waits, faults

    def resolve(self, component, args, spec, path=""):
        """Put what is referred to in the place of each reference in some arguments.

        Raises ConfigError for a reference that leads nowhere.
        """

        def resolve(text, kind, path):
            try:
                return self._resolve(text, kind, path)
            except ConfigError as e:
                if not _in_row(spec, path):
                    raise
                self._node.fault(component, "check", str(e))
                return text

        self._schema.apply(args, spec, resolve, path)

    def unknown(self, path, name):
        """Return the fault that there is no component `name`."""
        meant = self._schema.suggest(name, self._names)
        return '%s: there is no component "%s"%s' % (path, name, meant)

    def _faults(self, name, path):
        if name in self._failed:
            return ['%s: "%s" did not start' % (path, name)]
        return [] if name in self._node.components else [self.unknown(path, name)]

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
        if not pin.isdigit():
            entity = self._node.entities.get(target.replace(".", "/").encode())
            if entity:
                return entity
        if not hasattr(thing, "pin"):
            raise ConfigError('%s: "%s" has no %s' % (path, name, "pins" if dot else "object"))
        try:
            return thing.pin(int(pin))
        except ValueError as e:
            raise ConfigError('%s: "%s" is no pin: %s' % (path, target, e))


def _target(text, kind):
    """Return what `text` refers to, "" if it is no reference."""
    if kind == "ref":
        return text[1:] if text[:1] == "@" else text
    return text[1:] if text[:1] == "@" and text[:2] != "@@" and kind != "str" else ""


def _in_row(spec, path):
    """Return whether `path` is in a row of a list whose rows the component itself checks."""
    name, _, rest = path.partition("[")
    return "]." in rest and "each" in spec.get("keys", {}).get(name, {})

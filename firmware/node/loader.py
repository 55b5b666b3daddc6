# SPDX-License-Identifier: MIT
"""Loads what the configuration names, and says of each component why it did not start.

The source (`node/sources.py`) is read in passes, with one component in memory at a time. The first
collects the names and `_order`. The second loads what refers to no later component, in most
configurations all there is. The rest waits for the next pass. A pass that loads nothing has found
references that go in a circle.
"""

import asyncio
import gc
import sys

from import_once import import_once

from node.component import ConfigError

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
# Topics and tasks of the node itself. One text, because each short one would stay in memory.
_OURS = "announce config kept log mqtt node presses reports rpc setup update watchdog wifi"
_ABSENT = "no components.json: copy components.json.example to that name, change it"


class Loader:
    """Loads the components of a node.

    A component that fails is reported through `node.fault(name, phase, message)`; the phases are
    "file", "check", "import", "construct" and "start". One that runs is in `node.components` and
    reported through `node.loaded(name, package, version)`.
    """

    def __init__(self, node):
        import schema  # stays until the end, because components use it, too

        self._node = node
        self._schema = schema
        self._names = []
        self._pending = []
        self._failed = set()
        self._waits = {}  # name -> names that it refers to and that are pending
        self._program = None  # the function of components.py
        self._sources = import_once("node.sources")
        self._references = import_once("node.references").References(
            node, self._names, self._failed, schema
        )
        self._starting = import_once("node.starter")
        self._starter = self._starting.Starter(node, schema.suggest)
        self._source, self._read = self._sources.source() or ("", None)
        self._only = None

    async def load(self, only=None):
        """Load every component, or only that of a name; return when each runs or is reported."""
        if not self._read:
            self._node.fault("components.json", "file", _ABSENT)
            return
        self._only = only
        ordered = self._plan()
        while self._pending:
            before = len(self._pending)
            ordered = await self._pass(ordered)
            if len(self._pending) == before:
                self._break_circle()
        if self._program and not only:
            await self._run_program()
        sys.modules.pop("schema", None)

    def inspect(self, name):
        """Look at how a component that runs is defined now.

        Return (names of the components that run and refer to it, faults of its definition).
        Raises ConfigError when the definitions cannot be read.
        """
        if not self._read:
            raise ConfigError(_ABSENT)
        users = []
        faults = None
        damaged = []
        for other, definition in self._read(lambda *fault: damaged.append(fault)):
            self._names.append(other)
            if other == name:
                faults = []
                self._check(name, definition, faults, [])
            elif other in self._node.components:
                waits = []
                self._pending = [name]
                self._check(other, definition, [], waits)
                self._pending = []
                if waits:
                    users.append(other)
        for file, error in damaged:
            raise ConfigError("%s: %s" % (file, error))
        if faults is None:
            faults = [self._references.unknown(self._source, name)]
        return users, faults

    # -- which, and in what order ---------------------------------------------------------

    def _file_fault(self, name, error):
        if name in self._failed:
            return
        self._starter.phase = "file"
        text = self._text(name, error) if name == "components.py" else str(error)
        if name == "components.json":
            text += "; what follows is not loaded"
        if name != self._source:
            self._names.append(name)
            if self._only not in (None, name):  # it has been said before
                self._failed.add(name)
                return
        self._refuse(name, "file", text)

    def _plan(self):
        """Collect the names; return how many of the first must be loaded in just this order."""
        order = []
        for name, definition in self._read(self._file_fault):
            if name == "_order":
                order = definition
            elif name == self._sources.LOAD:
                self._program = definition
            else:
                self._names.append(name)
        only = self._only
        if only:
            running = self._node.components
            self._failed.update([n for n in self._names if n not in running and n != only])
            self._pending = [only] if only in self._names and only not in self._failed else []
            return 0
        ordered = self._in_order(order)
        rest = [name for name in self._names if name not in ordered and name not in self._failed]
        if ordered and rest:
            self._node.log.warn("loader", "not in _order, so loaded last: %s", ", ".join(rest))
        self._pending = ordered + rest
        return len(ordered)

    def _in_order(self, order):
        """Return the names in `_order` that can be loaded; report what else it has."""
        ordered = []
        faults = self._schema.check(order, {"type": "list"}, "_order")
        for name in () if faults else order:
            if name in ordered:
                faults.append('_order: "%s" is there twice' % name)
            elif name in self._names:
                if name not in self._failed:
                    ordered.append(name)
            elif self._source not in self._failed:
                faults.append(self._references.unknown("_order", str(name)))
        for fault in faults:
            self._node.fault(self._source, "check", fault)
        return ordered

    async def _pass(self, ordered):
        """Load what can be loaded now; return how many are left that `_order` names."""
        self._waits = {}
        for name, definition in self._read(self._file_fault):
            if name not in self._pending or (ordered and name != self._pending[0]):
                continue
            if await self._settle(name, definition, ordered):
                self._pending.remove(name)
                ordered = max(0, ordered - 1)
            gc.collect()
            await asyncio.sleep_ms(0)
        return ordered

    def _break_circle(self):
        circle = []
        name = self._pending[0]
        while name not in circle:
            circle.append(name)
            # Waits for nothing only if it could not be read again, which is reported already.
            name = self._waits.get(name, circle)[0]
        del circle[: circle.index(name)]
        text = "waits for itself: " + " -> ".join(circle + [name])
        for name in circle:
            self._refuse(name, "check", text)
            self._pending.remove(name)

    def _refuse(self, name, phase, text):
        self._failed.add(name)
        self._node.fault(name, phase, text)

    # -- one component --------------------------------------------------------------------

    async def _settle(self, name, definition, ordered):
        """Load a component or report why not; return False when it has to wait for others."""
        faults = []
        waits = []
        self._starter.phase = "check"
        try:
            spec = self._check(name, definition, faults, waits)
            if waits and not ordered and not faults:
                self._waits[name] = waits
                return False
            for other in waits:
                faults.append('"%s" is loaded later; _order must name it earlier' % other)
            if not faults:
                self._references.resolve(name, definition["constructor_args"], spec)
                spec = None  # not needed twice in memory if the component reads it, too
                self._references.resolve(name, definition["init_args"], {}, "init_args")
                await self._starter.make(name, definition)
        except Exception as e:  # noqa: BLE001 no component may stop the others
            faults.append(self._text(name, e))
        for fault in faults:
            self._refuse(name, self._starter.phase, fault)
        return True

    def _text(self, name, error):
        """Return what there is to say of an exception; the log has the whole of it."""
        if isinstance(error, ConfigError):
            return "%s: %s" % (error.key, error) if error.key else str(error)
        self._node.log.exception(name, error, "failed in %s", self._starter.phase)
        return "%s: %s" % (type(error).__name__, error)

    def _check(self, name, definition, faults, waits):
        """Collect `faults` and what must come first; return the description of the arguments."""
        check = self._schema.check
        faults += self._check_name(name) + check(definition, _DEFINITION, "")
        if faults:
            return None
        for key in ("constructor_args", "init_args"):
            if not isinstance(definition.setdefault(key, {}), (dict, list)):
                faults.append(key + ": expected an object or a list")
        spec = _describe(definition, self._starting.module_path(definition["package"]))
        args = definition["constructor_args"]
        faults += check(args, spec, "")
        for path, value, known in (("", args, spec), ("init_args", definition["init_args"], {})):
            first, wrong = self._references.check(value, known, path, self._pending)
            waits += first
            faults += wrong
        return spec

    def _check_name(self, name):
        if name in _OURS.split():
            return ["name: the node itself uses this word"]
        return self._schema.check(name, _NAME, "name")

    # -- components.py --------------------------------------------------------------------

    async def _run_program(self):
        """Let the function of components.py add what it makes."""
        self._starter.phase = "load"
        try:
            result = self._program(self._node, self._add)
            if hasattr(result, "throw"):  # it is a coroutine
                await self._starting.limited(result, "load()")
        except Exception as e:  # noqa: BLE001 a program can raise anything
            self._node.fault(self._source, "load", self._text(self._source, e))

    async def _add(self, name, component):
        """Start a component that a program has made; return whether it runs.

        component: a Component, or any object to which others may refer.
        """
        node = self._node
        faults = self._check_name(name)
        if name in node.components:
            faults.append("there is such a component already")
        for fault in faults:
            node.fault(self._source, "load", "add(%r): %s" % (name, fault))
            return False
        try:
            await self._starter.start(name, component, {})
            node.components[name] = component
            node.loaded(name, self._source, None)
            return True
        except Exception as e:  # noqa: BLE001 no component may stop the others
            self._refuse(name, self._starter.phase, self._text(name, e))
            return False


def _describe(definition, path):
    """Return the description of the component's arguments, an empty one if there is none.

    path: of its module. A list of arguments becomes an object, if the description says which
    place each has.
    """
    module = import_once(path + "_args")
    keys = module and module.ARGS.get(definition["component"])
    if keys is None:
        return {}
    args = definition["constructor_args"]
    if isinstance(args, list):
        names = {keys[key]["place"]: key for key in keys if "place" in keys[key]}
        if len(args) > len(names):
            return {}
        definition["constructor_args"] = {names[i]: value for i, value in enumerate(args)}
    return {"type": "dict", "keys": keys}

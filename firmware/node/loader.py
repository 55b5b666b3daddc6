# SPDX-License-Identifier: MIT
"""Loads what `components.json` names, and says of each component why it did not start.

The file is read in passes, with one component in memory at a time. The first collects the names
and `_order`. The second loads what refers to no later component, in most files all there is. The
rest waits for the next pass. A pass that loads nothing has found references that go in a circle.
"""

import asyncio
import gc
import sys

from import_once import find, import_once

from node.component import ConfigError

_START_S = 30  # time limit of a component's start()

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
        "call_interval": {"type": "float", "min": 0.01},
    },
}


class Loader:
    """Loads the components of a node.

    A component that fails is reported through `node.fault(name, phase, message)`; the phases are
    "file", "check", "import", "construct" and "start". One that runs is in `node.components` and
    reported through `node.loaded(name, package, version)`.
    """

    def __init__(self, node):
        self._node = node
        self._names = []
        self._pending = []
        self._failed = set()
        self._waits = {}  # name -> names that it refers to and that are pending
        self._damaged = False  # the file, somewhere

    async def load(self):
        """Load every component; returns when each runs or has been reported."""
        import schema  # stays until the end, because components use it, too

        self._schema = schema
        references = import_once("node.references").References
        self._references = references(self._node, self._names, self._failed, schema)
        self._read = import_once("node.sources").definitions
        ordered = self._plan()
        while self._pending:
            before = len(self._pending)
            ordered = await self._pass(ordered)
            if len(self._pending) == before:
                self._break_circle()
        sys.modules.pop("schema", None)

    # -- which, and in what order ---------------------------------------------------------

    def _file_fault(self, text):
        if not self._damaged:
            self._damaged = True
            self._node.fault("", "file", text)

    def _plan(self):
        """Collect the names; return how many of the first must be loaded in just this order."""
        order = []
        for name, definition, _ in self._read(self._file_fault):
            if name == "_order":
                order = definition
            else:
                self._names.append(name)
        ordered = []
        faults = self._schema.check(order, {"type": "list"}, "_order")
        for name in () if faults else order:
            if name in ordered:
                faults.append('_order: "%s" is there twice' % name)
            elif name in self._names:
                ordered.append(name)
            elif not self._damaged:
                faults.append(self._references.unknown("_order", str(name)))
        for fault in faults:
            self._node.fault("", "check", fault)
        rest = [name for name in self._names if name not in ordered]
        if ordered and rest:
            self._node.log.warn("loader", "not in _order, so loaded last: %s", ", ".join(rest))
        self._pending = ordered + rest
        return len(ordered)

    async def _pass(self, ordered):
        """Load what can be loaded now; return how many are left that `_order` names."""
        self._waits = {}
        for name, definition, _ in self._read(self._file_fault):
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
        self._phase = "check"
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
                await self._load(name, definition)
        except ConfigError as e:
            faults.append("%s: %s" % (e.key, e) if e.key else str(e))
        except Exception as e:  # no component may stop the others
            faults.append("%s: %s" % (type(e).__name__, e))
            self._node.log.exception(name, e, "failed in %s", self._phase)
        for fault in faults:
            self._refuse(name, self._phase, fault)
        return True

    def _check(self, name, definition, faults, waits):
        """Collect `faults` and what must come first; return the description of the arguments."""
        check = self._schema.check
        faults += check(name, _NAME, "name") + check(definition, _DEFINITION, "")
        if faults:
            return None
        for key in ("constructor_args", "init_args"):
            if not isinstance(definition.setdefault(key, {}), (dict, list)):
                faults.append(key + ": expected an object or a list")
        args = definition["constructor_args"]
        spec = _describe(definition)
        faults += check(args, spec, "")
        for path, value, known in (("", args, spec), ("init_args", definition["init_args"], {})):
            first, wrong = self._references.check(value, known, path, self._pending)
            waits += first
            faults += wrong
        return spec

    async def _load(self, name, definition):
        node = self._node
        self._references.resolve(name, definition["init_args"], {}, "init_args")
        self._phase = "import"
        module = _import(definition["package"])
        function = self._member(module, definition, "component")
        self._phase = "construct"
        component = self._call(name, function, definition["constructor_args"])
        self._phase = "start"
        if hasattr(component, "attach"):
            await _start(component, node, name)
        if "init_function" in definition:
            function = self._member(component, definition, "init_function")
            self._call(name + ".init", function, definition["init_args"])
        if "call_function_regularly" in definition:
            function = self._member(component, definition, "call_function_regularly")
            interval = definition.get("call_interval", node.settings.CALL_INTERVAL)
            node.spawn(name + ".regular", _call_regularly, function, int(interval * 1000))
        node.components[name] = component
        node.loaded(name, definition["package"], getattr(module, "__version__", None))

    def _member(self, thing, definition, key):
        name = definition[key]
        member = getattr(thing, name, None)
        if member is None:
            known = [n for n in dir(thing) if n[0] != "_"]
            text = '%s: there is no "%s"%s'
            raise ConfigError(text % (key, name, self._schema.suggest(name, known)))
        return member

    def _call(self, task, function, args):
        """Return the result of `function`, None if it is a coroutine, which becomes a task."""
        places, names = ((), args) if isinstance(args, dict) else (args, {})
        result = function(*places, **names)
        if not _is_coroutine(result):
            return result
        self._node.spawn(task, _run, [result], function, places, names)
        return None


def _path(package):
    return "components" + package if package[0] == "." else package


def _describe(definition):
    """Return the description of the component's arguments, an empty one if there is none."""
    path = _path(definition["package"]) + "_args"
    module = import_once(path)
    keys = module and module.ARGS.get(definition["component"])
    # The places of a list have no names.
    if keys is None or isinstance(definition["constructor_args"], list):
        return {}
    return {"type": "dict", "keys": keys}


def _import(package):
    path = _path(package)
    module = find(path)
    if not module:
        file = path.replace(".", "/")
        raise ConfigError('unknown package "%s": no %s.py on this board' % (package, file))
    return module


def _is_coroutine(value):
    return hasattr(value, "throw")


async def _start(component, node, name):
    component.attach(node, name)
    try:
        await _limited(component.start())
    except Exception:
        # What it shows already must not look alive.
        node.remove_entities(component)
        raise


async def _limited(start):
    # asyncio.wait_for would stay in memory, 370 bytes.
    task = asyncio.create_task(start)
    timer = asyncio.create_task(_cancel_late(task))
    try:
        await task
    except asyncio.CancelledError:
        if not timer.done():  # it is the loader that is cancelled
            task.cancel()
            raise
        raise ConfigError("start() timed out; it may take %d s" % _START_S)
    finally:
        timer.cancel()


async def _cancel_late(task):
    await asyncio.sleep(_START_S)
    task.cancel()


async def _run(first, function, places, names):
    # The first call has been made already, to see that it gives a coroutine.
    await (first.pop() if first else function(*places, **names))


async def _call_regularly(function, interval_ms):
    while True:
        result = function()
        if _is_coroutine(result):
            await result
        await asyncio.sleep_ms(interval_ms)

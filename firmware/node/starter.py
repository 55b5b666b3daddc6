# SPDX-License-Identifier: MIT
"""Brings one component to life: import, construction, start."""

import asyncio

from import_once import find, import_once

from node.component import ConfigError

_START_S = 30  # time limit of a component's start()


class Starter:
    """Makes components of definitions that have been checked.

    Attribute: `phase`, where the component is that is being made: "import", "construct" or
    "start"; before, what the loader says.
    """

    phase = "file"

    def __init__(self, node):
        self._node = node

    async def make(self, name, definition, path):
        """Make the component `name`, references already resolved. Raises what goes wrong.

        path: of its module.
        """
        self.phase = "import"
        module = _import(definition["package"], path)
        function = self._member(module, definition, "component")
        self.phase = "construct"
        component = self._call(name, function, definition["constructor_args"])
        await self.start(name, component, definition)
        self._node.components[name] = component
        self._node.loaded(name, definition["package"], getattr(module, "__version__", None))

    async def start(self, name, component, definition):
        """Start a component as its definition says."""
        self.phase = "start"
        # For its tasks, which may die before it runs.
        self._node.rows.setdefault(name, {"name": name, "phase": "start"})
        try:
            if hasattr(component, "attach"):  # else it is one that knows nothing of us
                component.attach(self._node, name)
                await limited(component.start(), "start()")
            self._further(name, component, definition)
        except Exception:
            # What it shows already must not look alive, and it may be loaded again. That it
            # cannot be stopped in order either is no news.
            await import_once("node.manage").discard(self._node, name, component)
            raise

    def explain(self, name, error):
        """Return what there is to say of an exception; the log has the whole of it."""
        if isinstance(error, ConfigError):
            return "%s: %s" % (error.key, error) if error.key else str(error)
        self._node.log.exception(name, error, "failed in %s", self.phase)
        return "%s: %s" % (type(error).__name__, error)

    def _further(self, name, component, definition):
        if "init_function" in definition:
            function = self._member(component, definition, "init_function")
            self._call(name + ".init", function, definition["init_args"])
        if "call_function_regularly" in definition:
            function = self._member(component, definition, "call_function_regularly")
            interval = definition.get("call_interval", self._node.settings.CALL_INTERVAL)
            from node.calls import call_regularly

            self._node.spawn(name + ".regular", call_regularly, function, int(interval * 1000))

    def _member(self, thing, definition, key):
        name = definition[key]
        member = getattr(thing, name, None)
        if member is None:
            known = [n for n in dir(thing) if n[0] != "_"]
            meant = import_once("suggestion").suggest(name, known)
            raise ConfigError('%s: there is no "%s"%s' % (key, name, meant))
        if not callable(member):
            raise ConfigError('%s: "%s" cannot be called' % (key, name))
        return member

    def _call(self, task, function, args):
        """Return the result of `function`, None if it is a coroutine, which becomes a task."""
        places, names = ((), args) if isinstance(args, dict) else (args, {})
        result = function(*places, **names)
        if not hasattr(result, "throw"):
            return result
        from node.calls import run

        self._node.spawn(task, run, [result], function, places, names)
        return None


def _import(package, path):
    module = find(path)
    if not module:
        file = path.replace(".", "/")
        raise ConfigError('unknown package "%s": no %s.py on this board' % (package, file))
    return module


async def limited(coroutine, what):
    """Await a coroutine; ConfigError when it takes too long, or is none. what: its name."""
    if not hasattr(coroutine, "throw"):
        raise ConfigError(what + " must be a coroutine function: async def")
    # asyncio.wait_for would stay in memory, 370 bytes.
    task = asyncio.create_task(coroutine)
    timer = asyncio.create_task(_cancel_late(task))
    try:
        await task
    except asyncio.CancelledError:
        if not timer.done():  # it is the loader that is cancelled
            task.cancel()
            raise
        raise ConfigError("%s timed out; it may take %d s" % (what, _START_S))
    finally:
        timer.cancel()


async def _cancel_late(task):
    await asyncio.sleep(_START_S)
    task.cancel()

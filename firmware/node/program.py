# SPDX-License-Identifier: MIT
"""Lets the function `load(node, add)` of `components.py` add components that it has made."""

from import_once import import_once

_definition = import_once("node.definition")
_limited = import_once("node.starter").limited


class Program:
    """file: what the source is called. starter: the Starter of the loader."""

    def __init__(self, node, file, starter):
        self._node = node
        self._file = file
        self._starter = starter

    async def run(self, function):
        """Call the function, and wait for it if it is a coroutine; what it raises is reported."""
        self._starter.phase = "load"
        try:
            result = function(self._node, self._add)
            if hasattr(result, "throw"):  # it is a coroutine
                await _limited(result, "load()")
        except Exception as e:  # noqa: BLE001 a program can raise anything
            self._starter.phase = "load"
            self._node.fault(self._file, "load", self._starter.explain(self._file, e))

    async def _add(self, name, component):
        """Start a component that the program has made; return whether it runs.

        component: a Component, or any object to which others may refer.
        """
        node = self._node
        faults = _definition.name_faults(name)
        if name in node.components:
            faults.append("there is such a component already")
        for fault in faults:
            node.fault(self._file, "load", "add(%r): %s" % (name, fault))
            return False
        try:
            await self._starter.start(name, component, {})
        except Exception as e:  # noqa: BLE001 no component may stop the others
            node.fault(name, self._starter.phase, self._starter.explain(name, e))
            return False
        node.components[name] = component
        node.loaded(name, self._file, None)
        return True

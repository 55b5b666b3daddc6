# SPDX-License-Identifier: MIT
"""Loads what the configuration names, and says of each component why it did not start.

One component at a time is read (`node/sources.py`), checked (`node/definition.py`) and made
(`node/starter.py`), each with code that goes before the next comes: loading is when a node needs
the most memory. What refers to a later component waits for the next round. A round that loads
nothing has found references that go in a circle.
"""

import asyncio
import gc

from import_once import import_once


class Loader:
    """Loads the components of a node.

    A component that fails is reported through `node.fault(name, phase, message)`; the phases are
    "file", "check", "import", "construct" and "start". One that runs is in `node.components` and
    reported through `node.loaded(name, package, version)`.
    """

    def __init__(self, node):
        self._node = node
        self._names = ()
        self._places = None
        self._pending = []
        self._failed = set()
        self._waits = {}  # name -> names that it refers to and that are pending
        self._starter = import_once("node.starter").Starter(node)

    async def load(self, only=None):
        """Load every component, or only that of a name; return when each runs or is reported."""
        source = import_once("node.sources").Source()
        self._names, self._places = source.names, source.places
        ordered = 0
        if source.error:
            self._report_damage(source)
        if only:
            running = self._node.components
            self._failed.update([n for n in self._names if n not in running and n != only])
            self._pending = [only] if only in self._names else []
        else:
            self._pending, ordered = import_once("node.order").arrange(self._node, source)
        function = None if only else source.function
        file = source.file
        source = None  # its code is not needed any more
        while self._pending:
            before = len(self._pending)
            await self._load_round(self._pending[:ordered])
            ordered = 0
            if len(self._pending) == before:
                self._break_circle()
        if function:
            program = import_once("node.program").Program(self._node, file, self._starter)
            await program.run(function)

    def _report_damage(self, source):
        name = source.file or "components.json"
        text = str(source.error)
        if name == "components.json" and source.file:
            text += "; what follows is not loaded"
        elif name[-5:] != ".json":
            text = self._starter.explain(name, source.error)
        self._refuse(name, "file", text)

    async def _load_round(self, ordered):
        """Load what can be loaded now. ordered: names of those that must not wait."""
        for name in tuple(self._pending):
            if await self._settle(name, name in ordered):
                self._pending.remove(name)
            gc.collect()
            await asyncio.sleep_ms(0)

    def _break_circle(self):
        circle = import_once("node.order").circle(self._pending[0], self._waits)
        text = "waits for itself: " + " -> ".join(circle + circle[:1])
        for name in circle:
            self._refuse(name, "check", text)
            self._pending.remove(name)

    def _refuse(self, name, phase, message):
        self._failed.add(name)
        self._node.fault(name, phase, message)

    async def _settle(self, name, ordered):
        """Load a component, or report why not; return False if it waits for others."""
        starter = self._starter
        try:
            value = import_once("node.sources").read(name, self._places)
        except (OSError, ValueError, MemoryError) as e:
            self._refuse(name, "file", str(e))
            return True
        gc.collect()
        faults = []
        starter.phase = "check"
        try:
            faults, waits, path = self._check(name, value, ordered)
            if waits:
                self._waits[name] = waits
                return False
            if not faults:
                await starter.make(name, value, path)
        except Exception as e:  # noqa: BLE001 no component may stop the others
            faults.append(starter.explain(name, e))
        for fault in faults:
            self._refuse(name, starter.phase, fault)
        return True

    def _check(self, name, value, ordered):
        """Check the definition of a component, and put in what it refers to.

        Return (faults, names of those that must come first, path of its module).
        """
        checking = import_once("node.definition")
        definition = checking.Definition(self._node, name, value, self._names, self._failed)
        faults, waits = definition.check(self._pending)
        if ordered:
            for other in waits:
                faults.append('"%s" is loaded later; _order must name it earlier' % other)
        if not faults and not waits:
            definition.resolve()
        return faults, () if faults else waits, definition.path

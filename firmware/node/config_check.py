# SPDX-License-Identifier: MIT
"""Checks a proposed configuration on the node, without hardware. Used once, then forgotten.

Of components.json: that it can be read, that every name, package, class and argument is right, and
that references lead somewhere. Nothing is constructed. Of config.py: that it can be read, and
every setting.
"""

import asyncio
import gc
import sys

from import_once import find, import_once
from micropython import const

from node.loader import Loader

import_once("node.loader")  # it goes with this module
_json = import_once("json_stream")
_starter = import_once("node.starter")
_LIMIT_S = const(60)  # for code that comes to no end; then the node restarts as it was
_LONGEST = const(800)  # characters of all faults


def shortened(faults):
    """Return the faults as one line that is not too long for a message."""
    line = "; ".join(faults).replace("\n", " ")
    return line if len(line) <= _LONGEST else line[:_LONGEST] + " ..."


async def find_faults(node, switch, file):
    """Return the faults of the proposal for a file, one line each.

    switch: the module `node.switch`.
    """
    # Importing runs code that may be of anybody.
    switch.limit(_LIMIT_S)
    try:
        if file == "config.py":
            return _settings_faults(file + ".new")
        return await _Dry(node, file + ".new").look()
    finally:
        switch.unlimited()
        sys.modules.pop("schema", None)
        gc.collect()


class _Nothing:
    """A node on which no component runs yet."""

    def __init__(self, node):
        self.log = node.log
        self.settings = node.settings
        self.components = {}
        self.entities = {}


class _Dry(Loader):
    """A loader that loads nothing. path: the file."""

    def __init__(self, node, path):
        super().__init__(_Nothing(node))
        self._path = path
        self._found = []

    async def look(self):
        """Return what is wrong with the file."""
        for name, _ in self._members():
            if name != "_order":
                self._names.append(name)
        self._pending = self._names
        for name, definition in self._members():
            if name == "_order":
                if not isinstance(definition, list):
                    self._found.append("_order: expected a list")
                continue
            self._look_at(name, definition)
            gc.collect()
            await asyncio.sleep_ms(0)
        if not self._names and not self._found:
            self._found.append("it names no component")
        self._find_circle()
        return self._found

    def _members(self):
        try:
            with open(self._path, "rb") as f:
                for name, definition, _ in _json.members(f):
                    yield name, definition
        except (OSError, ValueError) as e:
            if str(e) not in self._found:
                self._found.append(str(e))

    def _look_at(self, name, definition):
        found = []
        waits = []
        try:
            self._check(name, definition, found, waits)
            if not found:
                found += _package_faults(definition)
        except Exception as e:  # noqa: BLE001 what is imported can raise anything
            found.append("%s: %s" % (type(e).__name__, e))
        self._waits[name] = waits
        self._found += ["%s: %s" % (name, fault) for fault in found]

    def _find_circle(self):
        waits = self._waits
        while waits:
            free = [name for name in waits if not any(other in waits for other in waits[name])]
            if not free:
                self._found.append("waiting for each other: " + ", ".join(sorted(waits)))
                return
            for name in free:
                del waits[name]


def _package_faults(definition):
    package, component = definition["package"], definition["component"]
    path = _starter.module_path(package)
    # One that is in use is not forgotten: what is imported later must be the same.
    module = find(path) if path in sys.modules else import_once(path)
    if not module:
        return ['unknown package "%s"' % package]
    if not hasattr(module, component):
        return ['component: there is no "%s" in %s' % (component, package)]
    return []


class _Module:
    """What stands for config.py while the settings are read as they would be."""


def _settings_faults(path):
    scope = {}
    try:
        with open(path) as f:
            exec(f.read(), scope)
    except Exception as e:  # noqa: BLE001 - the file may do anything
        # Its text may show a secret.
        return ["config.py: %s" % type(e).__name__]
    module = _Module()
    for name, value in scope.items():
        if name[0] != "_":
            setattr(module, name, value)
    found = []
    sys.modules["config"] = module
    settings = import_once("node.settings").load(found.append)
    if not settings.CONFIG_KEY:
        found.append("config.py: without CONFIG_KEY there would be no way back")
    return found

# SPDX-License-Identifier: MIT
"""Checks a proposed configuration on the node, without hardware. Used once, then forgotten.

Of components.json: that it can be read, that every name, package, class and argument is right, and
that references lead somewhere. Nothing is constructed. Of config.py: that it can be read, and
every setting.
"""

import asyncio
import gc
import io
import json
import sys

from import_once import find, import_once
from micropython import const

_json = import_once("json_stream")
_definition = import_once("node.definition")
_LIMIT_S = const(60)  # for code that comes to no end; then the node restarts as it was
_LONGEST = const(750)  # bytes of all faults as JSON; the send buffer takes 1 KB with the rest


def shortened(faults):
    """Return the faults as one line that is not too long for a message."""
    line = "; ".join(faults).replace("\n", " ")
    end = ""
    while len(json.dumps(line).encode()) > _LONGEST:
        line = line[: len(line) * 7 // 8]
        end = " ..."
    return line + end


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
        gc.collect()


class _Dry:
    """Looks at every definition, and loads nothing. path: the file.

    Stands for the source, and for a node on which no component runs yet.
    """

    error = None
    components = entities = ()

    def __init__(self, node, path):
        self.log = node.log
        self.file = path
        self.names = self.places = []
        self.order = []
        self._waits = {}  # name -> names that it refers to
        self._found = []

    async def look(self):
        """Return what is wrong with the file."""
        for name, definition in self._members():
            if name == "_order":
                self.order = definition
            else:
                self.names.append(name)
        names, count = import_once("node.order").arrange(self, self)
        for name, definition in self._members():
            if name != "_order":
                self._look_at(name, definition)
            gc.collect()
            await asyncio.sleep_ms(0)
        if not self.names and not self._found:
            self._found.append("it names no component")
        self._find_wrong_places(names, count)
        self._find_circle()
        return self._found

    def fault(self, name, phase, message):
        """Take a fault of the order."""
        self._found.append(message)

    def _members(self):
        try:
            with open(self.file, "rb") as f:
                for name, definition, _ in _json.members(f):
                    yield name, definition
        except (OSError, ValueError) as e:
            if str(e) not in self._found:
                self._found.append(str(e))

    def _look_at(self, name, definition):
        found = []
        waits = ()
        defined = _definition.Definition(self, name, definition, self.names, ())
        try:
            found, waits = defined.check(self.names)
            if not found:
                found += _package_faults(definition, defined.path)
        except (Exception, SystemExit) as e:  # noqa: BLE001 what is imported can raise anything
            found.append("%s: %s" % (type(e).__name__, e))
        self._waits[name] = waits
        self._found += ["%s: %s" % (name, fault) for fault in found]

    def _find_wrong_places(self, names, count):
        """Find what `_order` puts before something that it refers to."""
        for i in range(count):
            for other in self._waits[names[i]]:
                if other in names[i:]:
                    text = '%s: "%s" is loaded later; _order must name it earlier'
                    self._found.append(text % (names[i], other))
                    del self._waits[names[i]]
                    break

    def _find_circle(self):
        waits = self._waits
        while waits:
            free = [name for name in waits if not any(other in waits for other in waits[name])]
            if not free:
                self._found.append("waiting for each other: " + ", ".join(sorted(waits)))
                return
            for name in free:
                del waits[name]


def _package_faults(definition, path):
    package, component = definition["package"], definition["component"]
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
    except (Exception, SystemExit) as e:  # noqa: BLE001 - the file may do anything
        trace = io.StringIO()
        sys.print_exception(e, trace)
        line = trace.getvalue().rpartition('"<string>", line ')[2].split("\n")[0].split(",")[0]
        # The text of the error may show a secret.
        return ["config.py line %s: %s" % (line, type(e).__name__)]
    module = _Module()
    for name, value in scope.items():
        if name[0] != "_":
            setattr(module, name, value)
    found = []
    sys.modules["config"] = module
    settings = import_once("node.settings").load(found.append)
    for name in ("CONFIG_KEY", "MQTT_HOST"):
        if not getattr(settings, name):
            found.append("config.py: without %s there would be no way back" % name)
    return found

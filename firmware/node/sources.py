# SPDX-License-Identifier: MIT
"""Where the definitions of the components come from: the first of three sources that is there.

`components.json`; else `_order.json` and `components/<name>.json`; else `components.py`.
"""

import os
import sys

from import_once import find, import_once

from node.component import ConfigError

_json = import_once("json_stream")

_WHOLE = "components.json"
_ORDER = "_order.json"
_PROGRAM = "components.py"
_FOLDER = "components"
LOAD = "load()"  # how the function of `components.py` is called; no component can be


def source():
    """Return the source as (its name, `definitions`), None if there is none.

    `definitions(report)` yields (name, definition) for each component, and ("_order", list) and
    (LOAD, function) where there are such. `report(name, exception)` is called for each file
    that cannot be read, or no further than it was; name: of the source, or of the component whose
    file it is.
    """
    files = os.listdir()
    _keep_code_in_sight(files)
    if _WHOLE in files:
        return _WHOLE, _of_one_file
    if _ORDER in files or _separate(files):
        return _ORDER, _of_several_files
    return (_PROGRAM, _Program().definitions) if _PROGRAM in files else None


def _of_one_file(report):
    try:
        with open(_WHOLE, "rb") as f:
            for name, definition, _ in _json.members(f):
                yield name, definition
    except (OSError, ValueError) as e:
        report(_WHOLE, e)


def _of_several_files(report):
    files = os.listdir()
    if _ORDER in files:
        order = _read(_ORDER, _ORDER, report)
        if order:
            yield "_order", order[0]
    for name in _separate(files):
        definition = _read(_FOLDER + "/" + name + ".json", name, report)
        if definition:
            yield name, definition[0]


class _Program:
    """components.py, which is run once, however often it is read."""

    def __init__(self):
        self._scope = {}

    def definitions(self, report):
        try:
            known = self._run()
        except Exception as e:  # noqa: BLE001 a program can raise anything
            self._scope.clear()
            report(_PROGRAM, e)
            return
        for name in sorted(known, key=str):
            yield str(name), known[name]
        if "load" in self._scope:
            yield LOAD, self._scope["load"]

    def _run(self):
        """Return COMPONENTS, an empty dictionary if there are none."""
        scope = self._scope
        if not scope:
            with open(_PROGRAM) as f:
                scope["__name__"] = _FOLDER
                exec(f.read(), scope)
        known = scope.get("COMPONENTS", {})
        if not isinstance(known, dict):
            raise ConfigError("COMPONENTS: expected a dictionary")
        if "load" not in scope and "COMPONENTS" not in scope:
            raise ConfigError("it has neither COMPONENTS nor load(node, add)")
        return known


def _read(path, name, report):
    """Return the value in a file as the only one of a list, which is empty if there is none."""
    try:
        with open(path, "rb") as f:
            return [_json.read(f)]
    except (OSError, ValueError) as e:
        report(name, e)
        return []


def _separate(files):
    """Return the names of the components that have files of their own."""
    inside = os.listdir(_FOLDER) if _FOLDER in files else ()
    return sorted([name[:-5] for name in inside if name.endswith(".json")])


def _keep_code_in_sight(files):
    """Import the package `components` from where its code is.

    Where the code is frozen, a folder that holds nothing but JSON, or `components.py`, would
    hide it: the root comes first on the path.
    """
    if _FOLDER in files and len(_separate(files)) < len(os.listdir(_FOLDER)):
        return
    if _FOLDER not in files and _PROGRAM not in files:
        return
    path = sys.path[:]
    root = ("", os.getcwd())
    sys.path[:] = [folder for folder in path if folder not in root]
    try:
        find(_FOLDER)
    finally:
        sys.path[:] = path

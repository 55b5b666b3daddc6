# SPDX-License-Identifier: MIT
"""Where the definitions of the components come from: the first of three sources that is there.

`components.json`; else `_order.json` and `components/<name>.json`; else `components.py`, or
compiled or frozen as the module `components_config`.
"""

import os
import sys

from import_once import find, import_once

from node.component import ConfigError

_json = import_once("json_stream")

_WHOLE = "components.json"
_ORDER = "_order.json"
_PROGRAM = "components.py"
_MODULE = "components_config"  # because `components` is the package of the code
_FOLDER = "components"
ABSENT = "no components.json: copy components.json.example to that name, change it"


class Source:
    """What the source of a node has, without the definitions themselves.

    Attributes: `file`, its name, "" if there is none; `names` of the components; `places`, for
    `read`; `order`, what is given as `_order`; `function`, that of `components.py`, None if it has
    none; `error`, why it could not be read, or no further than it was.
    """

    function = error = None

    def __init__(self):
        self.names = []
        self.places = {}
        self.order = []
        files = os.listdir()
        _keep_code_in_sight(files)
        self.file, find_names = self._choose(files)
        try:
            find_names(files)
        except Exception as e:  # noqa: BLE001 a program can raise anything
            self.error = e

    def _choose(self, files):
        if _WHOLE in files:
            return _WHOLE, self._of_one_file
        if _ORDER in files or _separate(files):
            return _ORDER, self._of_several_files
        if _PROGRAM in files:
            return _PROGRAM, self._of_program
        return _MODULE, self._of_module

    def _of_one_file(self, _):
        with open(_WHOLE, "rb") as f:
            for name, place in _json.places(f):
                if name != "$schema":  # is for editors
                    self._add(name, place)

    def _of_several_files(self, files):
        for name in _separate(files):
            self._add(name, None)
        if _ORDER in files:
            with open(_ORDER, "rb") as f:
                self.order = _json.read(f)

    def _of_program(self, _):
        scope = {"__name__": _FOLDER}
        with open(_PROGRAM) as f:
            exec(f.read(), scope)
        self._take(scope)

    def _of_module(self, _):
        module = import_once(_MODULE)
        if module:
            self._take(module.__dict__)
        else:
            self.file = ""
            self.error = ConfigError(ABSENT)

    def _take(self, scope):
        known = scope.get("COMPONENTS", {})
        if not isinstance(known, dict):
            raise ConfigError("COMPONENTS: expected a dictionary")
        self.function = scope.get("load")
        if not self.function and "COMPONENTS" not in scope:
            raise ConfigError("it has neither COMPONENTS nor load(node, add)")
        for name in sorted(known, key=str):
            self._add(str(name), (known[name],))

    def _add(self, name, place):
        self.places[name] = place
        if name == "_order":
            self.order = read(name, self.places)
        else:
            self.names.append(name)


def read(name, places):
    """Return the definition of a component. places: of its source.

    Raises OSError or ValueError when its file cannot be read.
    """
    place = places[name]
    if isinstance(place, tuple):
        return place[0]
    file = _WHOLE if place else "%s/%s.json" % (_FOLDER, name)
    with open(file, "rb") as f:
        return _json.read_at(f, place) if place else _json.read(f)


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

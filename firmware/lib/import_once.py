# SPDX-License-Identifier: MIT
"""Modules that may be missing, and modules that are needed for a moment only."""

import sys


def find(path):
    """Import the module `path` ("a.b.c") and return it, None if there is no such module.

    Raises what the module raises; ImportError when something that it imports is missing.
    """
    try:
        return __import__(path, None, None, ("",))
    except ImportError as e:
        # "no module named 'a.b'" may name the module or the package that it is in.
        missing = str(e).split("'")[1:2]
        if missing and (path + ".").startswith(missing[0] + "."):
            return None
        raise


def import_once(path):
    """Like `find`, but forget the module: it is freed as soon as the caller lets it go."""
    module = find(path)
    sys.modules.pop(path, None)
    package, _, leaf = path.rpartition(".")
    # A package has its modules as attributes, too.
    if module and package:
        delattr(sys.modules[package], leaf)
    return module

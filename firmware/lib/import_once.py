# SPDX-License-Identifier: MIT
"""Modules that are needed for a moment only: what is read once need not stay in memory."""

import sys


def import_once(path):
    """Import the module `path` ("a.b.c") and forget it: it is freed when the caller lets it go.

    Return the module. Raises what the import raises.
    """
    package, _, leaf = path.rpartition(".")
    module = __import__(path, None, None, (leaf,))
    sys.modules.pop(path, None)
    if package:
        # The package has it as an attribute, too.
        delattr(sys.modules[package], leaf)
    return module


def is_missing(error, path):
    """Return whether the ImportError says that `path` itself, or its package, does not exist.

    If not, something that the module imports is missing.
    """
    parts = str(error).split("'")
    return len(parts) > 1 and (path + ".").startswith(parts[1] + ".")

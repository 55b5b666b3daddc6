# SPDX-License-Identifier: MIT
"""Stores what the first-boot dialogue was told as `credentials.py`: all of it or nothing."""

import os

_FILE = "credentials.py"
_TEMPORARY = "credentials.new"
_HEAD = "# Written by the dialogue on the serial console, which asks again after `import setup`.\n"


def read():
    """Return what is stored as a dictionary; {} when there is nothing or it cannot be read."""
    try:
        with open(_FILE) as f:
            return _values(f.read())
    except (OSError, SyntaxError, ValueError):
        return {}


def store(changes):
    """Store `changes` (name -> text, number or bool) beside what is stored already.

    Power may be lost at any time: the new file becomes the file by being renamed.
    Raises OSError when it cannot be written or does not read back as it should.
    """
    values = read()
    values.update(changes)
    lines = ["%s = %r\n" % (name, values[name]) for name in sorted(values)]
    with open(_TEMPORARY, "w") as f:
        f.write(_HEAD)
        for line in lines:
            f.write(line)
    with open(_TEMPORARY) as f:
        if _values(f.read()) != values:
            raise OSError("%s does not read back as it was written" % _TEMPORARY)
    os.rename(_TEMPORARY, _FILE)
    if hasattr(os, "sync"):
        os.sync()


def forget():
    """Remove what is stored; return whether there was something."""
    try:
        os.remove(_FILE)
    except OSError:
        return False
    return True


def _values(text):
    """Return what a file of plain assignments sets."""
    names = {}
    exec(text, names)
    return {
        name: value
        for name, value in names.items()
        if name[0] != "_" and isinstance(value, (str, int, float, bool))
    }

# SPDX-License-Identifier: MIT
"""Exceptions in the code of a component: which line raised it, and what may be meant."""

import re
from collections.abc import Iterator
from pathlib import Path

from yard.check.source import PROGRAM, Place, Source
from yard.places import FIRMWARE, TOOLS

_FRAME = re.compile(r'File "(.+?)", line (\d+)')
_EXECUTED = "<string>"  # what MicroPython calls components.py
_HINTS = {
    r"'generator' object isn't callable$": (
        "spawn() takes the function itself: spawn(self.name, self._run), without ()"
    ),
    r"^ValueError: syntax error in JSON$": "the options of an entity must be what JSON can have",
    r"has no attribute 'node'$": "a component has its node from start() on",
    r"__init__\(\) .*argument|unexpected keyword argument": (
        "constructor_args must be what the constructor takes besides self"
    ),
}


def raised_at(trace: str, source: Source, module: Path | None) -> Place | None:
    """Return the line of a component that a traceback leads to, None if it leads to none.

    It is the last line of its own module, else of another component or library.

    Args:
        trace: as MicroPython prints it; "" for none.
        source: the configuration. A program of it is known by its name on the node.
        module: of the component, None if that is not known.
    """
    places = list(_places(trace, source))
    own = [place for place in places if place.file == module]
    return next(reversed(own or places), None)


def _places(trace: str, source: Source) -> Iterator[Place]:
    core = (FIRMWARE / "node", FIRMWARE / "lib", TOOLS)
    for name, line in _FRAME.findall(trace.replace(_EXECUTED, PROGRAM)):
        path = source.files.get(name, Path(name))
        file = path.resolve()
        # What is frozen into MicroPython has a name, but no file.
        if file.is_file() and not any(file.is_relative_to(folder) for folder in core):
            yield Place(path if name in source.files else file, int(line), 1)


def meant(message: str) -> str:
    """Return what is probably wrong when there is an exception, or ""."""
    return next((hint for text, hint in _HINTS.items() if re.search(text, message)), "")


def shown(path: Path) -> str:
    """Return a path as a person in the current folder calls it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)

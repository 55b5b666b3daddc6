# SPDX-License-Identifier: MIT
"""The faults of a configuration, each with the place where it is to be mended."""

import ast
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yard.check.catalogue import SUFFIX, Catalogue, Spec
from yard.check.descriptions import description_places
from yard.check.positions import Keys
from yard.check.raised import meant, raised_at, shown
from yard.check.source import Place, Source
from yard.check.words import in_words
from yard.printable import printable

_PATH = re.compile(r"^((?:[\w-]+)(?:\[\d+\]|\.[\w-]+)*): ")
# What lib/schema.py says of a value that is not as its description has it.
_OF_VALUE = re.compile(r"^expected |^required, |^(length )?\S+ is (below|above) the ")
_UNKNOWN = re.compile(r'^unknown (?:key|setting) "(.*?)"')
_UNEXPECTED = re.compile(r"unexpected keyword argument '(.*?)'$")
_LINE = re.compile(r"line (\d+)(?:, column (\d+))?")


@dataclass(frozen=True)
class ConfigurationFault:
    """One fault.

    Attributes:
        file: as it was named.
        line, column: from 1.
        component: its name, "" when it is none of a component.
        key: the path of the argument or key, such as `pins[3].debounce`, or "".
        phase: in which the node would report it.
        message: what is wrong.
        hint: what would be right, or "".
    """

    file: str
    line: int
    column: int
    component: str
    key: str
    phase: str
    message: str
    hint: str

    def __str__(self) -> str:
        where = ".".join(part for part in (self.component, self.key) if part)
        text = f"{self.file}:{self.line}:{self.column}: {where}{': ' if where else ''}"
        return printable(f"{text}{self.message}{f'; {self.hint}' if self.hint else ''}")


class Faults:
    """Makes faults of what is said of the components of a configuration.

    Args:
        source: the configuration.
        catalogue: the descriptions of the components.
    """

    def __init__(self, source: Source, catalogue: Catalogue) -> None:
        self._source = source
        self._catalogue = catalogue

    def of_description(
        self, component: str, package: str, name: str, text: str
    ) -> ConfigurationFault:
        """Return the fault of the description of a component.

        Args:
            component: its name in the configuration.
            package, name: of the class or function.
            text: what is wrong, with the path below `name`.
        """
        message, _, hint = text.partition("; ")
        key, message = _split(message)
        file = self._catalogue.file(package + SUFFIX)
        assert file, "it has been read"
        known = description_places(file)
        path = (name, *_keys(key))
        at = next((known[path[:n]] for n in range(len(path), 0, -1) if path[:n] in known), (1, 1))
        return ConfigurationFault(shown(file), *at, component, key, "check", message, hint)

    def raised(self, component: str, phase: str, text: str, trace: str) -> ConfigurationFault:
        """Return the fault that the loader tells as `text`, with where it was raised.

        Args:
            component, phase, text: as for `fault`.
            trace: the traceback of MicroPython, "" if there is none.
        """
        fault = self.fault(component, phase, text)
        place = raised_at(trace, self._source, self._catalogue.file(self._package(component)))
        if place and place.file in self._source.files.values():
            return replace(fault, line=place.line, column=place.column)
        hints = [fault.hint, meant(fault.message)] if trace else [fault.hint]
        hints += [f"see {shown(place.file)}:{place.line}"] if place else []
        return replace(fault, hint="; ".join(filter(None, hints)))

    def fault(self, component: str, phase: str, text: str) -> ConfigurationFault:
        """Return the fault that the loader tells as `text`."""
        known = component if (component,) in self._source.places else ""
        message, _, hint = text.partition("; ")
        if phase == "file":
            place, message = _line(message, self._place(component, "", ""))
            return ConfigurationFault(*_shown(place), known, "", phase, message, hint)
        key, rest = _split(message)
        if self._is_key(component, key, rest):
            message = rest
        else:
            unexpected = _UNEXPECTED.search(message)
            key = unexpected[1] if unexpected else ""
        place = self._place(component, key, message)
        if not hint and _OF_VALUE.search(message):
            hint = self._described(component, key)
        return ConfigurationFault(*_shown(place), known, key, phase, message, hint)

    def _is_key(self, component: str, key: str, rest: str) -> bool:
        """Return whether a fault begins with a key: it may also be the name of an exception."""
        if rest.startswith("required, ") or (component,) not in self._source.places:
            return True
        if component not in self._source.members:
            return key[:1].islower()  # nothing is known of it
        first = _keys(key)[:1]
        places = ((component, *first), (component, "constructor_args", *first))
        return any(place in self._source.places for place in places) or bool(
            self._described(component, key)
        )

    def _place(self, component: str, key: str, message: str) -> Place:
        """Return the place of what comes nearest to the key."""
        inner = _keys(key)
        unknown = _UNKNOWN.match(message)
        if unknown:
            inner = (*inner, unknown[1])
        places = self._source.places
        if (component,) not in places:  # it is of the whole, such as `_order`
            return places.get(inner[:1], self._source.start)
        for end in range(len(inner), -1, -1):
            # An argument that is missing belongs among the others.
            among = end or message.startswith("required, ")
            arguments = [(component, "constructor_args", *inner[:end])] if among else []
            for path in (*arguments, (component, *inner[:end])):
                if path in places:
                    return places[path]
        return self._source.start

    def _package(self, component: str) -> str:
        """Return the package of a component, "" if that is not known."""
        member = self._source.members.get(component)
        return str(member.get("package", "")) if isinstance(member, dict) else ""

    def _described(self, component: str, key: str) -> str:
        """Return what the description of an argument says of it."""
        member = self._source.members.get(component)
        if not isinstance(member, dict):
            return ""
        name = str(member.get("component", ""))
        described = self._catalogue.arguments(self._package(component), name)
        spec: Spec = {"keys": described or {}}
        value: Any = member.get("constructor_args")
        for part in _keys(key):
            spec, value = self._inside(spec, value, part)
            if not spec:
                return ""
        # The type alone is in the message already.
        return in_words(str(_keys(key)[-1]), spec) if "doc" in spec else ""

    def _inside(self, spec: Spec, value: Any, part: str | int) -> tuple[Spec, Any]:
        """Return the description, empty if there is none, and the value one step further down."""
        if isinstance(part, int):
            inner = value[part] if isinstance(value, list) and part < len(value) else None
            if "each" in spec:
                kind = inner.get("type") if isinstance(inner, dict) else None
                return self._catalogue.row(spec, kind), inner
            return spec.get("item", {}), inner
        inner = value.get(part) if isinstance(value, dict) else None
        return spec.get("object", spec).get("keys", {}).get(part, {}), inner


def setting_fault(path: Path, text: str) -> ConfigurationFault:
    """Return the fault of a setting that the node tells as `text`."""
    start = Place(path, 1, 1)
    place, message = _line(text.removeprefix("config.py: "), start)
    message, _, hint = message.partition("; ")
    unknown = _UNKNOWN.match(message)
    key, rest = ("", message) if place != start else _split(message)
    if place == start:
        place = _assignment(path, unknown[1] if unknown else key)
    return ConfigurationFault(*_shown(place), "", key, "settings", rest, hint)


def _assignment(path: Path, name: str) -> Place:
    """Return where config.py sets `name` last."""
    start = Place(path, 1, 1)
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return start
    places = [
        Place(path, node.lineno, node.col_offset + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
    ]
    return max(places, default=start)


def _line(text: str, otherwise: Place) -> tuple[Place, str]:
    """Return the place that a text begins with, and the rest of it."""
    found = _LINE.search(text.partition(": ")[0])
    if not found:
        return otherwise, text
    return Place(otherwise.file, int(found[1]), int(found[2] or 1)), text.partition(": ")[2]


def _shown(place: Place) -> tuple[str, int, int]:
    return str(place.file), place.line, place.column


def _split(message: str) -> tuple[str, str]:
    """Return the path that a fault begins with, or "", and the rest."""
    found = _PATH.match(message)
    return (found[1], message[found.end() :]) if found else ("", message)


def _keys(path: str) -> Keys:
    """Return the parts of `pins[3].debounce`."""
    parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)
    return tuple(int(number) if number else name for number, name in parts)

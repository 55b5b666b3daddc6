# SPDX-License-Identifier: MIT
"""What the components of the firmware take: the descriptions that lie beside them, read here.

The `*_args.py` of the firmware are the one source; the node checks with them, `yard check` does,
and the JSON Schema and the reference in `docs/` are made of them.
"""

import ast
import contextlib
import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from yard.check.descriptions import description_faults
from yard.places import FIRMWARE

Spec = dict[str, Any]

SUFFIX = "_args"


@dataclass(frozen=True)
class Package:
    """A module that components.json can name.

    Attributes:
        name: as it is written there, such as ".machine.i2c".
        summary: what it is for, one sentence.
        classes: the arguments of each class that describes them.
    """

    name: str
    summary: str
    classes: dict[str, dict[str, Spec]] = field(default_factory=dict)


class Catalogue:
    """The components of the firmware, and of the folders in `further`, by package.

    Attributes:
        packages: every one with a description of its arguments.
    """

    def __init__(self, further: Sequence[Path] = ()) -> None:
        self._folders = [str(FIRMWARE), *map(str, further), str(FIRMWARE / "lib")]
        self._rows: dict[tuple[int, str], Spec] = {}
        self.packages: dict[str, Package] = {}
        with self._firmware():
            self._schema = importlib.import_module("schema")
            for path in sorted((FIRMWARE / "components").rglob(f"*{SUFFIX}.py")):
                module = path.with_name(path.name.replace(SUFFIX, ""))
                package = "." + ".".join(module.relative_to(FIRMWARE / "components").parts)[:-3]
                if module.exists():
                    self._add(package)

    def file(self, package: str) -> Path | None:
        """Return the source of a package, None if there is none."""
        parts = _module(package).split(".")
        for path in (Path(folder, *parts) for folder in self._folders):
            for file in (path / "__init__.py", path.with_name(path.name + ".py")):
                if path.name and file.is_file():
                    return file
        return None

    def suggest(self, name: str, known: Sequence[str]) -> str:
        """Return the end of a sentence that says what may have been meant."""
        with self._firmware():
            return str(importlib.import_module("suggestion").suggest(name, known))

    def arguments(self, package: str, component: str) -> dict[str, Spec] | None:
        """Return the arguments of a component, None when nothing describes them."""
        if package not in self.packages:
            with self._firmware():
                self._add(package)
        known = self.packages.get(package)
        return known.classes.get(component) if known else None

    def description_faults(self, package: str, component: str) -> list[str]:
        """Return what is wrong with the description of a component, each with its path."""
        keys = self.arguments(package, component) or {}
        with self._firmware():
            return description_faults(keys, self._schema.check)

    def row(self, table: Spec, kind: object) -> Spec:
        """Return what describes a row of a table.

        Args:
            table: the description of the argument that has the rows.
            kind: the type that the row names, or anything else.
        """
        each: Spec = table["each"]
        if kind not in row_types(table):
            return each
        key = id(table), str(kind)
        if key not in self._rows:
            with self._firmware():
                self._rows[key] = _described(each, str(kind))
        return self._rows[key]

    def check(self, package: str, component: str, arguments: object) -> list[str]:
        """Return the faults of the arguments of a component, rows of its tables included."""
        keys = self.arguments(package, component)
        if keys is None:
            return []
        if isinstance(arguments, list):
            arguments = _named(arguments, keys)
        if not isinstance(arguments, dict):
            return []
        with self._firmware():
            return self._faults(arguments, keys)

    def _faults(self, arguments: dict[str, Any], keys: dict[str, Spec]) -> list[str]:
        faults: list[str] = self._schema.check(arguments, {"type": "dict", "keys": keys}, "")
        for key, table in keys.items():
            rows = arguments.get(key)
            for i, row in enumerate(rows if "each" in table and isinstance(rows, list) else ()):
                spec = self.row(table, row.get("type") if isinstance(row, dict) else None)
                faults += self._schema.check(row, spec, f"{key}[{i}]")
        return faults

    def _add(self, package: str) -> None:
        file = self.file(package)
        if file is None:
            return
        try:
            described = importlib.import_module(_module(package) + SUFFIX).ARGS.items()
            summary = _summary(file)
        except Exception:  # noqa: BLE001 - a person's own module: the dry load tells what it is
            return
        classes = {name: keys for name, keys in described if _are_descriptions(keys)}
        self.packages[package] = Package(package, summary, classes)

    @contextlib.contextmanager
    def _firmware(self) -> Iterator[None]:
        """Let modules of the node be imported; none of them is left behind."""
        path, modules = sys.path[:], set(sys.modules)
        sys.path[:0] = self._folders
        sys.modules["micropython"] = _micropython()
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                del sys.modules[name]


def row_types(table: Spec) -> tuple[str, ...]:
    """Return the types of the rows of a table, nothing for one whose rows are all alike."""
    return tuple(table["each"]["keys"].get("type", {}).get("choices", ()))


def _module(package: str) -> str:
    return "components" + package if package.startswith(".") else package


def _described(each: Spec, kind: str) -> Spec:
    """Return what describes the rows of a type of which `each` describes those of all types."""
    try:
        more = importlib.import_module(f"components.entities.{kind}{SUFFIX}").KEYS
    except ModuleNotFoundError:
        return each
    described: Spec = importlib.import_module("components.entities.row_keys").describe(each, more)
    return described


def _named(arguments: list[Any], keys: dict[str, Spec]) -> dict[str, Any] | None:
    """Return arguments that are given by place, by name; None if these are not known."""
    names = {known["place"]: key for key, known in keys.items() if "place" in known}
    if not names.keys() >= set(range(len(arguments))):
        return None
    return {names[place]: value for place, value in enumerate(arguments)}


def _are_descriptions(keys: object) -> bool:
    return isinstance(keys, dict) and all(isinstance(known, dict) for known in keys.values())


def _summary(path: Path) -> str:
    """Return the first line of the docstring of a module."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def _micropython() -> ModuleType:
    """Return what the descriptions need of the module `micropython`."""
    module = ModuleType("micropython")
    module.const = lambda value: value  # type: ignore[attr-defined]
    return module

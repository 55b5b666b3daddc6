# SPDX-License-Identifier: MIT
"""How the use of a 32-bit heap is read, and what of it is the node's."""

from __future__ import annotations

from dataclasses import dataclass, field

BLOCK = 16  # bytes

_TABLE_HEAD = 24
_FIRST_TABLE = 20  # names


@dataclass(frozen=True)
class Names:
    """Interned names.

    Each has its place in a table. When the last table is full, one of twice its size follows, so
    the names of what stands in for the ESP32 would count many times: they are left out of the
    tables, not only taken off.

    Attributes:
        count: how many.
        text: bytes of their texts.
    """

    count: int
    text: int

    ENTRY = 7  # bytes in the table: address, hash and length

    def tables(self) -> list[int]:
        """Return the bytes of each table."""
        tables, size, room = [], _FIRST_TABLE, 0
        while room < self.count:
            tables.append(-(-(_TABLE_HEAD + self.ENTRY * size) // BLOCK) * BLOCK)
            room += size
            size *= 2
        return tables

    def __sub__(self, other: Names) -> Names:
        return Names(self.count - other.count, self.text - other.text)

    def __add__(self, other: Names) -> Names:
        return Names(self.count + other.count, self.text + other.text)


@dataclass(frozen=True)
class Use:
    """What is in use: bytes without the tables of names, and the names.

    Attributes:
        objects: bytes of everything else, texts of names included.
        names: those that are interned.
    """

    objects: int
    names: Names

    @classmethod
    def of(cls, used: int, names: Names) -> Use:
        """Return the use of a heap of which `used` bytes are in use, tables included."""
        return cls(used - sum(names.tables()), names)

    def total(self) -> int:
        """Return the bytes with the tables."""
        return self.objects + sum(self.names.tables())

    def __sub__(self, other: Use) -> Use:
        return Use(self.objects - other.objects, self.names - other.names)

    def __add__(self, other: Use) -> Use:
        return Use(self.objects + other.objects, self.names + other.names)


NOTHING = Use(0, Names(0, 0))


@dataclass(frozen=True)
class Import:
    """An import: the modules that it brought, and what it took without the imports inside it."""

    modules: list[str]
    took: Use


@dataclass
class ImportTrace:
    """Follows the imports of a node.

    Attributes:
        imports: those that have ended and brought a module.
    """

    imports: list[Import] = field(default_factory=list)
    _open: list[tuple[Use, Use]] = field(default_factory=list)  # before, taken by inner ones

    def begin(self, use: Use) -> None:
        """Note that an import begins."""
        self._open.append((use, NOTHING))

    def end(self, use: Use, modules: list[str]) -> None:
        """Note that the import that began last has ended."""
        before, inner = self._open.pop()
        took = use - before
        if self._open:
            outer, taken = self._open[-1]
            self._open[-1] = (outer, taken + took)
        if modules:
            self.imports.append(Import(modules, took - inner))

# SPDX-License-Identifier: MIT
"""Chooses short names for what nobody outside of the firmware sees.

Each name in compiled code is interned: its text, and 7 bytes or more of a table, stay in the heap
for ever, also when the module has gone. Only names that MicroPython has in ROM cost nothing, so
private names become those. One becomes the same in all modules; two may become the same where they
cannot meet. docs/design.md, "Names are shortened when compiled", has the rules.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from yard.compile.inside import BECOME, INSIDE

# From `static_qstr_list` of MicroPython's py/makeqstrdata.py, which all ports share since it is
# part of the .mpy format; without what a component might call an attribute of its own.
_IN_EVERY_MPY = (
    "abs bytecode classmethod divmod eval exec format from_bytes globals hash insert isalpha"
    " islower isspace issubclass isupper little locals main ord popitem pow readline repr reverse"
    " rfind rindex round rsplit sep sort staticmethod to_bytes zip ArithmeticError AssertionError"
    " AttributeError BaseException EOFError Ellipsis GeneratorExit IndentationError IndexError"
    " KeyError KeyboardInterrupt LookupError NameError OverflowError RuntimeError StopIteration"
    " SyntaxError SystemExit TypeError ZeroDivisionError"
)
# Of `struct`, `heapq`, `collections` and `math`, which the ESP32 has in ROM, too.
_IN_ROM = (
    "calcsize pack_into unpack_from heapify heappop heappush OrderedDict appendleft"
    " acos asin atan2 copysign fmod frexp isfinite isinf isnan ldexp modf radians"
)
# When those run out: short, and as unlikely in a component as they are.
_SHORT = [f"q{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
POOL = [*_IN_EVERY_MPY.split(), *_IN_ROM.split(), *_SHORT]


def is_private(name: str) -> bool:
    """Return whether a name is for inside the firmware only, by its one leading underscore."""
    return name.startswith("_") and not name.startswith("__") and name != "_"


def identifiers(tree: ast.AST) -> set[str]:
    """Return whatever is called something in a syntax tree."""
    return set(chain.from_iterable(map(_own_identifiers, ast.walk(tree))))


def _own_identifiers(node: ast.AST) -> Iterator[str]:
    for key in ("id", "attr", "arg", "name", "asname"):
        value = getattr(node, key, None)
        if isinstance(value, str):
            yield value
    if isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names


@dataclass
class Module:
    """What a module contains.

    Attributes:
        identifiers: whatever is called something.
        fixed: strings, which may be names for getattr(), and constants, which vanish anyway.
        keywords: names of arguments that are given by name.
        defined: identifiers that are defined here.
        parents: modules from which a base class of a class in this one comes.
        spreads: whether arguments are given by names that are known only when it runs.
    """

    identifiers: set[str]
    fixed: set[str] = field(default_factory=set)
    keywords: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)
    parents: set[str] = field(default_factory=set)
    spreads: bool = False

    @classmethod
    def of(cls, tree: ast.Module) -> Module:
        """Read the syntax tree of a module."""
        module = cls(identifiers(tree))
        prefixes: set[str] = set()
        for node in ast.walk(tree):
            module._note_definition(node)
            match node:
                case ast.Constant(value=str(text)):
                    module.fixed.add(text)
                case ast.JoinedStr():  # its words are not in the text one by one
                    module.fixed |= identifiers(node)
                case ast.keyword(arg=str(name)):
                    module.keywords.add(name)
                case ast.keyword(arg=None):
                    module.spreads = True
                case ast.Call(
                    func=ast.Name("getattr"), args=[_, ast.BinOp(ast.Constant(str(prefix))), *_]
                ):
                    prefixes.add(prefix)
        # Names that are put together when it runs, of a prefix and a text.
        made = {prefix + text for prefix in prefixes for text in module.fixed}
        module.fixed |= made & module.identifiers
        origins = {
            alias.asname or alias.name: node.module or ""
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        bases = {
            base.id
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for base in node.bases
            if isinstance(base, ast.Name)
        }
        module.parents.update(origins[base] for base in bases & origins.keys())
        return module

    def _note_definition(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name("const"))):
                self.fixed.add(name)
            case (
                ast.ClassDef(name=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.Attribute(attr=name, ctx=ast.Store())
                | ast.Assign(targets=[ast.Name(id=name)])
            ):
                self.defined.add(name)


def _lineage(name: str, modules: Mapping[str, Module]) -> set[str]:
    """Return a module and those whose classes the objects of its own may be made of."""
    parents = modules[name].parents & modules.keys()
    return {name}.union(*(_lineage(parent, modules) for parent in parents))


def choose(modules: Mapping[str, Module]) -> dict[str, str]:
    """Return what each private name that the modules define, and each of INSIDE, becomes."""
    fixed = set(chain.from_iterable(m.fixed | m.keywords for m in modules.values()))
    defined = set(chain.from_iterable(m.defined for m in modules.values()))
    known = fixed.union(*(m.identifiers for m in modules.values()))
    pool = [name for name in POOL if name not in known]
    # Names that occur in one lineage may meet in one object, or in one module.
    lineages = {name: _lineage(name, modules) for name in modules}
    places = {
        name: {
            m for m, line in lineages.items() if any(name in modules[p].identifiers for p in line)
        }
        for name in defined - fixed
        if is_private(name)
    }
    taken: dict[str, set[str]] = {module: set() for module in modules}
    chosen = {}
    # Those that occur in most places have the least choice.
    for name in sorted(places, key=lambda name: (-len(places[name]), name)):
        used = set().union(*(taken[module] for module in places[name]))
        chosen[name] = next((new for new in pool if new not in used), name)
        for module in places[name]:
            taken[module].add(chosen[name])
    return chosen | _choose_inside(modules, fixed)


def _choose_inside(modules: Mapping[str, Module], fixed: set[str]) -> dict[str, str]:
    """Return what the names of INSIDE become: each another, since objects go anywhere."""
    uses = Counter(chain.from_iterable(module.identifiers for module in modules.values()))
    # Those that are in most modules get the shortest.
    names = sorted(INSIDE & uses.keys() - fixed, key=lambda name: (-uses[name], name))
    free = (name for name in BECOME if name not in uses and name not in fixed)
    return dict(zip(names, free, strict=False))

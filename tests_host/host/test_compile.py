# SPDX-License-Identifier: MIT
"""yard.compile: what lies on a board is the firmware with short names, otherwise unchanged."""

from __future__ import annotations

import ast
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from yard.compile.descriptions import for_node, without_texts
from yard.compile.firmware import names_on_board, read_sources
from yard.compile.inside import BECOME, INSIDE
from yard.compile.join import JOINED, join
from yard.compile.kept import compile_firmware
from yard.compile.names import POOL, Module, identifiers, is_private
from yard.compile.once import (
    imported_once,
    interned_anyway,
    short_names,
    with_short_imports,
    without_short_texts,
)
from yard.compile.shorten import Shortener
from yard.places import FIRMWARE

SOURCES = read_sources(FIRMWARE)


@pytest.fixture(scope="module")
def shortener() -> Shortener:
    return Shortener(SOURCES)


@pytest.fixture(scope="module")
def trees(shortener: Shortener) -> dict[str, tuple[ast.Module, ast.Module]]:
    """Each module as it was and as it has become."""
    return {
        module: (ast.parse(source), ast.parse(shortener.shortened(module)))
        for module, source in SOURCES.items()
    }


def shorten(*texts: str) -> list[str]:
    """Shorten the modules m0, m1 and so on."""
    shortener = Shortener({f"m{i}": text for i, text in enumerate(texts)})
    return [shortener.shortened(f"m{i}") for i in range(len(texts))]


def pairs(old: ast.AST, new: ast.AST) -> zip[tuple[ast.AST, ast.AST]]:
    return zip(ast.walk(old), ast.walk(new), strict=True)


# -- the firmware ---------------------------------------------------------------------------


def test_only_names_change(trees: dict[str, tuple[ast.Module, ast.Module]]) -> None:
    for module, (old, new) in trees.items():
        for before, after in pairs(old, new):
            assert type(before) is type(after), module
            if isinstance(before, ast.Constant):
                assert before.value == after.value, module  # type: ignore[attr-defined]


def test_public_names_stay(trees: dict[str, tuple[ast.Module, ast.Module]]) -> None:
    for module, (old, new) in trees.items():
        for before, after in pairs(old, new):
            for key in ("attr", "name", "asname"):
                name = getattr(before, key, None)
                if name and not is_private(name) and name not in INSIDE:
                    assert getattr(after, key) == name, module


def test_two_names_of_a_module_stay_two(shortener: Shortener) -> None:
    for module, source in SOURCES.items():
        known = identifiers(ast.parse(source)) & shortener.names.keys()
        assert len({shortener.names[name] for name in known}) == len(known), module


def test_each_name_from_the_inside_becomes_another(shortener: Shortener) -> None:
    known = set().union(*(identifiers(ast.parse(source)) for source in SOURCES.values()))
    assert known >= INSIDE, "in INSIDE, but nothing is called so any more"
    # What stands in a text, too, keeps its name.
    new = [shortener.names[name] for name in INSIDE & shortener.names.keys()]
    assert len(set(new)) == len(new)
    private = {new for old, new in shortener.names.items() if is_private(old)}
    assert not private & set(new)


def test_there_is_a_name_for_each_from_the_inside() -> None:
    text = "".join(f"{name} = 1\n" for name in sorted(INSIDE))
    assert Shortener({**SOURCES, "all": text}).names.keys() >= INSIDE - kept_texts()


def kept_texts() -> set[str]:
    """Return what stands in a text of the firmware, or is an argument given by name."""
    modules = [Module.of(ast.parse(source)) for source in SOURCES.values()]
    return set().union(*(module.fixed | module.keywords for module in modules))


def test_what_people_may_use_is_not_from_the_inside() -> None:
    for module in ("node.component", "boot", "main"):
        assert not identifiers(ast.parse(SOURCES[module])) & INSIDE, module
    modules = {word for module in SOURCES for word in module.split(".")}
    assert not modules & INSIDE


def test_what_a_name_becomes_means_nothing_else(shortener: Shortener) -> None:
    known = set().union(*(identifiers(ast.parse(source)) for source in SOURCES.values()))
    chosen = {new for old, new in shortener.names.items() if new != old}
    assert chosen <= {*POOL, *BECOME}
    assert not chosen & known


def test_the_pool_is_large_enough(shortener: Shortener) -> None:
    kept = [old for old, new in shortener.names.items() if new == old]
    assert kept == []


def test_the_arguments_of_a_function_stay_different(
    trees: dict[str, tuple[ast.Module, ast.Module]],
) -> None:
    for module, (_, new) in trees.items():
        for node in ast.walk(new):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                args = [part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg)]
                assert len(set(args)) == len(args), f"{module}.{node.name}"


def test_all_of_it_compiles_and_only_what_must_stays_source(tmp_path: Path) -> None:
    sizes = compile_firmware(FIRMWARE, tmp_path)
    assert {p.name for p in tmp_path.rglob("*") if p.suffix != ".mpy" and p.is_file()} == {
        "boot.py",
        "main.py",
    }
    assert sizes.keys() == SOURCES.keys() - {"boot", "main"}


def test_the_function_of_a_traceback_has_its_name_back(shortener: Shortener) -> None:
    short = shortener.names["_serve_next"]
    assert shortener.original("bus_worker", short) == "_serve_next"
    assert shortener.original("bus_worker", "step") == "step"


def test_what_components_derive_from_has_no_private_names_that_could_collide() -> None:
    assert not [n for n in identifiers(ast.parse(SOURCES["node.component"])) if is_private(n)]


# -- the rules, one by one ------------------------------------------------------------------


def test_an_attribute_has_the_same_name_in_every_module() -> None:
    first, second = shorten(
        "class A:\n    def __init__(self):\n        self._x = 1\n",
        "def show(a):\n    return a._x\n",
    )
    name = first.split("self.")[1].split()[0]
    assert second == f"def show(a):\n    return a.{name}\n"


def test_a_name_from_the_inside_is_renamed_wherever_it_stands() -> None:
    names = Shortener({"m0": "suspect = pieces = 1\n"}).names
    assert names.keys() == {"suspect", "pieces"}
    first, second = shorten(
        "def suspect(pieces):\n    return pieces.pieces\n",
        "from m0 import suspect\nx = suspect(1)\n",
    )
    new = first.partition("(")[0].removeprefix("def ")
    assert new in BECOME
    assert second == f"from m0 import {new}\nx = {new}(1)\n"
    assert "pieces" not in first


def test_an_argument_is_not_taken_for_the_attribute_of_the_same_name() -> None:
    (text,) = shorten("def suspect(self, pieces):\n    self.pieces = pieces\n")
    argument = text.partition("self, ")[2].partition(")")[0]
    assert text.endswith(f" = {argument}\n")
    assert f"self.{argument} " not in text


def test_a_name_from_the_inside_that_stands_in_a_text_stays() -> None:
    text = "suspect = 1\nx = 'suspect'\n"
    assert shorten(text) == [text]


def test_names_of_other_classes_may_meet_but_those_of_a_family_do_not() -> None:
    base = "class A:\n    def _f(self):\n        pass\n"
    heir = "from m0 import A\nclass B(A):\n    def _g(self):\n        pass\n"
    stranger = "class C:\n    def _h(self):\n        pass\n"
    names = Shortener({"m0": base, "m1": heir, "m2": stranger}).names
    assert names["_f"] != names["_g"]
    assert names["_h"] in (names["_f"], names["_g"])


@pytest.mark.parametrize(
    "text",
    [
        "queue = core._task_queue\n",  # not ours
        "_X = const(1)\n",  # vanishes by itself
        "class A:\n    def __len__(self):\n        return 0\n",
        "for _ in x:\n    pass\n",
        "class A:\n    _x = 1\ngetattr(A(), '_x')\n",
        "class A:\n    def _go(self):\n        pass\ngo = 'go'\nx = getattr(A(), '_' + go)\n",
        "def f(_x=1):\n    pass\nf(_x=2)\n",
        "def public(argument):\n    return argument\n",
        "def _f(other=1):\n    return other\ng(other=2)\n".replace("_f", "f"),
        "class A:\n    def m(self, argument):\n        return argument\n",
    ],
)
def test_what_stays_as_it_is(text: str) -> None:
    assert shorten(text) == [text]


def test_arguments_of_private_functions_are_renamed_and_attributes_of_that_name_are_not() -> None:
    (text,) = shorten("def _f(item):\n    return item.item, [item for _ in item]\n")
    new = text.partition("(")[2].partition(")")[0]
    assert new in POOL
    assert text.endswith(f"return {new}.item, [{new} for _ in {new}]\n")


def test_an_argument_that_is_given_by_name_keeps_it() -> None:
    (text,) = shorten("def _f(item):\n    return item\n\n\n_f(item=1)\n")
    assert "item=1" in text
    assert "return item" in text


def test_arguments_keep_their_names_where_they_may_be_given_by_any_name() -> None:
    (text,) = shorten("def _f(item):\n    return item\n\n\ndef call(args):\n    _f(**args)\n")
    assert "(item):\n    return item\n" in text


def test_an_argument_that_is_called_as_a_module_is_keeps_its_name() -> None:
    (text,) = shorten("def _f(pins):\n    from pins import Pin\n    return Pin(pins)\n")
    assert "from pins import Pin" in text


def test_a_function_inside_a_function_sees_the_argument_outside() -> None:
    source = "def _f(a, b):\n    def g(b):\n        return a, b\n    return g(b)\n"
    (text,) = shorten(source + "RESULT = _f(1, 2)\n")
    scope: dict[str, object] = {}
    exec(text, scope)
    assert scope["RESULT"] == (1, 2)


def test_names_in_the_pool_differ() -> None:
    assert all(a != b for a, b in itertools.combinations([*POOL, *BECOME], 2))


# -- joined modules -------------------------------------------------------------------------


def test_a_part_becomes_the_beginning_of_the_whole_and_whoever_imports_it_gets_the_whole() -> None:
    joined = join(
        {
            "bus_device": "_LIMIT = const(1)\nclass BusDevice:\n    pass\n",
            "bus_worker": "from bus_device import BusDevice\n_LIMIT = const(1)\nx = BusDevice\n",
            "other": "from bus_device import BusDevice\n",
        }
    )
    assert joined["bus_worker"].split() == (
        "_LIMIT = const(1) class BusDevice: pass x = BusDevice".split()
    )
    assert joined["bus_device"] == "from bus_worker import BusDevice\n"
    assert joined["other"] == "from bus_worker import BusDevice\n"


def test_modules_that_mean_different_things_by_one_name_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match="_LIMIT has two meanings"):
        join({"bus_device": "_LIMIT = 1\n", "bus_worker": "_LIMIT = 2\n"})


@pytest.mark.parametrize(
    ("module", "text"),
    [("other", "import bus_device\n"), ("bus_worker", "from bus_device import X as Y\n")],
)
def test_an_import_that_joining_would_break_is_refused(module: str, text: str) -> None:
    with pytest.raises(ValueError, match=module):
        join({"bus_device": "X = 1\n", "bus_worker": "", module: text})


def test_all_parts_of_the_firmware_exist_and_their_public_names_stay_importable() -> None:
    joined = join(SOURCES)
    assert joined.keys() == SOURCES.keys()
    for whole, parts in JOINED.items():
        assert {whole, *parts} <= SOURCES.keys()
        for part in parts:
            assert joined[part].startswith(f"from {whole} import "), part


# -- descriptions of arguments --------------------------------------------------------------


def described(source: str, name: str) -> object:
    """Return a description as a node gets it."""
    text = for_node(source)
    assert text is not None
    module = ModuleType("described")
    exec(text, module.__dict__)
    return getattr(module, name)


FLAG = """
def _flag(doc):
    return {"type": "bool", "default": (1, 2), "doc": doc}

"""


def test_descriptions_lose_what_is_for_people_and_nothing_else() -> None:
    source = FLAG + 'ARGS = {"A": {"doc": {"type": "str", "unit": "s"}, "x": _flag("does x")}}\n'
    expected = {"A": {"doc": {"type": "str"}, "x": {"type": "bool", "default": [1, 2]}}}
    assert described(source, "ARGS") == expected


def test_rows_are_described_under_their_own_name_only() -> None:
    source = FLAG + 'ROW = {"x": _flag("x")}\nARGS = {"A": {"rows": {"each": ROW, "min": 1}}}\n'
    assert described(source, "ARGS") == {"A": {"rows": {"each": {}, "min": 1}}}
    assert described(source, "ROW") == {"x": {"type": "bool", "default": [1, 2]}}
    with pytest.raises(AttributeError):
        described(source, "COLUMN")


@pytest.mark.parametrize(
    "source",
    [
        "import x\nARGS = {'A': {'doc': 'text'}}\n",
        "def rule(x):\n    pass\nARGS = {'A': {'doc': 'text'}}\n",
    ],
)
def test_descriptions_that_stay_programs(source: str) -> None:
    assert for_node(source) is None


def evaluated(name: str, text: Callable[[str], str]) -> dict[str, Any]:
    """Return what a module of descriptions has when it and those it needs have been `text`."""

    def import_once(other: str) -> ModuleType:
        module = ModuleType(other)
        module.__dict__.update(evaluated(other, text))
        return module

    scope: dict[str, Any] = {"import_once": import_once}
    exec(text(SOURCES[name]).replace("from import_once import import_once", ""), scope)
    return scope


def less(value: Any) -> Any:
    """Return a description without what is for people."""
    if isinstance(value, dict):
        texts = [k for k in ("doc", "unit") if k in value and not isinstance(value[k], dict)]
        return {key: less(item) for key, item in value.items() if key not in texts}
    return [less(item) for item in value] if isinstance(value, list | tuple) else value


PROGRAMS = [name for name in SOURCES if name.endswith("_args") and not for_node(SOURCES[name])]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_of_descriptions_loses_what_is_for_people_and_nothing_else(name: str) -> None:
    before, after = evaluated(name, str), evaluated(name, without_texts)
    for public in ("ARGS", "PIN", "ROW", "KEYS", "SETTINGS"):
        assert json.dumps(less(before.get(public))) == json.dumps(after.get(public))


# -- what is imported once ------------------------------------------------------------------


def test_a_module_that_somebody_keeps_is_not_imported_once() -> None:
    sources = {
        "a": 'import_once("c")\nimport_once("d.e")\nimport_once("f")\nimport_once("nowhere")\n',
        "b": "from d import e\nimport f\n",
        "c": "",
        "d.e": "",
        "f": "",
    }
    assert imported_once(sources) == {"c"}


def test_what_is_imported_once_has_a_short_name_of_its_own_on_a_board(tmp_path: Path) -> None:
    names = names_on_board(FIRMWARE)
    assert {"node.loader", "schema", "components.devices.pin_table"} <= names.keys()
    assert len(set(names.values())) == len(names)
    assert all(name.isidentifier() and len(name) == 4 for name in names.values())
    # What people or files call by their names, or what is made of parts, keep theirs.
    kept = {"node.manage", "node.switch", "components.devices.mcp23017_args"}
    assert not kept & names.keys()
    sizes = compile_firmware(FIRMWARE, tmp_path)
    for name, short in names.items():
        assert (tmp_path / "lib" / f"{short}.mpy").stat().st_size == sizes[name]
        assert not (tmp_path / f"{name.replace('.', '/')}.mpy").exists()


def test_a_short_name_does_not_depend_on_other_modules() -> None:
    assert short_names({"node.loader"}) == {
        "node.loader": short_names({"node.loader", "node.order", "schema"})["node.loader"]
    }
    with pytest.raises(ValueError, match="same short name"):
        short_names([f"m{i}" for i in range(2000)])


def test_imports_follow_the_short_name() -> None:
    text = 'a = import_once("x.y").b\nc = import_once("z")\n'
    assert with_short_imports(text, {"x.y": "_1"}) == text.replace("x.y", "_1")


def test_short_texts_become_bytes_where_nothing_else_has_them_in_memory() -> None:
    text = """
def f(a, b):
    "Say it."
    return getattr(a, "name"), "%s: %s" % ("known", "\u20ac"), "much longer than that", "", b["x"]
"""
    kept = {"k": "known = 1"}
    short = without_short_texts(text, interned_anyway(kept, ()))
    texts = [node.value for node in ast.walk(ast.parse(short)) if isinstance(node, ast.Constant)]
    assert {value for value in texts if isinstance(value, bytes)} == {
        b"%s: %s",
        "\u20ac".encode(),
        b"x",
    }
    assert {"name", "known", "", "much longer than that"} <= set(texts)
    scope: dict[str, Any] = {}
    exec(short, scope)
    expected = (5, "known: \u20ac", "much longer than that", "", 1)
    assert scope["f"](type("A", (), {"name": 5}), {"x": 1}) == expected

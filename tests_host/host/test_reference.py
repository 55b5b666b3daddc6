# SPDX-License-Identifier: MIT
"""docs/components.md and docs/components.schema.json: made of the descriptions, and true."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from json_schema import is_valid
from yard.check.catalogue import Catalogue, Spec, row_types
from yard.reference.files import files
from yard.reference.json_schema import json_schema
from yard.reference.page import page

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = ROOT / "firmware" / "components"
CATALOGUE = Catalogue()
SCHEMA = json_schema(CATALOGUE)


@pytest.mark.parametrize("name", files(CATALOGUE))
def test_the_files_in_docs_are_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text() == files(CATALOGUE)[name], "run make reference"


# -- the descriptions ---------------------------------------------------------------------


def components() -> Iterator[tuple[str, str, dict[str, Spec]]]:
    for package in CATALOGUE.packages.values():
        for component, arguments in package.classes.items():
            yield package.name, component, arguments


ALL = list(components())
NAMES = [component for _, component, _ in ALL]


@pytest.mark.parametrize(("package", "component", "arguments"), ALL, ids=NAMES)
def test_a_description_has_the_arguments_of_the_constructor(
    package: str, component: str, arguments: dict[str, Spec]
) -> None:
    taken, needed, open_ended = constructor(package, component)
    assert open_ended or arguments.keys() <= taken
    assert taken <= arguments.keys()
    assert needed <= {key for key, known in arguments.items() if known.get("required")}


def constructor(package: str, component: str) -> tuple[set[str], set[str], bool]:
    """Return the names of the arguments, those without default, whether others are passed on."""
    path = COMPONENTS.joinpath(*package[1:].split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text())
    body = {getattr(node, "name", ""): node for node in tree.body}
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == component:
            component = ast.unparse(node.value)  # another name for the same
    thing = body[component]
    if isinstance(thing, ast.ClassDef):
        body = {getattr(node, "name", ""): node for node in thing.body}
        if "__init__" not in body:
            return set(), set(), True  # that of its base
        thing = body["__init__"]
    assert isinstance(thing, ast.FunctionDef | ast.AsyncFunctionDef)
    names = [arg.arg for arg in thing.args.args if arg.arg != "self"]
    needed = names[: len(names) - len(thing.args.defaults)]
    return set(names), set(needed), thing.args.kwarg is not None


def test_every_component_is_described() -> None:
    bases: dict[str, set[str]] = {}
    packages = {}
    for path in COMPONENTS.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                packages[node.name] = "." + ".".join(path.relative_to(COMPONENTS).parts)[:-3]

    def is_component(name: str) -> bool:
        return name == "Component" or any(map(is_component, bases.get(name, ())))

    inner = set().union(*bases.values())
    found = {name for name in bases if is_component(name) and name not in inner}
    assert len(found) > 10
    described = {(package, component) for package, component, _ in ALL}
    assert {(packages[name], name) for name in found} - described == set()


@pytest.mark.parametrize(("package", "component", "arguments"), ALL, ids=NAMES)
def test_a_default_fits_its_own_description(
    package: str, component: str, arguments: dict[str, Spec]
) -> None:
    given = {key: known["default"] for key, known in arguments.items() if "default" in known}
    faults = CATALOGUE.check(package, component, given)
    assert [fault for fault in faults if not fault.endswith("required, but missing")] == []


@pytest.mark.parametrize(("package", "component", "arguments"), ALL, ids=NAMES)
def test_every_argument_says_what_it_is_for(
    package: str, component: str, arguments: dict[str, Spec]
) -> None:
    assert [key for key, known in arguments.items() if not known.get("doc")] == []


# -- the schema ---------------------------------------------------------------------------


def accepts(member: dict[str, Any]) -> bool:
    return is_valid({"name": member}, SCHEMA, SCHEMA)


def value_of(spec: Spec) -> st.SearchStrategy[Any]:
    """Values around what a description allows, and some that are far from it."""
    numbers = [spec[key] + d for key in ("min", "max") if key in spec for d in (-1, 0, 1)]
    near: list[Any] = [
        *spec.get("choices", ()),
        *list(spec.get("names", ()))[:3],
        *(n for n in numbers if abs(n) < 10**6),
    ]
    if "default" in spec:
        near.append(spec["default"])
    if spec.get("type") in ("str", "list"):
        near += [["@"] * n if spec["type"] == "list" else "é" * n for n in (0, 1, 64, 65)]
    far = [None, True, 0, 1, 0.5, "a-b", "@a", [], {}, {"on": 1}, {"on": 1, "off": 2}, [3]]
    return st.sampled_from([*near, *near, *far])


def object_of(keys: dict[str, Spec]) -> st.SearchStrategy[dict[str, Any]]:
    required = {key: value_of(known) for key, known in keys.items() if known.get("required")}
    others = {key: value_of(known) for key, known in keys.items() if key not in required}
    some = st.lists(st.sampled_from(sorted(others) or [""]), max_size=3)
    return st.fixed_dictionaries(required, optional={**others, "unknown": st.just(1)}).flatmap(
        lambda whole: some.map(
            lambda chosen: {k: v for k, v in whole.items() if k in required or k in chosen}
        )
    )


@pytest.mark.parametrize(("package", "component", "arguments"), ALL, ids=NAMES)
def test_the_schema_and_the_node_accept_the_same_arguments(
    package: str, component: str, arguments: dict[str, Spec]
) -> None:
    plain = {key: known for key, known in arguments.items() if "each" not in known}
    tables: dict[str, Any] = {key: [] for key in arguments.keys() - plain.keys()}

    @settings(max_examples=60, deadline=None)
    @given(object_of(plain))
    def same(given: dict[str, Any]) -> None:
        whole = {**given, **tables}
        member = {"package": package, "component": component, "constructor_args": whole}
        assert accepts(member) == (CATALOGUE.check(package, component, whole) == []), whole

    same()


TABLES = [
    (package, component, key, kind)
    for package, component, arguments in ALL
    for key, known in arguments.items()
    if "each" in known
    for kind in (row_types(known) or (None,))
]


@pytest.mark.parametrize(("package", "component", "key", "kind"), TABLES)
def test_the_schema_and_the_node_accept_the_same_rows(
    package: str, component: str, key: str, kind: str | None
) -> None:
    arguments = CATALOGUE.arguments(package, component) or {}
    keys = CATALOGUE.row(arguments[key], kind)["keys"]
    claims = {k for k, known in keys.items() if "claim" in known.get("item", known)}
    free = {k: known for k, known in keys.items() if k not in claims | {"pin", "type"}}
    fixed: dict[str, Any] = {k: 1 for k in claims if "claim" in keys[k]}
    fixed |= {"pin": 3} if "pin" in keys else {}
    fixed |= {"type": kind} if kind else {}
    rest = {"i2c": "@i2c", "address": 0x20, "ser": 23, "srclk": 18, "rclk": 27}
    rest = {k: v for k, v in rest.items() if k in arguments}

    @settings(max_examples=25, deadline=None)
    @given(object_of(free))
    def same(given: dict[str, Any]) -> None:
        whole = {**rest, key: [{**given, **fixed}]}
        member = {"package": package, "component": component, "constructor_args": whole}
        faults = [f for f in CATALOGUE.check(package, component, whole) if f.startswith(key)]
        others = [f for f in CATALOGUE.check(package, component, whole) if f not in faults]
        assert others == [], "the other arguments of this test"
        assert accepts(member) == (faults == []), whole

    same()


def test_the_schema_knows_the_packages_and_leaves_room_for_others() -> None:
    own = {"package": "mine", "component": "Mine", "constructor_args": [1]}
    assert accepts(own)
    assert accepts({**own, "call_function_regularly": "poll", "call_interval": 5})
    assert not accepts({**own, "call_intervall": 5})
    assert not accepts({"package": "mine"})
    assert not accepts({**own, "init_args": [1]}), "nobody takes them"
    assert not accepts({**own, "call_interval": 5}), "nothing is called"
    assert not accepts({"package": ".machine.i2c", "component": "I2C"}), "scl is required"
    assert not is_valid({"_order": "i2c"}, SCHEMA, SCHEMA)
    assert not is_valid({"a name": own}, SCHEMA, SCHEMA)


@pytest.mark.parametrize(("package", "component", "arguments"), ALL, ids=NAMES)
def test_an_editor_completes_every_argument_and_shows_what_it_is_for(
    package: str, component: str, arguments: dict[str, Spec]
) -> None:
    properties = SCHEMA["definitions"][f"{package}.{component}"]["properties"]
    assert properties.keys() == arguments.keys()
    for key, known in arguments.items():
        assert known["doc"] in properties[key]["description"], key


def test_what_is_no_object_is_told_once_and_not_for_every_type_that_it_could_be() -> None:
    def cases(schema: Any) -> Iterator[Any]:
        if isinstance(schema, dict):
            yield from schema.get("allOf", ())
        for inner in schema.values() if isinstance(schema, dict) else schema:
            if isinstance(inner, dict | list):
                yield from cases(inner)

    conditions = [case["if"] for case in cases(SCHEMA)]
    assert len(conditions) > 30
    assert [condition for condition in conditions if is_valid(4, condition, SCHEMA)] == []


def test_hexadecimal_text_is_a_number() -> None:
    chip = {"i2c": "@i2c", "address": "0x20", "pins": []}
    member = {"package": ".devices.mcp23017", "component": "MCP23017", "constructor_args": chip}
    assert accepts(member)
    chip["address"] = "32"
    assert not accepts(member)


# -- the page -----------------------------------------------------------------------------


def test_every_component_and_every_argument_is_on_the_page() -> None:
    text = page(CATALOGUE)
    for package, component, arguments in ALL:
        section = text.split(f"\n## `{package}`\n")[1].split("\n## ")[0]
        part = section.split(f"\n### `{component}`\n")[1].split("\n### ")[0]
        assert all(f"\n| `{key}` |" in part for key in arguments), component


def test_the_schema_is_json() -> None:
    assert json.loads(files(CATALOGUE)["docs/components.schema.json"]) == SCHEMA

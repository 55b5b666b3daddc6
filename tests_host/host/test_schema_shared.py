# SPDX-License-Identifier: MIT
"""The node's configuration reader and checker run by CPython, as the host's tools run them."""

from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [str(ROOT / "firmware" / "lib"), str(ROOT / "tests_host" / "unit")]


@contextmanager
def firmware_importable() -> Iterator[None]:
    """Let modules of the node be imported; none of them is left behind."""
    path, modules = sys.path[:], set(sys.modules)
    sys.path[:0] = FOLDERS
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            del sys.modules[name]


def load(name: str) -> ModuleType:
    with firmware_importable():
        return importlib.import_module(name)


json_stream = load("json_stream")


def read(data: bytes) -> dict[str, Any]:
    return {key: value for key, value, _ in json_stream.members(io.BytesIO(data))}


text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(-6e4, 6e4, width=16)
    | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=10,
)
objects = st.dictionaries(text, values, max_size=5)


@given(objects, st.booleans(), st.sampled_from([None, 0, 3]))
def test_reads_what_the_standard_library_wrote(
    value: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    assert read(data) == value


def strictly(data: bytes) -> dict[str, Any] | None:
    """Read with the standard library, without what is not JSON; None when there is a fault."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(items)) < len(items):
            raise ValueError("key twice")
        return dict(items)

    def constant(word: str) -> None:
        raise ValueError(word)

    try:
        decoded = data.decode()
        value = json.loads(decoded, object_pairs_hook=pairs, parse_constant=constant)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return None
    return value


@settings(max_examples=400)
@given(objects, st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=2)), max_size=3))
def test_accepts_exactly_what_the_standard_library_accepts(
    value: dict[str, Any], damage: list[tuple[int, bytes]]
) -> None:
    data = json.dumps(value, ensure_ascii=False).encode()
    for place, piece in damage:
        at = place % (len(data) or 1)
        data = data[:at] + piece + data[at + 1 :]
    if b"/" in data or b"#" in data:
        return  # may have become a comment
    want = strictly(data)
    try:
        got = read(data)
    except json_stream.JSONError as e:
        assert want is None, (data, e)
    else:
        assert got == want, data


def unit_tests() -> Iterator[Callable[[], None]]:
    """Yield the unit tests that MicroPython runs, for the modules that both interpreters use."""
    for name in ("test_json_stream", "test_schema"):
        module = load(name)
        for test in dir(module):
            if test.startswith("test_"):
                yield getattr(module, test)


@pytest.mark.parametrize("test", list(unit_tests()), ids=lambda test: test.__name__)
def test_the_unit_tests_hold_under_cpython(test: Callable[[], None]) -> None:
    with firmware_importable():  # what is wanted with a fault only is imported then
        test()

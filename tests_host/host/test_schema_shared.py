# SPDX-License-Identifier: MIT
"""The node's configuration reader and checker run by CPython, as the host's tools run them."""

import importlib.util
import io
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests_host" / "unit"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("firmware_" + path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


json_stream = load(ROOT / "firmware/lib/json_stream.py")
schema = load(ROOT / "firmware/lib/schema.py")


def read(data: bytes) -> dict[str, Any]:
    return {key: value for key, value, _ in json_stream.members(io.BytesIO(data))}


text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(-1e9, 1e9) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
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
    if not isinstance(value, dict) or re.search("[\ud800-\udfff]", json.dumps(value, ensure_ascii=False)):
        return None
    return value


@given(objects, st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=2)), max_size=3))
def test_accepts_exactly_what_the_standard_library_accepts(
    value: dict[str, Any], damage: list[tuple[int, bytes]]
) -> None:
    data = json.dumps(value, ensure_ascii=False).encode()
    for at, piece in damage:
        at %= len(data)
        data = data[:at] + piece + data[at + 1 :]
        if not data:
            return
    if b"/" in data or b"#" in data:
        return  # may have become a comment
    want = strictly(data)
    try:
        got = read(data)
    except json_stream.JSONError as e:
        assert want is None, (data, e)
    else:
        assert got == want, data


def unit_tests(name: str) -> list[Any]:
    """Return the tests of a module that both interpreters run."""
    module = load(UNIT / f"{name}.py")
    return [getattr(module, test) for test in dir(module) if test.startswith("test_")]


@pytest.fixture(autouse=True)
def _paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "firmware" / "lib")

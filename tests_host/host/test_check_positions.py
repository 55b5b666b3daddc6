# SPDX-License-Identifier: MIT
"""Where `yard check` says that a value stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from yard.check.positions import Keys, positions

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def places(value: Any, path: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Each path in a value, with what the text there must begin with: the key, or the item."""
    members = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield (*path, key), key
        yield from places(inner, (*path, key))
    for number, inner in items:
        yield (*path, number), inner
        yield from places(inner, (*path, number))


@given(st.dictionaries(texts, values, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_each_key_and_item_is_found_where_it_stands(
    value: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    found = positions(text)
    expected = list(places(value))
    assert found.keys() == {path for path, _ in expected}
    lines = text.split("\n")
    for path, begin in expected:
        line, column = found[path]
        there = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        assert json.JSONDecoder().raw_decode(there)[0] == begin


@given(st.text('{}[]:,"\\/*#a1 \n', max_size=40))
def test_no_text_makes_it_fail(text: str) -> None:
    positions(text)


def test_a_text_that_nests_without_end_does_not_make_it_fail() -> None:
    positions("[" * 100_000)


def test_comments_count_as_space() -> None:
    text = '{ # "no": 1\n/* {\n */ "a": [1, // 2\n  /**/ 3]}'
    assert positions(text) == {("a",): (3, 5), ("a", 0): (3, 11), ("a", 1): (4, 8)}


def test_what_stands_before_a_fault_is_found() -> None:
    assert positions('{"a": {"b": 1}, "c" 2, "d": 3}').keys() == {("a",), ("a", "b"), ("c",)}

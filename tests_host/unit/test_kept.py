# SPDX-License-Identifier: MIT
"""node/kept.py: what survives a power loss, and how often the flash is written."""

import asyncio
import json
import os

from fake_node import FakeNode
from harness import run_until
from node import kept
from node.kept import Kept
from scratch import Scratch


def stored():
    """Return what the file holds, None if there is none."""
    try:
        with open("kept.json") as f:
            return json.load(f)
    except OSError:
        return None


async def test_a_value_is_there_after_a_restart():
    with Scratch():
        values = Kept(FakeNode())
        assert values.get("a") is None
        values.put("a", {"x": [1, 2]})
        values.put("b", "text")
        assert values.get("a") == {"x": [1, 2]}
        await run_until(lambda: stored() is not None)
        later = Kept(FakeNode())
        assert (later.get("a"), later.get("b"), later.get("c")) == ({"x": [1, 2]}, "text", None)


async def test_none_forgets_a_value():
    with Scratch() as folder:
        folder.write("kept.json", '{"a": 1, "b": 2}')
        values = Kept(FakeNode())
        values.put("a", None)
        values.put("c", None)
        await run_until(lambda: stored() == {"b": 2})


async def test_a_damaged_file_counts_as_empty_and_gives_one_line():
    for text in ("", "{", '{"a": 1', "[1]", "\x00\xff"):
        with Scratch() as folder:
            folder.write("kept.json", text)
            node = FakeNode()
            values = Kept(node)
            assert values.get("a") is None
            (record,) = node.log.records
            assert record[2].startswith("kept.json is damaged (")
            values.put("a", 1)
            await run_until(lambda: Kept(FakeNode()).get("a") == 1)


async def test_writes_keep_their_distance_and_equal_values_are_not_written():
    writes = []

    class Counted(Kept):
        def _write(self):
            writes.append(json.dumps(self._values))
            super()._write()

    with Scratch():
        pauses = []
        values = Counted(FakeNode())
        real = asyncio.sleep

        async def sleep(seconds):
            pauses.append(seconds)
            # Many changes while it waits.
            for i in range(10):
                values.put("a", i if len(pauses) < 3 else 9)
            await real(0)

        kept.asyncio = Pausing(sleep)
        try:
            values.put("a", -1)
            await run_until(lambda: not values._busy)
        finally:
            kept.asyncio = asyncio
        assert [json.loads(text)["a"] for text in writes] == [-1, 9, 9]
        assert pauses == [5, 5, 5]
        values.put("a", 9)
        assert not values._busy


class Pausing:
    def __init__(self, sleep):
        self.sleep = sleep


async def test_a_write_that_fails_is_told_and_tried_again_later():
    with Scratch():
        os.mkdir("kept.new")
        node = FakeNode()
        values = Kept(node)
        values.put("a", 1)
        await run_until(lambda: node.log.records)
        assert "kept.json cannot be written" in node.log.records[0][2]
        os.rmdir("kept.new")
        await run_until(lambda: stored() == {"a": 1}, 6000)


async def test_the_file_is_never_half_written():
    with Scratch() as folder:
        folder.write("kept.json", '{"a": 1}')
        values = Kept(FakeNode())
        values.put("a", 2)
        seen = []

        class Os:
            def rename(self, old, new):
                seen.append((stored(), old, new))
                os.rename(old, new)

        kept.os = Os()
        try:
            await run_until(lambda: stored() == {"a": 2})
        finally:
            kept.os = os
        assert seen == [({"a": 1}, "kept.new", "kept.json")]

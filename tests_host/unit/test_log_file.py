# SPDX-License-Identifier: MIT
"""node/log_file.py: the console in a file that does not grow for ever."""

import os

from fake_node import FakeNode
from harness import run_until
from node.log_file import LogFile
from scratch import Scratch


def lines_of(name):
    with open(name) as f:
        return f.read().split("\n")[:-1]


async def test_lines_that_come_together_are_written_together():
    with Scratch():
        node = FakeNode()
        file = LogFile(node, 4096)
        file("one")
        file("two")
        assert "log.txt" not in os.listdir()
        await run_until(lambda: "log.txt" in os.listdir(), 5000)
        assert lines_of("log.txt") == ["one", "two"]
        await run_until(node.tasks["log.file"].done)
        file("three")
        node.tasks["log.file"].cancel()
        file.write()
        assert lines_of("log.txt") == ["one", "two", "three"]


def written(file, *lines):
    for line in lines:
        file._lines.append(line)
    file.write()


def test_a_full_file_becomes_the_old_one():
    with Scratch():
        file = LogFile(FakeNode(), 100)
        for number in range(50):
            written(file, "line %d" % number)
            size = sum(os.stat(name)[6] for name in os.listdir())
            assert size <= 100 + 16
        old = lines_of("log.old")
        new = lines_of("log.txt") if "log.txt" in os.listdir() else []
        assert (old + new)[-1] == "line 49"
        assert len(old + new) >= 6
        assert sorted(os.listdir()) <= ["log.old", "log.txt"]


def test_a_file_that_cannot_be_written_costs_its_lines_and_no_more():
    with Scratch():
        os.mkdir("log.txt")
        file = LogFile(FakeNode(), 100)
        written(file, "one", "two")
        assert file.lost == 2
        os.rmdir("log.txt")
        written(file, "three")
        assert lines_of("log.txt") == ["three"]


async def test_too_many_lines_at_once_lose_the_oldest():
    with Scratch():
        node = FakeNode()
        file = LogFile(node, 100000)
        for number in range(100):
            file(str(number))
        node.tasks["log.file"].cancel()
        file.write()
        assert lines_of("log.txt") == [str(number) for number in range(36, 100)]
        assert file.lost == 36

# SPDX-License-Identifier: MIT
"""The serial console: node/terminal.py, and `setup_asked` of node/board.py."""

from time import ticks_add, ticks_diff, ticks_ms

from node import board, terminal
from node.terminal import Abandoned, Terminal


class Console:
    """The modules `select` and `sys` of a board at whose console somebody types, or nobody.

    keys: (pause before it in ms, byte) of each key; b"" is the end of what is typed for ever.
    """

    POLLIN = 1

    def __init__(self, module, *keys):
        self._module = module
        self._keys = list(keys)
        self.stdin = self.stdout = self.buffer = self
        self.shown = b""

    def __enter__(self):
        self._modules = self._module.select, self._module.sys
        self._module.select = self._module.sys = self
        self._began = self._last = ticks_ms()
        return self

    def __exit__(self, *_):
        self._module.select, self._module.sys = self._modules

    @property
    def passed_s(self):
        return ticks_diff(ticks_ms(), self._began) // 1000

    def poll(self, timeout=None):
        """Be `select.poll()` and its method."""
        if timeout is None:
            return self
        due = self._keys and ticks_diff(ticks_add(self._last, self._keys[0][0]), ticks_ms()) <= 0
        return [(self, self.POLLIN)] if due else []

    def register(self, stream, events):
        assert stream is self.stdin and events == self.POLLIN

    def read(self, count):
        assert count == 1 and self.poll(0), "it would wait"
        self._last = ticks_ms()
        return self._keys.pop(0)[1] if self._keys[0][1] else b""

    def write(self, data):
        self.shown += data.encode() if isinstance(data, str) else data


async def abandoned(asking):
    try:
        await asking
    except Abandoned:
        return True
    return False


async def test_a_question_is_given_up_after_the_time_without_a_key():
    with Console(terminal) as console:
        assert await abandoned(Terminal(60).ask("Name: "))
        assert console.passed_s == 60


async def test_each_key_gives_the_whole_time_again():
    with Console(terminal, (20_000, b"a"), (25_000, b"b")) as console:
        assert await abandoned(Terminal(30).ask("Name: "))
        assert console.passed_s == 20 + 25 + 30


async def test_without_patience_a_question_waits():
    with Console(terminal, (100_000, b"a"), (0, b"\r")) as console:
        assert await Terminal().ask("Name: ") == "a"
        assert console.passed_s == 100
        assert console.shown == b"Name: a\r\n"


async def test_a_board_without_a_console_is_nobody():
    with Console(terminal, (0, b"")) as console:
        assert await abandoned(Terminal().ask("Name: "))
        assert console.passed_s == 0


# -- the key held at power-on ---------------------------------------------------------------


def asked(*keys):
    with Console(board, *keys):
        return board.setup_asked()


def test_the_key_s_asks_for_the_dialogue():
    assert asked((0, b"s"))
    assert asked((0, b"s"), (0, b"s"), (0, b"s"))


def test_what_was_typed_before_the_key_does_not_hide_it():
    assert asked((0, b"\r"), (0, b"x"), (0, b"s"))


def test_no_key_and_other_keys_do_not_ask():
    assert not asked()
    assert not asked((0, b"\r"), (0, b"x"))
    assert not asked((0, b"s"), (0, b"e"), (0, b"t"))  # what a program types
    assert not asked((1000, b"s"))  # later


def test_a_board_without_a_console_starts():
    assert not asked((0, b""))


def test_a_line_that_never_rests_does_not_keep_the_node_from_starting():
    with Console(board, *[(0, b"x")] * 5000) as console:
        assert not board.setup_asked()
        assert console.poll(0)

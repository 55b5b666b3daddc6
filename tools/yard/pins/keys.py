# SPDX-License-Identifier: MIT
"""Keys of the terminal, one by one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prompt_toolkit.input import create_input
from prompt_toolkit.keys import Keys


@contextmanager
def keys(on_key: Callable[[str], None]) -> Iterator[None]:
    """Call `on_key` for each key in the running loop; the terminal is as before at the end.

    A key is itself, or has the name that prompt_toolkit gives it, such as `up` or `c-c`; `closed`
    when there will be no more, because the terminal is gone.
    """
    terminal = create_input()

    def read() -> None:
        for press in terminal.read_keys():
            on_key(press.key.value if isinstance(press.key, Keys) else press.key)
        if terminal.closed:
            on_key("closed")

    with terminal.raw_mode(), terminal.attach(read):
        yield

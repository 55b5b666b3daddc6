# SPDX-License-Identifier: MIT
"""The serial console as a person sees it: questions and answers, without blocking the node."""

import asyncio
import select
import sys
from time import ticks_add, ticks_diff, ticks_ms

from line_editor import LineEditor
from micropython import const

# A paste comes with 11 bytes per ms; the buffer of the serial port has 256.
_LOOK_MS = const(10)
_LONGEST_LINE = const(1024)


class Abandoned(Exception):
    """Nobody answers."""


class Terminal:
    """Standard input and output.

    patience_s: seconds without a key after which a question is given up, None for never.
    """

    def __init__(self, patience_s=None):
        self._patience_s = patience_s
        self._editor = LineEditor(_LONGEST_LINE)
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)

    def say(self, text):
        """Show a text; its lines end with LF."""
        sys.stdout.write(text.replace("\n", "\r\n"))

    async def ask(self, prompt, shown=True):
        """Show `prompt` and return the line that is typed. shown: whether it is echoed.

        Raises Abandoned after the time without a key, KeyboardInterrupt after Ctrl-C.
        """
        sys.stdout.write(prompt)
        self._editor.begin(shown)
        while True:
            line, echo = self._editor.feed(await self.key())
            if echo:
                sys.stdout.buffer.write(echo)
            if line is not None:
                return line

    async def key(self):
        """Return the next byte that is typed. Raises Abandoned."""
        deadline = ticks_ms()
        if self._patience_s is not None:
            deadline = ticks_add(deadline, self._patience_s * 1000)
        while not self._poll.poll(0):
            if self._patience_s is not None and ticks_diff(deadline, ticks_ms()) <= 0:
                raise Abandoned
            await asyncio.sleep_ms(_LOOK_MS)
        typed = sys.stdin.buffer.read(1)
        if not typed:
            raise Abandoned  # there is no console
        return typed[0]

# SPDX-License-Identifier: MIT
"""What `yard sim` tells a person, or a script."""

import sys

from rich.console import Console
from rich.text import Text

from yard.printable import printable


class Screen:
    """The terminal.

    headless: nothing but the ready line on stdout, and warnings on stderr.
    """

    def __init__(self, headless: bool) -> None:
        self._headless = headless
        self._console = Console(highlight=False, soft_wrap=True)

    def parts(self, rows: list[tuple[str, str, str]]) -> None:
        """Show what runs: name, what it is, where it is."""
        self._show(Text("Switchyard on the desk", style="bold"))
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        for name, what, where in rows:
            line = Text(f"  {name:{widths[0]}}  ")
            line.append(f"{what:{widths[1]}}  ").append(where, style="cyan")
            self._show(line)

    def serial(self, line: str) -> None:
        """Show a line of the node's serial console."""
        self._show(Text.assemble(("node │ ", "green dim"), (printable(line), "dim")))

    def note(self, text: str) -> None:
        """Show what happened; a script need not know."""
        self._show(Text(f"yard │ {text}", style="yellow"))

    def warn(self, text: str) -> None:
        """Tell what a person must know, on stderr."""
        print(f"yard: {text}", file=sys.stderr, flush=True)

    def ready(self, line: str) -> None:
        """Print the line that scripts wait for."""
        print(line, flush=True)

    def page(self, url: str) -> None:
        """Show where the page is."""
        self._show(Text.assemble(("See it and press it: ", "bold"), (url, "bold cyan underline")))

    def next_steps(self, rows: list[tuple[str, str]]) -> None:
        """Show what can be done now: what, command."""
        self._show(Text("In a second terminal:", style="bold"))
        width = max(len(what) for what, _ in rows)
        for what, command in rows:
            self._show(Text(f"  {what:{width}}  ").append(command, style="cyan"))
        self._show(Text("Ctrl-C ends everything.", style="bold"))

    def _show(self, text: Text) -> None:
        if not self._headless:
            self._console.print(text)

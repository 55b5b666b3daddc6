# SPDX-License-Identifier: MIT
"""How far something is that is sent to a node, on stderr where that is a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from yard.update.sender import Show


@contextmanager
def shown() -> Iterator[Show]:
    """Give the function that shows what is going on; nothing of it stays."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=None)

        def show(text: str, part: float | None) -> None:
            total = None if part is None else 1  # None: a bar that only shows that it goes on
            progress.update(task, description=text, total=total, completed=part or 0)

        yield show

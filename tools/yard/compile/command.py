# SPDX-License-Identifier: MIT
"""`yard trace` on the command line."""

import contextlib
import sys
from typing import Annotated

import typer


def trace(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(help="What a node said, such as its reset.txt or log.txt; - is the input."),
    ] = "-",  # type: ignore[assignment]
) -> None:
    """Show a log with the names of the source in the tracebacks of a compiled node.

    The firmware of this folder must be what the board has. All else stays as it is, so it can be
    put behind another program: yard watch | yard trace
    """
    from yard.compile.trace import SourceNames
    from yard.places import FIRMWARE

    source = SourceNames(FIRMWARE)
    with contextlib.suppress(KeyboardInterrupt):
        for line in file:
            text = source.translate(line.decode(errors="surrogateescape"))
            sys.stdout.buffer.write(text.encode(errors="surrogateescape"))
            sys.stdout.buffer.flush()

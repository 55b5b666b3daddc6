# SPDX-License-Identifier: MIT
"""docs/performance.md: tables that a command has written, between two markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from yard.places import ROOT

PAGE = ROOT / "docs" / "performance.md"


def put(name: str, command: str, blocks: Iterable[str]) -> None:
    """Put texts in the place of those that the command has written before.

    Args:
        name: of the part of the page.
        command: that writes it.
        blocks: parts of Markdown, an empty line between them.
    """
    begin, end = f"<!-- {name}: written by {command} -->", f"<!-- {name}: end -->"
    before, rest = PAGE.read_text().split(begin)
    after = rest.split(end)[1]
    PAGE.write_text(f"{before}{begin}\n\n" + "\n\n".join(blocks) + f"\n\n{end}{after}")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

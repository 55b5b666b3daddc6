# SPDX-License-Identifier: MIT
"""Text from elsewhere, safe to show on a terminal."""


def printable(text: str) -> str:
    """Return `text` on one line, with what could control a terminal written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

# SPDX-License-Identifier: MIT
"""A log file of one run, beside that of the run before."""

from pathlib import Path

_LAST_LINES = 12


class LogFile:
    """Lines as they come, flushed one by one.

    path: the file; what it held goes to `<path>.1`.
    """

    def __init__(self, path: Path) -> None:
        if path.exists():
            path.replace(path.with_name(path.name + ".1"))
        self.path = path
        self._file = path.open("w", encoding="utf-8", buffering=1)

    def write(self, line: str) -> None:
        """Append a line."""
        self._file.write(line + "\n")

    def told(self) -> str:
        """Return the path and the last lines, to be put behind a message."""
        lines = self.path.read_text(encoding="utf-8").splitlines()[-_LAST_LINES:]
        return "".join(f"\n    {line}" for line in (f"last lines of {self.path}:", *lines))

    def close(self) -> None:
        """Write no more."""
        self._file.close()

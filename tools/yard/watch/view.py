# SPDX-License-Identifier: MIT
"""How records are shown: aligned columns for a person, one JSON object per line for a script."""

import json
from typing import Any

from rich.console import Console
from rich.text import Text

from yard.printable import printable
from yard.watch.record import Record

_KIND_WIDTH = len("availability")
_WIDEST = 32  # columns of node and subject; longer ones push their line to the right

_KIND_STYLES = {"state": "green", "command": "yellow"}
_LEVEL_STYLES = {"critical": "bold red", "error": "red", "warn": "yellow", "debug": "dim"}
_BAD = ("offline", "OFF")
_QUIET = ("status", "components")


class Table:
    """Prints records in columns, which widen with what they have to hold."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._widths = {"node": 4, "subject": 12}

    def show(self, record: Record) -> None:
        """Print one record."""
        line = Text(f"{record.time:%H:%M:%S.%f}"[:-3] + "  ", style="dim")
        line.append(self._cell("node", record.node), style="not dim")
        line.append(f"{record.kind:{_KIND_WIDTH}}  ", style=f"not dim {_style(record)}")
        line.append(self._cell("subject", record.subject), style="not dim bold")
        first, *more = _readable(record.payload).split("\n")
        indent = len(line.plain)
        line.append(printable(first), style=f"not dim {_style(record)}")
        if record.retained:
            line.append("  retained")
        for text in more:
            line.append("\n" + " " * indent + printable(text), style="not dim")
        self._console.print(line)

    def _cell(self, column: str, text: str) -> str:
        text = printable(text)
        width = max(self._widths[column], min(len(text), _WIDEST))
        self._widths[column] = width
        return f"{text:{width}}  "


class JSONLines:
    """Prints one JSON object per record."""

    def show(self, record: Record) -> None:
        """Print one record."""
        row = {**vars(record), "time": record.time.isoformat(timespec="milliseconds")}
        print(json.dumps(row, ensure_ascii=False), flush=True)


def _style(record: Record) -> str:
    if record.kind == "log":
        return _LEVEL_STYLES.get(record.subject, "none")
    if record.kind in ("availability", "alive"):
        return "bold red" if record.payload in _BAD else "bold green"
    return "dim" if record.kind in _QUIET else _KIND_STYLES.get(record.kind, "none")


def _readable(payload: str) -> str:
    """Return a payload as it is; JSON objects as `key=value`, items of a list on lines."""
    if payload[:1] not in ("{", "["):
        return payload
    try:
        value = json.loads(payload)
    except ValueError:
        return payload
    if isinstance(value, list):
        return "\n".join(map(_pairs, value))
    return _pairs(value)


def _pairs(value: Any) -> str:
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return "  ".join(
        f"{key}={item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)}"
        for key, item in value.items()
    )

# SPDX-License-Identifier: MIT
"""How pins look: in columns for a person, one JSON object per line for a script."""

import json

from rich.text import Text

from yard.pins.table import Pin, PinTable

_COLUMNS = ("chip", "pin", "name", "function", "dir", "state", "last change")
_NAME = _COLUMNS.index("name")
_WIDEST = 20  # of the columns but the name, which may be as wide as the terminal allows
_NARROWEST = 8  # of the name, before other columns are left out
_LEAVE_FIRST = (_COLUMNS.index("last change"), _COLUMNS.index("function"), _COLUMNS.index("dir"))
_GAP = 2
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def lines(table: PinTable, width: int | None = None) -> list[Text]:
    """Return the titles and a line for each pin of `table`.

    width: columns of the terminal; None if there is room for everything.
    """
    rows = [[Text(title, "dim") for title in _COLUMNS]]
    rows += [_cells(table, pin) for pin in table.pins]
    widest = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    widths = {column: min(width, _WIDEST) for column, width in enumerate(widest)}
    widths[_NAME] = widest[_NAME]
    if width is not None:
        _narrow(widths, width)
    return [_line(row, widths) for row in rows]


def _narrow(widths: dict[int, int], width: int) -> None:
    """Make columns fit: the name gets shorter, then others are left out."""

    def room() -> int:
        return width - sum(widths.values()) - _GAP * (len(widths) - 1)

    for column in _LEAVE_FIRST:
        if room() + widths[_NAME] < _NARROWEST:
            del widths[column]
    widths[_NAME] = min(widths[_NAME], max(_NARROWEST, widths[_NAME] + room()))


def json_line(table: PinTable, pin: Pin) -> str:
    """Return one pin as a JSON object; `age` is in seconds."""
    age = table.age(pin)
    row = {
        "chip": pin.chip.name,
        "board": pin.chip.board or None,
        "online": not table.is_lost(pin),
        "pin": pin.number,
        "key": pin.key or None,
        "name": pin.name or None,
        "function": pin.function,
        "direction": pin.direction,
        "state": pin.state or None,
        "age": None if age is None else round(age, 1),
    }
    return json.dumps(row, ensure_ascii=False)


def _line(cells: list[Text], widths: dict[int, int]) -> Text:
    for column, width in widths.items():
        cells[column].truncate(width, overflow="ellipsis", pad=True)
    line = Text(" " * _GAP, no_wrap=True, overflow="crop").join(cells[i] for i in widths)
    line.rstrip()
    return line


def _cells(table: PinTable, pin: Pin) -> list[Text]:
    lost = table.is_lost(pin)
    quiet = "dim" if lost or pin.function == "free" else ""
    return [
        Text(pin.chip.name, quiet),
        Text(pin.label, quiet),
        Text(pin.name, quiet or "bold"),
        Text(pin.function, quiet),
        Text(pin.direction, quiet),
        Text(pin.state or "?", quiet or ("bold green" if pin.state == "ON" else "")),
        Text("offline", "bold red") if lost else Text(_ago(table.age(pin)), quiet),
    ]


def _ago(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"

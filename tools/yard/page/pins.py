# SPDX-License-Identifier: MIT
"""Which pin has which name and entity, as components.json says."""

import re
import runpy
from collections.abc import Iterator
from typing import Any

from yard.places import FIRMWARE
from yard.sim.components import chip_address, read_members

_NATIVE = "native"
_SLUG = re.compile(r"[^a-z0-9]+")

Row = dict[str, Any]
Place = tuple[str, int]  # chip as "0x20", "native", or the name of a chain; pin


class PinNames:
    """What `components.json` says of pins.

    Attributes:
        chips: address as "0x20" -> name of its component.
        pins: "0x20/3", "native/4", or "chain/12" by the name of a chain of shift registers ->
            {"key": ..., "name": ..., "type": ..., "role": ..., "invert": ...}; `role` is the key
            of the row that names the pin, `pin` for its first.
    """

    def __init__(self, content: bytes) -> None:
        self.chips: dict[str, str] = {}
        self.pins: dict[str, Row] = {}
        self._places: dict[str, str] = {}  # name of a component -> chip of its pins
        self._keys: dict[str, Row] = {}  # type -> what its `*_args.py` says
        members = {k: v for k, v in read_members(content)[0].items() if isinstance(v, dict)}
        for name, member in members.items():
            address = chip_address(member)
            if address is not None:
                self.chips[f"0x{address:02x}"] = name
                self._places[name] = f"0x{address:02x}"
            elif member.get("package") == ".machine.gpio":
                self._places[name] = _NATIVE
            elif member.get("package") == ".devices.hc595":
                self._places[name] = name
        for name, member in members.items():
            self._read_member(name, member)

    def _read_member(self, name: str, member: Row) -> None:
        arguments = member.get("constructor_args")
        if not isinstance(arguments, dict):
            return
        rows = arguments.get("rows" if member.get("package") == ".entities.table" else "pins")
        if isinstance(rows, list):
            for row in rows:
                if isinstance(row, dict):
                    self._read_row(name, row)
        elif type(arguments.get("pin")) is int:
            about = {"key": "", "name": name, "type": str(member.get("component"))}
            self.pins[f"{_NATIVE}/{arguments['pin']}"] = {**about, "role": "pin", "invert": False}

    def _read_row(self, component: str, row: Row) -> None:
        first = self._place(component, row.get("pin"))
        if first is None:
            return
        kind = str(row.get("type"))
        name = str(row.get("name") or "")
        leaf = row.get("id") or _SLUG.sub("_", name.lower()).strip("_") or f"pin{first[1]}"
        key = "" if kind in ("input", "output") else f"{component}/{leaf}"
        about = {"key": key, "name": name or str(leaf), "type": kind}
        for role, pin in [("pin", row["pin"]), *self._further(kind, row)]:
            options = pin if isinstance(pin, dict) else {"pin": pin}
            place = self._place(component, options.get("pin"))
            if place is not None:
                invert = bool(options.get("invert", row.get("invert")))
                self.pins[f"{place[0]}/{place[1]}"] = {**about, "role": role, "invert": invert}

    def _further(self, kind: str, row: Row) -> Iterator[tuple[str, Any]]:
        """Yield the further pins of a row: key and value."""
        if kind not in self._keys:
            path = FIRMWARE / "components" / "entities" / f"{_SLUG.sub('_', kind)}_args.py"
            self._keys[kind] = runpy.run_path(str(path))["KEYS"] if path.exists() else {}
        for key, known in self._keys[kind].items():
            if key in row and known and "claim" in known.get("item", known):
                several = row[key] if isinstance(row[key], list) else [row[key]]
                yield from ((key, one) for one in several)

    def _place(self, component: str, pin: object) -> Place | None:
        """Return where a pin is that a row of `component` calls so."""
        if isinstance(pin, str) and pin.startswith("@"):
            component, _, pin = pin[1:].rpartition(".")
        if isinstance(pin, str):
            port = re.fullmatch(r"(GPA|GPB|GP|P)([0-7])", pin)
            pin = (8 if port[1] == "GPB" else 0) + int(port[2]) if port else pin
            pin = int(pin) if isinstance(pin, str) and pin.isdigit() else pin
        chip = self._places.get(component)
        return (chip, pin) if chip is not None and type(pin) is int else None

# SPDX-License-Identifier: MIT
"""The description of an argument in words, for hints and for the reference."""

from typing import Any

Spec = dict[str, Any]

_KINDS = {
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "str": "text",
    "list": "list",
    "dict": "object",
    "ref": 'reference such as "@name"',
}
_OF_PIN = 'GPIO number or reference such as "@chip.3"'


def in_words(key: str, spec: Spec) -> str:
    """Return what the value of a key must be, and what it is for."""
    parts = [part for part in (value_in_words(key, spec), spec.get("doc", "")) if part]
    return ": ".join(parts)


def value_in_words(key: str, spec: Spec) -> str:
    """Return what the value of a key must be: type, range, unit, choices."""
    if "claim" in spec:
        return "pin"
    if "claim" in spec.get("item", {}):
        return "list of pins"
    if "choices" in spec:
        return ", ".join(plain(key, choice) for choice in spec["choices"])
    words = _KINDS.get(spec.get("type", ""), "")
    if spec.get("type") == "ref" and "of" in spec:
        words = _OF_PIN if spec["of"] == "pin" else f"reference to an {spec['of']}"
    if spec.get("type") in ("int", "float"):
        words += _range(key, spec)
        if "names" in spec:
            words += f", or a name such as {min(spec['names'])}"
    elif spec.get("type") in ("str", "list") and "max" in spec:
        unit = "characters" if spec["type"] == "str" else "items"
        lowest = f"{spec['min']} to " if spec.get("min", 0) > 1 else "at most "
        words += f", {lowest}{spec['max']} {unit}"
    return words


def plain(key: str, value: object) -> str:
    """Return the value of a key as a person writes it: an address is hexadecimal."""
    return f"0x{value:02x}" if key == "address" and isinstance(value, int) else str(value)


def _range(key: str, spec: Spec) -> str:
    unit = f" {spec['unit']}" if "unit" in spec else ""
    lowest, highest = (plain(key, spec[name]) if name in spec else "" for name in ("min", "max"))
    if lowest and highest:
        return f", {lowest} to {highest}{unit}"
    if lowest or highest:
        return f", at {'least' if lowest else 'most'} {lowest or highest}{unit}"
    return f" ({spec['unit']})" if unit else ""

# SPDX-License-Identifier: MIT
"""The types that a row of a pin table may have, and which of them have keys of their own."""

from __future__ import annotations

import ast

from yard.check.catalogue import Catalogue, row_types
from yard.places import FIRMWARE

ENTITIES = FIRMWARE / "components" / "entities"
PIN_ROWS = FIRMWARE / "components" / "devices" / "pin_rows.py"


def types_of_all_tables() -> set[str]:
    classes = [
        keys for package in Catalogue().packages.values() for keys in package.classes.values()
    ]
    tables = [table for keys in classes for table in keys.values() if "each" in table]
    return {kind for table in tables for kind in row_types(table)}


def types_without_keys() -> set[str]:
    for node in ast.parse(PIN_ROWS.read_text()).body:
        match node:
            case ast.Assign(targets=[ast.Name("_PLAIN")], value=ast.Constant(value=str(text))):
                return set(text.split())
    raise LookupError("_PLAIN")


def test_a_type_has_a_description_of_its_keys_or_is_known_to_have_none() -> None:
    kinds = types_of_all_tables()
    assert {"switch", "cover", "output"} <= kinds
    plain = types_without_keys()
    for kind in kinds:
        assert (ENTITIES / f"{kind}_args.py").exists() == (kind not in plain), kind

# SPDX-License-Identifier: MIT
"""The files of `docs/` that are made of the descriptions."""

from yard.check.catalogue import Catalogue
from yard.reference.json_schema import as_text
from yard.reference.page import page


def files(catalogue: Catalogue) -> dict[str, str]:
    """Return path in the repository to content."""
    return {
        "docs/components.md": page(catalogue),
        "docs/components.schema.json": as_text(catalogue),
    }

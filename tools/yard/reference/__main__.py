# SPDX-License-Identifier: MIT
"""Writes docs/components.md and docs/components.schema.json: `make reference`."""

from yard.check.catalogue import Catalogue
from yard.places import ROOT
from yard.reference.files import files

for path, content in files(Catalogue()).items():
    (ROOT / path).write_text(content, encoding="utf-8")

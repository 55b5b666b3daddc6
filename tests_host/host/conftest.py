# SPDX-License-Identifier: MIT
"""Fixtures for the tests of `yard`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FAKE_NODE = Path(__file__).with_name("fake_node.py")


@pytest.fixture
def fake_micropython(tmp_path: Path) -> dict[str, str]:
    """Environment in which `yard sim` runs fake_node.py in place of MicroPython."""
    program = tmp_path / "micropython"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE_NODE}" "$@"\n')
    program.chmod(0o755)
    return {"MICROPYTHON": str(program)}

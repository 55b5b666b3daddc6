# SPDX-License-Identifier: MIT
"""Files of a person's own that go onto a board: what a node can read is taken, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from yard.fault import Fault
from yard.own_files import read_components, read_python
from yard.places import ROOT


def test_the_examples_are_taken_as_they_are() -> None:
    example = ROOT / "components.json.example"
    assert b"//" in example.read_bytes()
    assert read_components(example) == example.read_bytes()
    settings = ROOT / "config_example.py"
    assert read_python(settings) == settings.read_bytes()


def test_what_no_node_can_read_is_one_line_that_says_where(tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text('{"a": {},\n "a": {}}')
    with pytest.raises(Fault, match=r'mine, line 2, column 2: the key "a" is there twice$'):
        read_components(file)
    file.write_text("NODE_ID = 'hall'\nMQTT_PASSWORD = 'hush\n")
    with pytest.raises(Fault, match="mine, line 2: no valid Python") as raised:
        read_python(file)
    assert "hush" not in str(raised.value)

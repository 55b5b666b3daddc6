# SPDX-License-Identifier: MIT
import sys

from import_once import find, import_once

from harness import raises
from scratch import Scratch


def test_a_module_is_found_at_any_depth():
    with Scratch() as folder:
        folder.write("shed/tools/saw.py", "teeth = 5\n")
        assert find("shed.tools.saw").teeth == 5
        assert "shed.tools.saw" in sys.modules


def test_a_module_or_package_that_does_not_exist_is_none():
    with Scratch() as folder:
        folder.write("shed/tools/saw.py", "")
        for path in ("shed.tools.axe", "shed.toys.saw", "hut.tools.saw", "hut", "shed.tools.sa"):
            assert find(path) is None, path
            assert import_once(path) is None, path


def test_what_is_missing_inside_a_module_is_an_error():
    with Scratch() as folder:
        folder.write("shed/saw.py", "import hut\n")
        folder.write("shed/axe.py", "from shed import handle\n")
        for path in ("shed.saw", "shed.axe"):
            raises(ImportError, find, path)
            raises(ImportError, import_once, path)


def test_nobody_keeps_a_module_that_is_imported_once():
    with Scratch() as folder:
        folder.write("shed/saw.py", "teeth = 5\n")
        folder.write("axe.py", "edge = 1\n")
        assert import_once("shed.saw").teeth == 5
        assert import_once("axe").edge == 1
        assert "shed.saw" not in sys.modules and "axe" not in sys.modules
        assert not hasattr(sys.modules["shed"], "saw")
        folder.write("axe.py", "edge = 2\n")
        assert import_once("axe").edge == 2

# SPDX-License-Identifier: MIT
import schema
from json_stream import members

from components.devices.mcp23017_args import PIN

EXAMPLE = __file__.rpartition("/")[0] + "/../../components.json.example"


def test_the_example_fits_the_descriptions_of_its_components():
    seen = []
    with open(EXAMPLE, "rb") as f:
        for name, definition, _ in members(f):
            path = "components" + definition["package"] + "_args"
            args = __import__(path, None, None, ("",)).ARGS[definition["component"]]
            given = definition["constructor_args"]
            assert schema.check(given, {"type": "dict", "keys": args}, name) == []
            for row in given.get("pins", ()):
                assert schema.check(row, PIN, name) == []
            seen.append(name)
    assert seen == ["i2c", "board1"]

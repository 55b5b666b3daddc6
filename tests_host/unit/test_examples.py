# SPDX-License-Identifier: MIT
"""The example configurations of pysmartnode load as they are, and whatever a slip makes of them.

They are in tests_host/examples. Section 4.2.1 of its README has `single-file.json`, section 4.4
`ram.json`.
"""

import asyncio
import json
import random

import import_once

import_once.import_once = import_once.find  # a thousand loads would compile the same again

from board_link import attach  # noqa: E402
from json_stream import members  # noqa: E402

from components.machine import claims  # noqa: E402
from harness import Skip, run_until  # noqa: E402
from node import loader  # noqa: E402
from node.app import Node  # noqa: E402
from node.manage import reload, unload  # noqa: E402
from node.settings import load as load_settings  # noqa: E402
from scratch import Scratch  # noqa: E402
from yard.model.board import Board  # noqa: E402
from yard.model.htu21d import HTU21D  # noqa: E402

EXAMPLES = __file__.rpartition("/")[0] + "/../examples/"
LOAD_S = 5
READING = 4  # which interval
settings = []


async def no_scan(i2c, log, name):
    """Save the time that it takes to look for a hundred chips."""


import_once.find("components.machine.i2c_bus").scan = no_scan


class Collector:
    """Saves the time of ten thousand collections; here is memory enough."""

    def collect(self):
        pass


loader.gc = Collector()


def example(name):
    with open(EXAMPLES + name) as f:
        return f.read()


def parsed(name):
    with open(EXAMPLES + name, "rb") as f:
        return {key: value for key, value, _ in members(f)}


class Running:
    """A node on a board with an HTU21D; files: path -> text."""

    def __init__(self, files):
        self._files = files

    async def __aenter__(self):
        self._folder = Scratch().__enter__()
        for path, text in self._files.items():
            self._folder.write(path, text)
        attach(Board([])).bus.attach(0x40, HTU21D(25.0, 40.0))
        if not settings:
            settings.append(load_settings(settings.append))
        self._node = node = Node(settings[0])
        node.log.level = node.log.mqtt_level = -1
        await asyncio.wait_for(loader.Loader(node).load(), LOAD_S)
        node.settled = True
        return node

    async def __aexit__(self, *_):
        for component in self._node.components.values():
            if hasattr(component, "stop"):
                component.stop()
        for task in tuple(self._node.tasks.tasks):
            self._node.tasks.cancel(task)
        await asyncio.sleep_ms(0)
        claims._owners.clear()
        self._folder.__exit__()


def phases(node):
    return {name: row["phase"] for name, row in node.rows.items()}


# -- as written -----------------------------------------------------------------------------


async def test_a_bus_and_a_sensor_in_a_single_file():
    await bus_and_sensor({"components.json": example("single-file.json")})


async def test_a_bus_and_a_sensor_in_files_of_their_own():
    await bus_and_sensor(separate(parsed("single-file.json")))


async def test_a_bus_and_a_sensor_in_components_py():
    await bus_and_sensor({"components.py": "COMPONENTS = %r" % parsed("single-file.json")})


async def bus_and_sensor(files):
    async with Running(files) as node:
        assert phases(node) == {"i2c": "running", "htu": "running"}, node.rows
        i2c, htu = node.components["i2c"], node.components["htu"]
        assert i2c._pins[:2] == (12, 14)  # D6 and D5 of a NodeMCU
        assert abs(await htu.temperature() - (25.0 - 2.0)) < 0.1
        assert abs(await htu.humidity() - (40.0 + 10.0)) < 0.2


async def test_the_sensor_is_loaded_anew_while_the_bus_goes_on():
    async with Running({"components.json": example("single-file.json")}) as node:
        before = node.components["htu"]
        await asyncio.sleep_ms(5)  # the chip measures for the first time
        await reload(node, "htu")
        htu = node.components["htu"]
        assert htu is not before
        quantity = htu.quantities["temperature"]
        htu.set_interval(READING, 1)  # the chip was busy for the one before
        await run_until(lambda: quantity.value is not None, 3000)
        assert abs(quantity.value - 23.0) < 0.1
        refusal = None
        try:
            await unload(node, "i2c")
        except ValueError as e:
            refusal = str(e)
        assert refusal == 'in use by "htu"'
        await unload(node, "htu")
        await unload(node, "i2c")
        assert node.components == {} and node.entities == {} and node.reports == {}
        assert set(node.tasks.tasks) <= {"kept"} and claims._owners == {}  # the interval is kept


async def test_the_quick_test_in_components_py():
    await quick_test({"components.py": "COMPONENTS = %r" % parsed("ram.json")})


async def test_the_quick_test_in_components_json():
    await quick_test({"components.json": example("ram.json")})


async def quick_test(files):
    if not import_once.find("components.machine.ram"):
        raise Skip("there is no components/machine/ram.py yet")
    async with Running(files) as node:
        assert phases(node) == {"ram": "running"}, node.rows


# -- with slips -----------------------------------------------------------------------------

CANARY = {"package": "canary", "component": "Canary", "call_function_regularly": "sing"}
BIRD = """
class Canary:
    songs = 0

    def sing(self):
        self.songs += 1
"""
TOOLS = """
import asyncio


class Tool:
    def __init__(self, a=None, b=None):
        if a[1] != "@x" or b != {"c": 5}:
            raise KeyError("a")

    def set_up(self, *args, **names):
        self.b = args or names

    async def work(self):
        await asyncio.sleep_ms(1)
"""
MORE = {
    "tool": {
        "package": "tools",
        "component": "Tool",
        "constructor_args": {"a": ["@i2c", "@@x"], "b": {"c": 5}},
        "init_function": "set_up",
        "init_args": [1, "@i2c"],
        "call_function_regularly": "work",
        "call_interval": 0.5,
    }
}
WORDS = ["null", "true", "0", "-1", "1e9", "[]", "{}", '["@htu"]', '{"a": "@tool"}']
WORDS += ['"%s"' % word for word in ("", "@", "@@", "@i2c", "@i2c.3", "@htu.x", "i2c", "x" * 40)]
WORDS += ['"%s"' % word for word in ("D6", "0x40", "_order", "ä", "work", ".machine.i2c")]


def whole():
    """Return all examples together."""
    definitions = parsed("single-file.json")
    definitions.update(parsed("ram.json"))
    definitions.update(json.loads(json.dumps(MORE)))  # a copy, because it will be changed
    definitions["_order"] = ["i2c", "htu", "ram", "tool"]
    return definitions


def separate(definitions):
    """Return the definitions as files."""
    files = {}
    for name, definition in definitions.items():
        path = "_order.json" if name == "_order" else "components/%s.json" % name
        files[path] = json.dumps(definition)
    return files


def mutate_text(text):
    """Return `text` with a few letters changed, taken away, or doubled."""
    for _ in range(random.randint(1, 4)):
        at = random.randint(0, len(text) - 1)
        to = at + random.randint(0, 9)
        kind = random.randint(0, 3)
        if kind == 0:
            text = text[:at] + random.choice('"{}[],:@.\\#/ \n0e-x') + text[at + 1 :]
        elif kind == 1:
            text = text[:at] + text[to:] or "{"
        elif kind == 2:
            text = text[:to] + text[at:]
        else:
            text = text[: at + 1]
    return text


def mutate(value, depth=0):
    """Return a value with something in it replaced, taken away or added."""
    if depth < 4 and isinstance(value, dict) and value and random.randint(0, 4):
        key = random.choice(sorted(value))
        what = random.randint(0, 9)
        if what == 0:
            del value[key]
        elif what == 1:
            value[random.choice(("typo", key + "s", "init_args", "_order", ""))] = value.pop(key)
        else:
            value[key] = mutate(value[key], depth + 1)
        return value
    if depth < 4 and isinstance(value, list) and value and random.randint(0, 4):
        at = random.randint(0, len(value) - 1)
        value[at] = mutate(value[at], depth + 1)
        return value
    return json.loads(random.choice(WORDS))  # one of its own, because it may be changed


NEEDS = {"i2c": {"i2c"}, "ram": {"ram"}, "htu": {"htu", "i2c", "_order"}}
NEEDS["tool"] = {"tool", "i2c", "_order"}


async def survives(files, touched=None):
    """Expect that the node loads, that the canary runs, and all that does not need what slipped.

    touched: names of the definitions with slips, None if it may be any.
    """
    files.update({"canary.py": BIRD, "tools.py": TOOLS})
    async with Running(files) as node:
        canary = node.components.get("canary")
        assert canary, (files, node.rows)
        await run_until(lambda: canary.songs)
        for name, row in node.rows.items():
            assert row["phase"] == "running" or row["errors"], (files, row)
            assert (name in node.components) or row["phase"] != "running", (files, row)
        for name in NEEDS if touched else ():
            assert node.rows[name]["phase"] == "running" or NEEDS[name] & touched, (
                files,
                node.rows,
            )


async def test_slips_in_the_text_of_a_single_file():
    random.seed(1)
    rest = json.dumps(whole())[1:]
    for _ in range(400):
        text = '{"canary": %s, %s' % (json.dumps(CANARY), mutate_text(rest))
        await survives({"components.json": text})


def slipped():
    """Return (definitions with slips in some, names of those), the canary among them."""
    definitions = whole()
    touched = {random.choice(sorted(definitions)) for _ in range(random.randint(1, 3))}
    for name in touched:
        definitions[name] = mutate(definitions[name])
    definitions["canary"] = CANARY
    return definitions, touched


async def test_slips_in_the_values_of_a_single_file():
    random.seed(2)
    for _ in range(250):
        definitions, touched = slipped()
        await survives({"components.json": json.dumps(definitions)}, touched)


async def test_slips_in_the_dictionary_of_components_py():
    random.seed(4)
    for _ in range(150):
        definitions, touched = slipped()
        await survives({"components.py": "COMPONENTS = %r" % definitions}, touched)


async def test_slips_in_files_of_components():
    random.seed(3)
    for _ in range(200):
        files = separate(whole())
        path = random.choice(sorted(files))
        files[path] = mutate_text(files[path])
        files["components/canary.json"] = json.dumps(CANARY)
        await survives(files, {path.split("/")[-1][:-5]})

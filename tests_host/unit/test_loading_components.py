# SPDX-License-Identifier: MIT
"""What a configuration may say in each of its forms, and what its author reads if it is wrong."""

import asyncio
import json

import import_once
from board_link import attach

import node.calls
from harness import run_until
from loader_desk import define, load
from node.app import Node
from node.loader import Loader
from node.settings import load as load_settings
from scratch import Scratch
from yard.model.board import Board


def separate(**texts):
    """Return the files of components that have one each; texts: what is in them."""
    return [("components/%s.json" % name, texts[name]) for name in texts]


def program(**definitions):
    return ("components.py", "COMPONENTS = %r" % definitions)


async def load_files(*files):
    return await load(text="", files=files)


def texts_of(desk):
    return [text for _, _, text in desk.faults]


# -- references ---------------------------------------------------------------------------


async def test_every_kind_of_reference_in_arguments_that_are_a_list():
    desk = await load(
        ("a", define()),
        ("p", define("Plain", ["@a", "@a.3"])),
        ("q", define("Plain", ["@@a", "a"])),
    )
    p, q, a = (desk.components[name] for name in "pqa")
    assert (p.a, p.b, q.a, q.b) == (a, ("a", 3), "@a", "a")


async def test_init_args_may_refer_to_what_is_defined_later():
    args = ["@z", {"pin": "@z.3"}, "@@z", "z"]
    desk = await load(
        ("p", define("Plain", init_function="init", init_args=args)), ("z", define())
    )
    z = desk.components["z"]
    assert desk.running == ["z", "p"] and desk.faults == []
    assert desk.components["p"].calls == [("init", (z, {"pin": ("z", 3)}, "@z", "z"), {})]


async def test_what_is_no_pin_and_no_entity_says_which_there_are():
    chip = define("Shows")
    for text, said in (
        ("@a.shuter", 'any: "a" has no entity "shuter"; did you mean "shutter"?'),
        ("@a.", 'any: "a" has no entity ""; known are shutter'),
        ("@b.lamp", 'any: "b" has no entity "lamp"; a pin is a number'),
    ):
        desk = await load(("a", chip), ("b", define()), ("c", define(args={"any": text})))
        assert texts_of(desk) == [said]


# -- functions that are called ------------------------------------------------------------


class Pauses:
    """Stands for asyncio in node.calls. Attribute: `taken`, the ms of each pause; none ends."""

    def __init__(self):
        self.taken = []

    async def sleep_ms(self, ms):
        self.taken.append(ms)
        await asyncio.Event().wait()


async def test_the_pause_between_calls_is_call_interval_or_else_that_of_the_settings():
    for more, ms in (({"call_interval": 7}, 7000), ({"call_interval": 0.25}, 250), ({}, 20)):
        node.calls.asyncio = pauses = Pauses()
        desk = await load(("a", define("Plain", call_function_regularly="tick", **more)))
        try:
            await run_until(lambda pauses=pauses: pauses.taken)
            assert desk.components["a"].calls == ["tick"]
            assert pauses.taken == [ms]
        finally:
            desk.stop()
            node.calls.asyncio = asyncio


async def test_what_is_no_function_cannot_be_called():
    files = [("toolbox.py", "size = 5\n\n\nclass Tool:\n    colour = 'red'\n")]
    for definition, said in (
        (define("size"), 'component: "size" cannot be called'),
        (define("Tool", init_function="colour"), 'init_function: "colour" cannot be called'),
        (
            define("Tool", call_function_regularly="colour"),
            'call_function_regularly: "colour" cannot be called',
        ),
    ):
        definition["package"] = "toolbox"
        desk = await load(("a", definition), files=files)
        desk.stop()
        assert texts_of(desk) == [said]
        assert desk.running == [] and desk.log.lines == []


# -- sources ------------------------------------------------------------------------------


async def test_comments_may_stand_in_each_of_several_files():
    bus = json.dumps(define())
    files = separate(a="// mine\n%s # end" % bus, b="/* yours */" + bus)
    desk = await load_files(("_order.json", '# first b\n["b", /* then */ "a"]'), *files)
    assert desk.running == ["b", "a"] and desk.faults == []


async def test_all_keys_mean_the_same_in_all_sources():
    a = define(args={"address": "0x21"})
    p = define("Plain", ["@a.3", "@@x"], init_function="init", init_args={"x": "@a"})
    p.update({"call_function_regularly": "tick", "call_interval": 0.01})
    for files in (
        [("components.json", json.dumps({"a": a, "p": p}))],
        separate(a=json.dumps(a), p=json.dumps(p)),
        [program(a=a, p=p)],
    ):
        desk = await load_files(*files)
        assert desk.running == ["a", "p"] and desk.faults == []
        bus, plain = desk.components["a"], desk.components["p"]
        assert bus.args == {"address": 0x21} and (plain.a, plain.b) == (("a", 3), "@x")
        await run_until(lambda calls=plain.calls: len(calls) > 2)
        desk.stop()
        assert plain.calls[:2] == [("init", (), {"x": bus}), "tick"]


async def test_keys_in_components_py_that_are_no_text():
    desk = await load_files(program(a=define(args={5: 1}), b=define(), c={5: 1, "package": "x"}))
    assert desk.running == ["b"] and desk.log.lines == []
    assert texts_of(desk)[0].startswith('unknown key "5"; known are address, ')
    desk = await load_files(program(a=define(args={"any": {5: "@b", "x": 1}}), b=define()))
    assert desk.components["a"].args["any"] == {5: desk.components["b"], "x": 1}


async def test_components_py_may_use_one_definition_twice():
    text = "BUS = %r\nCOMPONENTS = {'a': BUS, 'b': BUS, 'c': %r}"
    desk = await load_files(("components.py", text % (define(args={"other": "c"}), define())))
    assert sorted(desk.running) == ["a", "b", "c"] and desk.faults == []
    c = desk.components["c"]
    assert desk.components["a"].args["other"] is desk.components["b"].args["other"] is c


async def test_a_compiled_or_frozen_module_is_the_last_source():
    module = ("components_config.py", program(a=define())[1])
    desk = await load_files(module)
    assert desk.running == ["a"] and desk.faults == []
    desk = await load_files(program(b=define()), module)
    assert desk.running == ["b"]
    desk = await load_files(("components_config.py", "1 / 0"))
    assert desk.faults == [("components_config", "file", "ZeroDivisionError: divide by zero")]


NARROW = """
with open(%r) as file:
    exec(file.read())
_read_at = read_at


def read_at(file, place):
    file.seek(place)
    if b"much" in file.read(100):
        raise MemoryError("memory allocation failed, allocating 9999 bytes")
    return _read_at(file, place)
"""


async def test_a_definition_for_which_there_is_no_memory_costs_its_component():
    reader = ("json_stream.py", NARROW % import_once.import_once("json_stream").__file__)
    desk = await load(("a", define(args={"any": "much"})), ("b", define()), files=[reader])
    assert desk.running == ["b"]
    assert desk.faults == [("a", "file", "memory allocation failed, allocating 9999 bytes")]


# -- tasks --------------------------------------------------------------------------------

HASTY = """
import asyncio

from node.component import Component

runs = []


class Hasty(Component):
    async def start(self):
        self.node.spawn(self.name, self._run)
        await asyncio.sleep_ms(1)

    async def _run(self):
        runs.append(1)
        if len(runs) == 1:
            raise ValueError("not ready")
"""


async def test_a_task_that_dies_while_its_component_starts_is_told_in_the_row():
    attach(Board([]))
    with Scratch() as folder:
        folder.write("hasty.py", HASTY)
        folder.write("components.json", '{"a": {"package": "hasty", "component": "Hasty"}}')
        running = Node(load_settings([].append))
        running.log.level = running.log.mqtt_level = -1
        await Loader(running).load()
        row = running.rows["a"]
    assert (row["phase"], row["crashes"], row["errors"]) == ("task", 1, ["ValueError: not ready"])
    assert row["package"] == "hasty"
    running.tasks.cancel("a")


# -- the topic `components` ---------------------------------------------------------------


class Client:
    """Has no room at first. Attribute: `sent`, (announced length, payload)."""

    async def publish_stream(self, topic, length, pieces, retain):
        await asyncio.sleep_ms(1)
        self.sent = (length, b"".join(pieces))


async def test_a_row_tells_the_beginning_of_a_long_error_and_the_log_all_of_it():
    attach(Board([]))
    running = Node(load_settings([].append))
    said = []
    running.log.level = -1
    running.log.sink = lambda level, text: said.append(text) or True
    text = "y" * 500 + " the end"
    running.fault("a", "start", text)
    running.fault("b", "start", "y" * 200)
    running.rows["c"] = {"name": "c", "phase": "running"}
    running.tasks._on_crash("c", ValueError(text))
    assert running.rows["a"]["errors"] == ["y" * 200 + "..."]
    assert running.rows["b"]["errors"] == ["y" * 200]
    assert running.rows["c"]["errors"] == ["ValueError: " + "y" * 188 + "..."]
    assert said[0] == "loader: a (start): " + text
    assert said[-1].startswith("task: c died") and said[-1].endswith("ValueError: " + text)


async def test_a_row_that_changes_while_rows_wait_for_room_does_not_cut_the_message():
    attach(Board([]))
    running = Node(load_settings([].append))
    running.session = client = Client()
    client.client = client
    running.rows["a"] = {"name": "a", "phase": "running"}
    task = asyncio.create_task(import_once.import_once("node.announcement").publish_rows(running))
    await asyncio.sleep_ms(0)
    running.rows["a"]["phase"] = "task"
    await task
    length, payload = client.sent
    assert len(payload) == length and json.loads(payload)[0]["name"] == "a"

# SPDX-License-Identifier: MIT
"""node/sources.py: where the definitions of the components come from, through the loader."""

import json
import os
import sys

from loader_desk import LAB, define, in_order, load
from node.loader import Loader
from scratch import Scratch


def separate(order=None, **definitions):
    """Return the files of components that have one each."""
    files = [("components/%s.json" % n, json.dumps(definitions[n])) for n in definitions]
    if order is not None:
        files.append(("_order.json", json.dumps(order)))
    return files


async def load_files(*files):
    return await load(text="", files=files)


# -- which source -------------------------------------------------------------------------


async def test_a_source_is_used_only_if_the_one_before_it_is_absent():
    program = ("components.py", "COMPONENTS = {'p': %r}" % define())
    files = separate(["s"], s=define()) + [program]
    node = await load(("j", define()), files=files)
    assert node.running == ["j"] and node.faults == []
    node = await load_files(*files)
    assert node.running == ["s"] and node.faults == []
    node = await load_files(program)
    assert node.running == ["p"] and node.faults == []


async def test_a_damaged_source_does_not_give_way_to_the_next():
    node = await load(text="{", files=separate(s=define()))
    assert node.running == []
    assert [fault[:2] for fault in node.faults] == [("components.json", "file")]


async def test_without_any_source_one_line_says_what_to_do():
    node = await load_files()
    (fault,) = node.faults
    assert fault[:2] == ("components.json", "file") and "components.json.example" in fault[2]


# -- a file for each component ------------------------------------------------------------


async def test_order_json_gives_the_order():
    node = await load_files(*separate(["c", "a", "b"], a=define(), b=define(), c=define()))
    assert node.running == ["c", "a", "b"]
    assert node.faults == [] and node.log.lines == []


async def test_without_order_json_the_order_follows_the_references():
    node = await load_files(*separate(a=define(args={"other": "b"}), b=define()))
    assert node.running == ["b", "a"] and node.faults == []
    assert node.components["a"].args["other"] is node.components["b"]


async def test_files_that_order_json_does_not_name_come_last():
    node = await load_files(*separate(["b"], a=define(), b=define()))
    assert node.running == ["b", "a"]
    assert node.log.lines == ["not in _order, so loaded last: a"]


async def test_a_name_without_file_is_reported():
    node = await load_files(*separate(["a", "c"], a=define()))
    assert node.running == ["a"]
    assert node.faults == [
        ("_order.json", "check", '_order: there is no component "c"; known are a')
    ]


async def test_a_damaged_file_costs_its_component_and_those_that_need_it():
    files = separate(["b", "a", "c"], a=define(args={"other": "b"}), c=define())
    node = await load_files(("components/b.json", "{\n oops"), *files)
    assert node.running == ["c"]
    assert node.faults[0][:2] == ("b", "file")
    assert node.faults[0][2].startswith("line 2, column 2: ")
    assert node.faults[1:] == [("a", "check", 'other: "b" did not start')]


async def test_a_damaged_order_json_costs_the_order():
    for text in ("", "[", '["a"', "{}", '["a"] x'):
        files = [("_order.json", text)] + separate(a=define(), b=define())
        node = await load_files(*files)
        assert sorted(node.running) == ["a", "b"]
        assert [fault[0] for fault in node.faults] == ["_order.json"], text


async def test_a_file_that_holds_no_object_is_a_fault():
    node = await load_files(("components/a.json", "[1]"), *separate(b=define()))
    assert node.faults == [("a", "check", "expected an object, not a list")]
    assert node.running == ["b"]


async def test_a_folder_with_nothing_but_json_does_not_hide_the_code():
    await hidden(("components/a.json", json.dumps(define())))


async def test_components_py_does_not_hide_the_code():
    await hidden(("components.py", "COMPONENTS = {'a': %r}" % define()))


async def hidden(*files):
    """Load where the code lies elsewhere on the path, as on a board on which it is frozen."""
    with Scratch() as folder:
        folder.write("frozen/components/lab/things.py", LAB)
        folder.write("root/x", "")
        os.chdir("root")
        for path, text in files:
            folder.write(path, text)
        before = sys.path[:]
        sys.path[:0] = ["", folder.path + "/frozen"]
        from loader_desk import Node

        node = Node()
        try:
            await Loader(node).load()
            assert sys.path[:2] == ["", folder.path + "/frozen"]
        finally:
            sys.path[:] = before
        assert (node.running, node.faults) == (["a"], [])


# -- components.py ------------------------------------------------------------------------


async def test_components_py_may_have_a_dictionary():
    text = "COMPONENTS = {'_order': ['b', 'a'], 'a': %r, 'b': %r}" % (define(), define())
    node = await load_files(("components.py", text))
    assert node.running == ["b", "a"] and node.faults == []


async def test_a_dictionary_without_order_follows_the_references():
    text = "COMPONENTS = {'a': %r, 'b': %r}" % (define(args={"other": "b"}), define())
    node = await load_files(("components.py", text))
    assert node.running == ["b", "a"] and node.faults == []


PROGRAM = """
import asyncio

from components.lab.things import BadStart, Bus, Plain

COMPONENTS = {"a": {"package": ".lab.things", "component": "Bus"}}


async def load(node, add):
    a = node.components["a"]
    await asyncio.sleep_ms(0)
    good = [await add("b", Bus(other=a)), await add("p", Plain(1)), await add("bad", BadStart())]
    good.append(await add("a", Bus()))
    good.append(await add("a b", Bus()))
    assert good == [True, True, False, False, False], good
"""


async def test_components_py_may_add_components_itself():
    node = await load_files(("components.py", PROGRAM))
    assert node.running == ["a", "b", "p"]
    b = node.components["b"]
    assert b.name == "b" and b.started and b.args["other"] is node.components["a"]
    assert node.components["p"].a == 1
    assert node.last == ("p", "components.py", None)
    assert [fault[:2] for fault in node.faults[:1]] == [("bad", "start")]
    assert node.faults[1:] == [
        ("components.py", "load", "add('a'): there is such a component already"),
        (
            "components.py",
            "load",
            'add(\'a b\'): name: only letters, digits and "_-" are allowed, not " "',
        ),
    ]


async def test_components_py_is_run_once():
    text = (
        "from components.lab.things import made\nmade.append(1)\nCOMPONENTS = {'a': %r, 'b': %r}"
    )
    text %= define(args={"other": "b"}), define()
    node = await load_files(("components.py", text))
    assert node.running == ["b", "a"] and node.made == [1]


async def test_load_need_not_be_a_coroutine():
    text = "def load(node, add):\n    node.made = 5\n    node.components['x'] = node\n"
    node = await load_files(("components.py", text))
    assert node.faults == [] and node.components["x"] is node


async def test_what_components_py_raises_is_reported_and_the_rest_runs():
    start = "COMPONENTS = {'a': %r}\n" % define()
    for text, phase, said in (
        ("def load(node, add):\n    1 / 0\n", "load", "ZeroDivisionError: divide by zero"),
        ("async def load(node, add):\n    raise OSError(5)\n", "load", "OSError: [Errno 5] EIO"),
        ("def load():\n    pass\n", "load", "TypeError: "),
    ):
        node = await load_files(("components.py", start + text))
        (fault,) = node.faults
        assert fault[:2] == ("components.py", phase), fault
        assert fault[2].startswith(said), fault
        assert node.running == ["a"]


async def test_a_components_py_that_cannot_be_used_is_one_fault():
    for text, said in (
        ("def (", "SyntaxError: invalid syntax"),
        ("import nowhere", "ImportError: no module named 'nowhere'"),
        ("x = 1", "it has neither COMPONENTS nor load(node, add)"),
        ("COMPONENTS = 5", "COMPONENTS: expected a dictionary"),
    ):
        node = await load_files(("components.py", text))
        assert node.faults == [("components.py", "file", said)]


async def test_faults_in_the_dictionary_are_those_of_any_source():
    text = "COMPONENTS = {5: {}, 'a': 5, 'b': %r, '_order': ['x']}" % define()
    node = await load_files(("components.py", text))
    assert node.running == ["b"]
    assert sorted({name for name, _, _ in node.faults}) == ["5", "a", "components.py"]


# -- arguments as a list ------------------------------------------------------------------

PLACES = """
ARGS = {
    "Bus": {
        "scl": {"type": "int", "max": 39, "place": 0, "names": {"D6": 12}},
        "other": {"type": "ref", "place": 1},
        "freq": {"type": "int", "default": 5},
    },
}
"""


async def load_places(args):
    files = [("components/lab/free.py", LAB), ("components/lab/free_args.py", PLACES)]
    return await load(("p", define(package=".lab.free", args=args)), ("x", define()), files=files)


async def test_a_list_is_checked_as_an_object_where_the_description_has_places():
    node = await load_places(["D6", "x"])
    assert node.faults == []
    assert node.components["p"].args == {"scl": 12, "other": node.components["x"], "freq": 5}
    assert (await load_places(["0x10"])).components["p"].args == {"scl": 16, "freq": 5}
    assert (await load_places([40])).faults[0][2] == "scl: 40 is above the highest value 39"
    assert (await load_places(["D9"])).faults[0][2] == "scl: expected a whole number, not text"


async def test_a_list_that_is_longer_is_the_business_of_the_constructor():
    (fault,) = (await load_places([1, "x", 3])).faults
    assert fault[:2] == ("p", "construct")


async def test_words_of_the_node_itself_are_no_names():
    node = await load(text=in_order(("mqtt", define()), ("rpc", define()), ("a", define())))
    assert node.running == ["a"]
    assert node.faults[0] == ("mqtt", "check", "name: the node itself uses this word")

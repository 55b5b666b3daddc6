# SPDX-License-Identifier: MIT
import gc
import json
import sys

from harness import run_until
from loader_desk import LAB, Node, define, in_order, load
from node.loader import Loader
from scratch import Scratch

# -- what runs ----------------------------------------------------------------------------


async def test_a_component_is_constructed_attached_started_and_registered():
    node = await load(("bus", define(args={"address": 0x21, "any": 5})))
    assert node.faults == []
    bus = node.components["bus"]
    assert bus.args == {"address": 0x21, "any": 5}
    assert bus.started and bus.name == "bus" and bus.node is node
    assert node.last == ("bus", ".lab.things", "1.2")


async def test_defaults_and_hexadecimal_text_reach_the_component():
    node = await load(("a", define()), ("b", define(args={"address": "0x27"})))
    assert node.components["a"].args == {"address": 0x20}
    assert node.components["b"].args == {"address": 0x27}


async def test_arguments_may_be_a_list():
    node = await load(("p", define("Plain", [1, "@@x"])))
    assert (node.components["p"].a, node.components["p"].b) == (1, "@x")


async def test_a_package_may_be_any_library():
    files = [("toolbox.py", "class Tool:\n    pass\n")]
    node = await load(("t", define("Tool", package="toolbox")), files=files)
    assert node.faults == []
    assert node.last == ("t", "toolbox", None)


async def test_a_function_is_called_and_what_it_returns_is_the_component():
    node = await load(("f", define("factory", {"x": 7})), ("s", define("service", {"y": 1})))
    assert node.components["f"].a == 7
    assert node.made == [{"y": 1}]
    assert node.running == ["f", "s"]


async def test_a_coroutine_runs_as_a_supervised_task():
    node = await load(("c", define("task", {"die": True})))
    assert node.running == ["c"]
    await run_until(lambda: len(node.made) == 2, 3000)
    assert node.crashes == ["c"]


async def test_init_function_with_arguments_of_both_forms():
    node = await load(
        ("a", define("Plain", init_function="init", init_args=[1, 2])),
        ("b", define("Plain", init_function="init", init_args={"x": "@a"})),
        ("c", define("Plain", init_function="run")),
    )
    a, b, c = (node.components[name] for name in "abc")
    assert a.calls == [("init", (1, 2), {})]
    assert b.calls == [("init", (), {"x": a})]
    await run_until(lambda: c.calls == ["run"])


async def test_a_function_is_called_regularly():
    node = await load(
        ("a", define("Plain", call_function_regularly="tick", call_interval=0.01)),
        ("b", define("Plain", call_function_regularly="tock")),
    )
    a, b = node.components["a"], node.components["b"]
    await run_until(lambda: len(a.calls) > 3 and len(b.calls) > 2)
    node.stop()
    assert set(a.calls) == {"tick"} and set(b.calls) == {"tock"}


async def test_the_interval_of_calls_has_limits():
    for interval in (0.009, 518401, 1e9):
        tick = define("Plain", call_function_regularly="tick", call_interval=interval)
        node = await load(("a", tick))
        assert node.faults[0][2].startswith("call_interval: "), interval
        assert node.running == []


async def test_comments_in_the_file_are_no_fault():
    text = '// mine\n{ # one\n "bus": %s /* end */ }' % json.dumps(define())
    node = await load(text=text)
    assert node.running == ["bus"] and node.faults == []


async def test_an_empty_file_object_loads_nothing():
    node = await load(text="{}")
    assert node.faults == [] and node.running == []


# -- references ---------------------------------------------------------------------------


async def test_references_become_objects_at_any_depth():
    node = await load(
        ("a", define()),
        ("b", define(args={"any": {"x": ["@a", "@a.3"], "y": "@@a", "z": "a"}})),
    )
    a = node.components["a"]
    assert node.components["b"].args["any"] == {"x": [a, ("a", 3)], "y": "@a", "z": "a"}


async def test_a_plain_name_is_a_reference_where_one_is_declared():
    node = await load(("a", define()), ("b", define(args={"other": "a", "buses": ["a", "@a"]})))
    a = node.components["a"]
    assert node.components["b"].args["other"] is a
    assert node.components["b"].args["buses"] == [a, a]


async def test_declared_text_is_never_a_reference():
    node = await load(("a", define()), ("b", define(args={"title": "@a"})))
    assert node.components["b"].args["title"] == "@a"
    node = await load(("a", define()), ("b", define(args={"title": "a"})))
    assert node.components["b"].args["title"] == "a"


async def test_a_component_may_refer_to_a_later_one():
    node = await load(
        ("c", define(args={"any": ["@b"]})),
        ("b", define(args={"other": "a"})),
        ("a", define()),
        ("d", define(args={"other": "c"})),
    )
    assert node.faults == []
    assert node.running.index("a") < node.running.index("b") < node.running.index("c")
    assert sorted(node.running) == ["a", "b", "c", "d"]


async def test_an_unknown_reference():
    node = await load(("board", define()), ("b", define(args={"other": "@bord", "any": "@x.1"})))
    assert sorted(node.faults) == [
        ("b", "check", 'any: there is no component "x"; known are b, board'),
        ("b", "check", 'other: there is no component "bord"; did you mean "board"?'),
    ]
    assert node.running == ["board"]


async def test_a_reference_to_a_component_that_failed():
    node = await load(
        ("a", define("BadStart")),
        ("b", define(args={"other": "a"})),
        ("c", define(args={"any": "@b.1"})),
        ("d", define()),
    )
    assert node.faults[1:] == [
        ("b", "check", 'other: "a" did not start'),
        ("c", "check", 'any: "b" did not start'),
    ]
    assert node.running == ["d"]


async def test_a_pin_that_does_not_exist():
    node = await load(
        ("a", define()),
        ("b", define(args={"any": "@a.16"})),
        ("c", define(args={"any": ["@a.x"]})),
        ("p", define("Plain")),
        ("d", define(args={"any": "@p.1"})),
    )
    assert node.faults[0] == ("b", "check", 'any: "a.16" is no pin: 16 is not in 0 to 15')
    assert node.faults[1][2] == 'any[0]: "a" has no entity "x"; a pin is a number'
    assert node.faults[2] == ("d", "check", 'any: "p" has no pins')


async def test_a_function_without_result_cannot_be_referred_to():
    node = await load(("s", define("service")), ("b", define(args={"other": "s"})))
    assert node.faults == [("b", "check", 'other: "s" has no object')]


async def test_references_in_a_circle_are_reported_with_their_members():
    node = await load(
        ("x", define(args={"other": "a"})),
        ("a", define(args={"other": "b"})),
        ("b", define(args={"any": ["@c.1"]})),
        ("c", define(args={"other": "@a"})),
        ("me", define(args={"other": "me"})),
        ("fine", define()),
    )
    assert sorted(node.faults) == [
        ("a", "check", "waits for itself: a -> b -> c -> a"),
        ("b", "check", "waits for itself: a -> b -> c -> a"),
        ("c", "check", "waits for itself: a -> b -> c -> a"),
        ("me", "check", "waits for itself: me -> me"),
        ("x", "check", 'other: "a" did not start'),
    ]
    assert node.running == ["fine"]


# -- _order -------------------------------------------------------------------------------


async def test_order_is_followed():
    node = await load(
        ("a", define()), ("_order", ["c", "a", "b"]), ("b", define()), ("c", define())
    )
    assert node.running == ["c", "a", "b"]
    assert node.faults == []


async def test_components_that_order_does_not_name_come_last():
    node = await load(
        ("z", define(args={"other": "y"})),
        ("a", define()),
        ("b", define()),
        ("y", define()),
        ("_order", ["b", "a"]),
    )
    assert node.running == ["b", "a", "y", "z"]
    assert node.faults == []
    assert node.log.lines == ["not in _order, so loaded last: z, y"]


async def test_faults_of_order():
    node = await load(("bus", define()), ("_order", ["buss", "bus", "bus"]))
    assert node.faults == [
        ("components.json", "check", '_order: there is no component "buss"; did you mean "bus"?'),
        ("components.json", "check", '_order: "bus" is there twice'),
    ]
    assert node.running == ["bus"]
    node = await load(("bus", define()), ("_order", {"bus": 1}))
    assert node.faults == [("components.json", "check", "_order: expected a list, not an object")]
    assert node.running == ["bus"]


async def test_order_against_a_reference():
    node = await load(("a", define(args={"other": "b"})), ("b", define()), ("_order", ["a", "b"]))
    assert node.faults == [("a", "check", '"b" is loaded later; _order must name it earlier')]
    assert node.running == ["b"]


# -- what is wrong ------------------------------------------------------------------------


async def test_no_file_says_what_to_do():
    node = await load(text="")
    text = "no components.json: copy components.json.example to that name, change it"
    assert node.faults == [("components.json", "file", text)]


async def test_a_damaged_file_is_reported_once_and_what_stands_before_it_runs():
    text = in_order(("b", define(args={"other": "a"})), ("a", define()))[:-1] + ',\n "c" 1}'
    node = await load(text=text)
    want = 'line 3, column 6: expected ":" after the key'
    assert node.faults == [("components.json", "file", want + "; what follows is not loaded")]
    assert node.running == ["a", "b"]


async def test_order_of_a_damaged_file_is_not_held_against_what_was_not_read():
    text = in_order(("_order", ["a", "b"]), ("a", define()))[:-1] + ',\n "b": ]}'
    node = await load(text=text)
    assert [phase for _, phase, _ in node.faults] == ["file"]
    assert node.running == ["a"]


async def test_a_file_that_vanishes_while_components_are_loaded_costs_those_that_wait():
    files = [("thief.py", "import os\n\ndef steal():\n    os.remove('components.json')\n")]
    node = await load(
        ("a", define(args={"other": "b"})), ("b", define("steal", package="thief")), files=files
    )
    assert [fault[:2] for fault in node.faults] == [("a", "file")]
    assert node.running == ["b"]


async def test_every_fault_of_a_definition_is_reported():
    wrong = {"package": ".lab.things", "componet": "Bus", "call_interval": "5", "init_args": 1}
    node = await load(("a", wrong), ("b", 5), ("c", define()))
    assert node.faults == [
        ("a", "check", 'unknown key "componet"; did you mean "component"?'),
        ("a", "check", "call_interval: expected a number, not text"),
        ("a", "check", "component: required, but missing"),
        ("b", "check", "expected an object, not a whole number"),
    ]
    assert node.running == ["c"]


async def test_arguments_must_be_an_object_or_a_list():
    node = await load(("a", define(args=5)), ("b", define(init_args="x")))
    assert ("a", "check", "constructor_args: expected an object or a list") in node.faults
    assert ("b", "check", "init_args: expected an object or a list") in node.faults
    assert node.running == []


async def test_every_fault_of_the_arguments_is_reported():
    args = {"pins": [{"pin": 0}, {"pin": 16}], "adress": 1, "address": "0x30", "other": "no"}
    node = await load(("a", define(args=args)), ("b", define()))
    assert sorted(node.faults) == [
        ("a", "check", "address: 0x30 is above the highest value 0x27"),
        ("a", "check", 'other: there is no component "no"; known are a, b'),
        ("a", "check", "pins[1].pin: 16 is above the highest value 15"),
        ("a", "check", 'unknown key "adress"; did you mean "address"?'),
    ]
    assert node.running == ["b"]


async def test_a_name_must_fit_into_a_topic():
    node = await load(("a b", define()), ("a/b", define()), ("n" * 33, define()), ("ok", define()))
    assert len(node.faults) == 3
    assert node.faults[0] == (
        "a b",
        "check",
        'name: only letters, digits and "_-" are allowed, not " "',
    )
    assert node.running == ["ok"]


async def test_a_component_that_takes_no_arguments():
    files = [("components/lab/free.py", LAB), ("components/lab/free_args.py", "ARGS={'Bus': {}}")]
    node = await load(("a", define(args={"x": 1}, package=".lab.free")), files=files)
    assert node.faults == [("a", "check", 'unknown key "x"')]


async def test_an_unknown_package():
    node = await load(
        ("a", define(package=".lab.thinks")),
        ("b", define(package=".nowhere.x")),
        ("c", define(package="nowhere")),
    )
    assert node.faults == [
        (
            "a",
            "import",
            'unknown package ".lab.thinks": no components/lab/thinks.py on this board',
        ),
        (
            "b",
            "import",
            'unknown package ".nowhere.x": no components/nowhere/x.py on this board',
        ),
        ("c", "import", 'unknown package "nowhere": no nowhere.py on this board'),
    ]
    assert node.log.lines == []


async def test_a_package_that_needs_something_missing():
    files = [("components/lab/needy.py", "import bme280_float\n")]
    node = await load(("a", define(package=".lab.needy")), files=files)
    assert node.faults == [("a", "import", "ImportError: no module named 'bme280_float'")]
    assert node.log.lines == ["traceback of ImportError"]


async def test_a_package_with_an_error_in_it():
    files = [("components/lab/broken.py", "class (\n"), ("components/lab/odd.py", "1 / 0\n")]
    node = await load(
        ("a", define(package=".lab.broken")), ("b", define(package=".lab.odd")), files=files
    )
    assert [fault[:2] for fault in node.faults] == [("a", "import"), ("b", "import")]
    assert node.faults[0][2].startswith("SyntaxError")
    assert node.faults[1][2].startswith("ZeroDivisionError")


async def test_an_unknown_component_of_a_package():
    node = await load(("a", define("Buss")))
    assert node.faults == [("a", "import", 'component: there is no "Buss"; did you mean "Bus"?')]


async def test_a_constructor_that_raises():
    node = await load(("a", define("BadInit")), ("b", define("Plain", {"c": 1})), ("ok", define()))
    assert node.faults[0] == ("a", "construct", "ValueError: no such chip")
    assert node.faults[1][:2] == ("b", "construct")
    assert "unexpected keyword argument 'c'" in node.faults[1][2]
    assert node.log.lines == ["traceback of ValueError", "traceback of TypeError"]
    assert node.running == ["ok"]
    assert sorted(node.components) == ["ok"]


async def test_a_reference_that_leads_nowhere_costs_only_its_row():
    rows = [{"pin": "@a.3"}, {"pin": "@a.16"}, {"pin": "@gone.1"}, {"pin": "@bad.1"}]
    node = await load(
        ("b", define(args={"rows": rows})), ("a", define()), ("bad", define("BadInit"))
    )
    assert [row["pin"] for row in node.components["b"].args["rows"]] == [
        ("a", 3),
        "@a.16",
        "@gone.1",
        "@bad.1",
    ]
    faults = [(name, text) for name, _, text in node.faults if name == "b"]
    assert faults == [
        ("b", 'rows[1].pin: "a.16" is no pin: 16 is not in 0 to 15'),
        ("b", 'rows[2].pin: there is no component "gone"; known are a, b, bad'),
        ("b", 'rows[3].pin: "bad" did not start'),
    ]


async def test_a_reference_to_an_entity():
    node = await load(("a", define("Shows")), ("b", define(args={"any": "@a.shutter"})))
    assert node.components["b"].args["any"] is node.entities[b"a/shutter"]


async def test_a_fault_that_a_person_must_mend_names_the_key_without_a_traceback():
    node = await load(("a", define("BadKey")), ("b", define("BadTogether")))
    assert node.faults == [
        ("a", "construct", "pins[2].pin: two things use it"),
        ("b", "construct", "a and b exclude each other"),
    ]
    assert node.log.lines == []


async def test_a_start_that_raises():
    node = await load(("a", define("BadStart")), ("ok", define()))
    assert node.faults[0][:2] == ("a", "start")
    assert node.faults[0][2].startswith("OSError: ")
    assert node.running == ["ok"]


async def test_entities_of_a_component_whose_start_failed_are_removed():
    node = await load(("a", define("BadStart")))
    assert node.entities == {}


async def test_a_start_that_is_no_coroutine_function_says_what_to_write():
    node = await load(("a", define("Forgot")), ("ok", define()))
    assert node.faults == [("a", "start", "start() must be a coroutine function: async def")]
    assert node.running == ["ok"]
    assert node.entities == {} and "stopped" in node.log.lines


async def test_a_start_that_never_ends_is_given_up():
    import node.starter  # the loader finds it imported already

    node.starter._START_S = 0.05
    board = await load(("a", define("Endless")), ("ok", define()))
    assert board.faults == [("a", "start", "start() timed out; it may take 0 s")]
    assert board.running == ["ok"]
    assert board.entities == {}


async def test_what_belongs_to_a_function_that_is_not_named_is_a_fault():
    wrong = define("Plain", init_args=[1], call_interval=5)
    node = await load(("a", wrong), ("b", define("Plain", init_args={})))
    assert sorted(node.faults) == [
        ("a", "check", "call_interval: nothing uses it without call_function_regularly"),
        ("a", "check", "init_args: nothing uses it without init_function"),
    ]
    assert node.running == ["b"]


async def test_an_unknown_function():
    node = await load(
        ("a", define("Plain", init_function="innit")),
        ("b", define("Plain", call_function_regularly="tik")),
    )
    assert node.faults == [
        ("a", "start", 'init_function: there is no "innit"; did you mean "init"?'),
        ("b", "start", 'call_function_regularly: there is no "tik"; did you mean "tick"?'),
    ]


async def test_a_broken_description_of_arguments_is_reported():
    files = [("components/lab/odd.py", LAB), ("components/lab/odd_args.py", "ARGS = (\n")]
    node = await load(("a", define(package=".lab.odd")), ("ok", define()), files=files)
    assert node.faults[0][:2] == ("a", "check")
    assert node.running == ["ok"]


async def test_a_package_without_description_is_loaded_unchecked():
    files = [("components/lab/free.py", LAB)]
    node = await load(("a", define(args={"x": [1]}, package=".lab.free")), files=files)
    assert node.faults == []
    assert node.components["a"].args == {"x": [1]}


# -- memory -------------------------------------------------------------------------------


async def test_what_loading_needed_is_gone_afterwards():
    for name in ("schema", "json_stream"):
        sys.modules.pop(name, None)
    await load(("a", define(args={"other": "b"})), ("b", define()))
    for name in ("schema", "json_stream", "components.lab.things_args"):
        assert name not in sys.modules, name


async def test_loading_holds_one_component_in_memory_at_a_time():
    args = {"any": [{"pin": i, "name": "relay number %d" % i} for i in range(40)]}
    gc.collect()
    before = gc.mem_alloc()
    copy = json.loads(json.dumps(args))
    gc.collect()
    one = gc.mem_alloc() - before
    assert copy == args
    few, many = await live_memory(args, 2), await live_memory(args, 20)
    # The collector may take what is left on the stack of the machine for an object, or for two.
    assert many - few < 3 * one, (few, many, one)


async def live_memory(args, count):
    """Return the most bytes in use while one of `count` components is constructed."""
    node = Node()
    with Scratch() as folder:
        folder.write("watched.py", WATCHED)
        write_many(args, count)
        gc.collect()
        before = gc.mem_alloc()
        await Loader(node).load()
        assert len(node.running) == count
        return max(sys.modules["watched"].seen) - before


def write_many(args, count):
    with open("components.json", "w") as f:
        f.write("{")
        for i in range(count):
            f.write("," if i else "")
            f.write('"c%d":%s' % (i, json.dumps(define("service", args, "watched"))))
        f.write("}")


WATCHED = """
import gc

seen = []


def service(**args):
    gc.collect()
    seen.append(gc.mem_alloc())
"""

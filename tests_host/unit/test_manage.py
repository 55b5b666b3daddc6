# SPDX-License-Identifier: MIT
"""node/manage.py: one component loaded, unloaded and loaded anew while the others run."""

import asyncio
import sys

from harness import run_until
from loader_desk import LAB, LAB_ARGS, Node, define, in_order
from node.component import Component
from node.crashes import is_of, note
from node.loader import Loader
from node.manage import load, reload, unload
from scratch import Scratch

MORE = '''

class Busy(Bus):
    """Has tasks, entities, an availability and a pin, as a chip has."""

    async def start(self):
        self.claims["pin of " + self.name] = self.name
        self.ticks = 0
        self.stopped = False
        for name in (self.name, "bus " + self.name, self.name + "/lamp"):
            self.node.spawn(name, self._run)
        self.node.reports[self.name] = self
        self.node.entities[b"it"] = self
        self.component = self

    async def _run(self):
        while True:
            self.ticks += 1
            await asyncio.sleep_ms(1)

    def stop(self):
        self.stopped = True


class BadStop(Busy):
    def stop(self):
        raise ValueError("stuck")


class SlowStop(Busy):
    async def stop(self):
        await asyncio.sleep_ms(1)
        self.stopped = True


class HalfStarted(Busy):
    async def start(self):
        await super().start()
        made.append(self)
        raise OSError(19)
'''


class Lab:
    """A node with components that can be managed: `async with Lab(pairs) as lab`."""

    def __init__(self, *pairs):
        self._pairs = pairs

    async def __aenter__(self):
        self.folder = Scratch().__enter__()
        self.folder.write("components/lab/things.py", LAB + MORE)
        self.folder.write("components/lab/things_args.py", LAB_ARGS)
        self.define(*self._pairs)
        self.node = Node()
        await Loader(self.node).load()
        self.node.faults.clear()
        return self

    async def __aexit__(self, *_):
        self.node.stop()
        Component.claims.clear()
        self.folder.__exit__()

    def define(self, *pairs):
        self.folder.write("components.json", in_order(*pairs))

    async def refusal(self, step, name):
        """Return why a step cannot be done."""
        try:
            await step(self.node, name)
        except ValueError as e:
            return str(e)
        raise AssertionError("it was done")


# -- unload -------------------------------------------------------------------------------


async def test_unload_takes_back_all_that_the_component_has():
    async with Lab(("a", define("Busy")), ("b", define("Busy"))) as lab:
        node = lab.node
        node.entities.clear()  # that of b, under the key of a
        a, b = node.components["a"], node.components["b"]
        node.entities[b"it"] = a
        await unload(node, "a")
        assert a.stopped
        assert sorted(node.components) == ["b"] and sorted(node.rows) == ["b"]
        assert node.entities == {} and sorted(node.reports) == ["b"]
        assert Component.claims == {"pin of b": "b"}
        assert sorted(node.tasks.tasks) == ["b", "b/lamp", "bus b"]
        before = a.ticks, b.ticks
        await run_until(lambda: b.ticks > before[1] + 5)
        assert a.ticks == before[0]
        assert node.announced == 1 and node.settled


async def test_a_component_that_others_refer_to_is_in_use():
    pairs = [
        ("i2c", define()),
        ("chip", define(args={"other": "i2c"})),
        ("table", define(args={"any": ["@i2c.3", "@chip"]})),
    ]
    async with Lab(*pairs) as lab:
        assert await lab.refusal(unload, "i2c") == 'in use by "chip", "table"'
        assert await lab.refusal(reload, "chip") == 'in use by "table"'
        assert sorted(lab.node.components) == ["chip", "i2c", "table"]
        await unload(lab.node, "table")
        await unload(lab.node, "chip")
        await unload(lab.node, "i2c")
        assert lab.node.components == {}


async def test_what_has_left_the_file_is_in_use_while_others_refer_to_it():
    user = ("table", define(args={"any": ["@chip.3"]}))
    async with Lab(("chip", define()), user) as lab:
        lab.define(user)
        assert await lab.refusal(unload, "chip") == 'in use by "table"'
        assert await lab.refusal(reload, "chip") == 'in use by "table"'
        assert sorted(lab.node.components) == ["chip", "table"]
        lab.define()
        await unload(lab.node, "chip")
        assert sorted(lab.node.components) == ["table"]


async def test_a_bus_with_devices_is_in_use_whatever_the_file_says_meanwhile():
    class Worker:
        pass

    async with Lab(("i2c", define()), ("chip", define(args={"other": "i2c"}))) as lab:
        worker = lab.node.components["i2c"].worker = Worker()
        worker.devices = [lab.node.components["chip"]]
        lab.define(("i2c", define()))
        assert await lab.refusal(unload, "i2c") == 'in use by "chip"'


async def test_a_chip_with_an_interlock_stays():
    async with Lab(("a", define())) as lab:
        chip = lab.node.components["a"].chip = Node()
        chip.guards = [1]
        assert "interlock" in await lab.refusal(unload, "a")
        chip.guards = []
        await unload(lab.node, "a")


async def test_while_the_file_is_damaged_nothing_is_unloaded():
    async with Lab(("a", define())) as lab:
        lab.folder.write("components.json", '{"a": ')
        assert (await lab.refusal(unload, "a")).startswith("components.json: line 1, column 7")
        assert "a" in lab.node.components


async def test_what_does_not_run_cannot_be_unloaded():
    async with Lab(("a", define("BadStart"))) as lab:
        for name in ("a", "x", ""):
            assert await lab.refusal(unload, name) == '"%s" does not run' % name


async def test_a_stop_that_raises_or_waits():
    async with Lab(("a", define("BadStop")), ("b", define("SlowStop"))) as lab:
        slow = lab.node.components["b"]
        lab.node.entities.clear()
        await unload(lab.node, "a")
        await unload(lab.node, "b")
        assert lab.node.components == {} and lab.node.tasks.tasks == {}
        assert lab.node.log.lines == ["traceback of ValueError"]
        assert slow.stopped and Component.claims == {}


async def test_services_and_objects_of_libraries_can_be_unloaded():
    regular = define("Plain", call_function_regularly="tick", call_interval=0.01)
    async with Lab(("s", define("task")), ("p", regular), ("f", define("service"))) as lab:
        for name in "spf":
            await unload(lab.node, name)
        assert lab.node.components == {} and lab.node.tasks.tasks == {}


# -- load and reload ----------------------------------------------------------------------


async def test_a_component_that_was_unloaded_is_loaded_again():
    async with Lab(("i2c", define()), ("a", define(args={"other": "i2c"}))) as lab:
        await unload(lab.node, "a")
        await load(lab.node, "a")
        assert lab.node.components["a"].args["other"] is lab.node.components["i2c"]
        assert lab.node.rows["a"]["phase"] == "running"
        assert await lab.refusal(load, "a") == '"a" runs already'
        assert lab.node.announced == 2


async def test_a_component_that_is_new_in_the_file_is_loaded():
    async with Lab(("a", define())) as lab:
        lab.define(("a", define()), ("b", define(args={"other": "a"})), ("c", define()))
        await load(lab.node, "b")
        assert sorted(lab.node.components) == ["a", "b"]
        assert lab.node.faults == []


async def test_reload_takes_the_definition_as_it_is_now():
    async with Lab(("a", define(args={"address": 0x21})), ("b", define())) as lab:
        b = lab.node.components["b"]
        lab.define(("a", define(args={"address": 0x22})), ("b", define()))
        await reload(lab.node, "a")
        assert lab.node.components["a"].args["address"] == 0x22
        assert lab.node.components["b"] is b
        assert lab.node.announced == 1


async def test_reload_takes_the_code_as_it_is_now():
    async with Lab(("a", define(package=".lab.mine"))) as lab:
        assert (await lab.refusal(reload, "a")).startswith("unknown package")
        lab.folder.write("components/lab/mine.py", LAB)
        await load(lab.node, "a")
        lab.folder.write("components/lab/mine.py", LAB.replace("class Bus", "news = 7\nclass Bus"))
        await reload(lab.node, "a")
        assert sys.modules["components.lab.mine"].news == 7


async def test_a_definition_with_faults_leaves_the_component_running():
    async with Lab(("a", define()), ("b", define())) as lab:
        a = lab.node.components["a"]
        for definition, said in (
            (define(args={"adress": 1}), 'unknown key "adress"; did you mean "address"?'),
            (define(args={"other": "c"}), 'other: there is no component "c"; known are a, b'),
        ):
            lab.define(("b", define()), ("a", definition))
            assert await lab.refusal(reload, "a") == said + "; it runs on as it was"
        lab.define(("b", define()))
        assert "there is no component" in await lab.refusal(reload, "a")
        assert lab.node.components["a"] is a and lab.node.rows["a"]["phase"] == "running"
        assert lab.node.faults == []


async def test_what_fails_at_reload_says_why_and_can_be_mended():
    async with Lab(("a", define()), ("b", define())) as lab:
        lab.define(("a", define("BadStart")), ("b", define()))
        assert (await lab.refusal(reload, "a")).startswith("OSError: [Errno 19]")
        assert sorted(lab.node.components) == ["b"]
        assert lab.node.rows["a"]["phase"] == "start"
        lab.define(("a", define()), ("b", define()))
        await reload(lab.node, "a")
        assert lab.node.rows["a"]["phase"] == "running"


async def test_an_unknown_component_cannot_be_loaded():
    async with Lab(("a", define())) as lab:
        assert await lab.refusal(load, "b") == 'there is no component "b"'
        assert await lab.refusal(reload, "b") == 'there is no component "b"'
        assert lab.node.announced == 2


async def test_a_file_that_was_damaged_and_is_mended_is_a_fault_no_longer():
    async with Lab() as lab:
        lab.folder.write("components.json", "{")
        await lab.refusal(load, "a")
        assert lab.node.rows["components.json"]["phase"] == "file"
        lab.define(("a", define()))
        await load(lab.node, "a")
        assert sorted(lab.node.rows) == ["a"]


async def test_two_at_a_time_are_refused():
    async with Lab(("a", define("SlowStop")), ("b", define())) as lab:
        first = asyncio.create_task(unload(lab.node, "a"))
        await asyncio.sleep_ms(0)
        assert await lab.refusal(unload, "b") == "other components are being loaded"
        await first
        await unload(lab.node, "b")


async def test_what_a_component_had_begun_before_its_start_failed_is_taken_back():
    async with Lab(("a", define("HalfStarted"))) as lab:
        node = lab.node
        assert node.tasks.tasks == {} and node.entities == {} and node.reports == {}
        (half,) = sys.modules["components.lab.things"].made
        assert half.stopped and Component.claims == {}
        lab.define(("a", define("Busy")))
        await load(node, "a")


async def test_loading_leaves_nothing_of_the_loader_in_memory():
    async with Lab(("a", define())) as lab:
        await reload(lab.node, "a")
        await unload(lab.node, "a")
        await lab.refusal(load, "x")
        for name in ("schema", "json_stream", "node.loader", "node.sources", "node.starter"):
            assert name not in sys.modules, name


# -- tasks that die -----------------------------------------------------------------------


def test_tasks_belong_to_components_by_their_names():
    for task in ("i2c", "i2c.init", "i2c.regular", "i2c/lamp"):
        assert is_of(task, "i2c"), task
    for kind in ("bus", "pins", "edges", "outputs", "commands"):
        assert is_of(kind + " i2c", "i2c"), kind
    for task in (
        "i2c2",
        "bus i2c2",
        "mqtt",
        "i",
        "bus_i2c",
        "i2c2.init",
        "bus i2c x",
        "interlock i2c",
    ):
        assert not is_of(task, "i2c"), task


async def test_a_task_that_dies_is_counted_in_the_row_of_its_component():
    async with Lab(("a", define()), ("b", define())) as lab:
        node = lab.node
        note(node, "bus a", ValueError("first"))
        note(node, "a", ValueError("second"))
        note(node, "mqtt", OSError(5))
        row = node.rows["a"]
        assert (row["phase"], row["crashes"], row["errors"]) == ("task", 2, ["ValueError: second"])
        assert node.rows["b"]["phase"] == "running"


async def test_faults_of_rows_stay_beside_that_of_a_task():
    async with Lab(("a", define())) as lab:
        lab.node.fault("a", "check", "pins[0].pin: no")
        note(lab.node, "a", ValueError("x"))
        assert lab.node.rows["a"]["errors"] == ["pins[0].pin: no", "ValueError: x"]

# SPDX-License-Identifier: MIT
"""A node that loads components of a laboratory; notes what it is told."""

import json
import sys

from node.loader import Loader
from node.tasks import Tasks
from scratch import Scratch

LAB = '''
import asyncio

from node.component import Component, ConfigError

__version__ = "1.2"
made = []


class Bus(Component):
    def __init__(self, **args):
        self.args = args
        self.started = False

    async def start(self):
        await asyncio.sleep_ms(0)
        self.started = True

    def pin(self, n):
        if not 0 <= n < 16:
            raise ValueError("%d is not in 0 to 15" % n)
        return (self.name, n)


class BadInit(Bus):
    def __init__(self, **args):
        raise ValueError("no such chip")


class BadKey(Bus):
    def __init__(self, **args):
        raise ConfigError("two things use it", "pins[2].pin")


class BadTogether(Bus):
    def __init__(self, **args):
        raise ConfigError("a and b exclude each other")


class BadStart(Bus):
    async def start(self):
        self.node.entities[b"it"] = self
        self.component = self
        await asyncio.sleep_ms(0)
        raise OSError(19)


class Endless(Bus):
    async def start(self):
        self.node.entities[b"it"] = self
        self.component = self
        while True:
            await asyncio.sleep_ms(10)


class Forgot(Bus):
    def start(self):
        self.node.entities[b"it"] = self
        self.component = self

    def stop(self):
        self.node.log.warn(self.name, "stopped")


class Shows(Bus):
    async def start(self):
        self.node.entities[b"a/shutter"] = self


class Plain:
    """A class of a library that knows nothing of us."""

    def __init__(self, a=0, b=0):
        self.a = a
        self.b = b
        self.calls = []

    def init(self, *args, **more):
        self.calls.append(("init", args, more))

    async def run(self):
        self.calls.append("run")

    def tick(self):
        self.calls.append("tick")

    async def tock(self):
        await asyncio.sleep_ms(0)
        self.calls.append("tock")


def service(**args):
    made.append(args)


async def task(**args):
    made.append(args)
    if args.get("die") and len(made) < 2:
        raise ValueError("died")


def factory(x):
    return Plain(x)
'''

LAB_ARGS = """
ARGS = {
    "Bus": {
        "other": {"type": "ref"},
        "buses": {"type": "list", "item": {"type": "ref"}},
        "title": {"type": "str", "min": 1},
        "address": {"type": "int", "default": 0x20, "min": 0x20, "max": 0x27},
        "pins": {
            "type": "list",
            "item": {
                "type": "dict",
                "keys": {"pin": {"type": "int", "required": True, "min": 0, "max": 15}},
            },
        },
        "any": {"type": "any"},
        "rows": {"type": "list", "each": {"type": "dict"}},
    },
}
"""


class Log:
    def __init__(self):
        self.lines = []

    def warn(self, source, text, *args):
        self.lines.append(text % args)

    def info(self, source, text, *args):
        pass

    def exception(self, source, error, text, *args):
        self.lines.append("traceback of " + type(error).__name__)


class Settings:
    CALL_INTERVAL = 0.02


class Node:
    """What a loader needs of a node."""

    settled = True

    def __init__(self):
        self.log = Log()
        self.settings = Settings()
        self.components = {}
        self.faults = []
        self.running = []
        self.crashes = []
        self.entities = {}
        self.reports = {}
        self.rows = {}
        self.announced = 0
        self.presses = None
        self.tasks = Tasks(lambda name, error: self.crashes.append(name))
        self.spawn = self.tasks.spawn

    def stop(self):
        for name in tuple(self.tasks.tasks):
            self.tasks.cancel(name)

    def fault(self, name, phase, message):
        assert "\n" not in message
        self.faults.append((name, phase, message))
        row = self.rows.setdefault(name, {})
        row["phase"] = phase
        row.setdefault("errors", []).append(message)

    def loaded(self, name, package, version):
        self.running.append(name)
        self.last = (name, package, version)
        self.rows[name] = {"phase": "running", "package": package}

    def rows_changed(self):
        pass

    def announce(self):
        assert self.settled
        self.announced += 1


def define(component="Bus", args=None, package=".lab.things", **more):
    definition = dict(package=package, component=component, **more)
    if args is not None:
        definition["constructor_args"] = args
    return definition


def in_order(*pairs):
    """Return JSON with the members in this order, which a dictionary does not keep."""
    return "{%s}" % ",\n".join(json.dumps(k) + ": " + json.dumps(v) for k, v in pairs)


async def load(*pairs, text=None, files=()):
    """Load the components (name, definition) in this order; return the node."""
    node = Node()
    with Scratch() as folder:
        folder.write("components/lab/things.py", LAB)
        folder.write("components/lab/things_args.py", LAB_ARGS)
        for path, content in files:
            folder.write(path, content)
        if text is None:
            text = in_order(*pairs)
        if text:
            folder.write("components.json", text)
        await Loader(node).load()
        node.made = getattr(sys.modules.get("components.lab.things"), "made", [])
    return node

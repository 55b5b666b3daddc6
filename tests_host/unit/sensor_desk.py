# SPDX-License-Identifier: MIT
"""Sensors on a simulated board, as the loader starts them."""

import schema
from board_link import attach

from components.machine.i2c import I2C
from fake_node import FakeNode
from yard.model.board import Board


class Desk:
    """A board, a node and its bus; `with` stops what was started.

    devices: address -> model on the bus. Attributes: `board`, `node`.
    """

    def __init__(self, devices=None):
        self.board = attach(Board([]))
        for address, device in (devices or {}).items():
            self.board.bus.attach(address, device)
        self.node = FakeNode()
        self.components = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for component in self.components.values():
            component.stop()
        for task in self.node.tasks.values():
            task.cancel()

    async def bus(self):
        """Return the I2C component of the bus."""
        if "i2c" not in self.components:
            self.components["i2c"] = await self.node.start("i2c", I2C(22, 21, freq=400000))
        return self.components["i2c"]

    async def start(self, cls, description, component="x", **args):
        """Start a component with arguments that fit its description, defaults from there."""
        spec = {"type": "dict", "keys": description.ARGS[cls.__name__]}
        faults = schema.check(args, spec, "")
        assert faults == [], faults
        self.components[component] = cls(**schema.apply(args, spec))
        return await self.node.start(component, self.components[component])

    def states(self, key):
        """Return all payloads of an entity of component `x` in order."""
        return self.node.states[b"x/" + key.encode()]

    def warnings(self):
        """Return what component `x` has reported."""
        records = self.node.log.records
        return [text for level, source, text in records if (level, source) == ("warn", "x")]

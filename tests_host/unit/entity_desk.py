# SPDX-License-Identifier: MIT
"""Chips whose pin tables make entities, for tests of the entity types."""

import json

from board_link import attach

from components.devices.mcp23017 import MCP23017
from components.entities.table import Table
from components.machine.i2c import I2C
from fake_node import FakeNode
from harness import run_until
from node.command import parse
from yard.model.board import Board


class Desk:
    """A board, a node and its bus; `with` stops what was started.

    chips: addresses. stored: what the node has kept over a restart.
    Attributes: `board`; `models`, the chips on it; `node`; `latches`, every (address, latch) that
    was written; `components`, by name.
    """

    def __init__(self, chips=(0x20,), stored=None):
        self.board = attach(Board(chips))
        self.models = self.board.chips
        self.latches = []
        for address in self.models:
            self.models[address].on_latch_change = self._latched(address)
        self.restart(stored)

    def restart(self, stored=None):
        """Begin again with a new node at the same chips."""
        self.node = FakeNode()
        self.node.stored = stored or {}
        self.components = {}

    def _latched(self, address):
        return lambda chip, old, new: self.latches.append((address, new))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Stop all components and tasks, as a reset of the node does."""
        for component in self.components.values():
            component.stop()
        self.components = {}
        for task in self.node.tasks.values():
            task.cancel()

    async def chip(self, rows, name="chip20", address=0x20, **args):
        """Start a chip with a pin table and wait until it answers."""
        if "i2c" not in self.components:
            self.components["i2c"] = await self.node.start("i2c", I2C(22, 21, freq=400000))
        chip = MCP23017(self.components["i2c"], address, rows, **args)
        self.components[name] = await self.node.start(name, chip)
        await run_until(lambda: self.node.available.get(name))
        return chip

    async def table(self, rows, name="table"):
        """Start a Table; returns when its outputs may be switched on."""
        self.components[name] = await self.node.start(name, Table(rows))
        groups = getattr(self.node, "interlocks", {})
        await run_until(lambda: all(group.complete for group in groups.values()))

    def send(self, key, payload):
        """Do what the session does with a message."""
        entity = self.node.entities[key]
        action = entity.words.get(payload)
        command = parse(entity.words, payload) if action is None else (action, None, None, None)
        entity.command(*command)

    def shown(self, key):
        """Return the newest state of an entity; an object if it is one."""
        payload = self.node.entities[key].state()
        return json.loads(payload) if payload and payload[:1] == b"{" else payload

    def keys(self, component):
        """Return the keys of a component's entities."""
        start = component.encode() + b"/"
        return sorted([key for key in self.node.entities if key.startswith(start)])

    def latch(self, address=0x20):
        registers = self.models[address].registers()
        return registers["OLATA"] | registers["OLATB"] << 8

    def faults(self):
        return [message for _, _, message in self.node.faults]

# SPDX-License-Identifier: MIT
"""Chips on the simulated board with their components, for what finds pins by name."""

import json

from board_link import attach

from components.devices.mcp23017 import MCP23017
from components.machine.i2c import I2C
from fake_node import FakeNode
from harness import run_until
from node.rpc import RPC
from yard.model.board import Board


class Client:
    """What an RPC needs of the MQTT client. Attribute `sent`: (topic, payload) of each message.

    With `small` set nothing fits into the send buffer but what comes piece by piece.
    """

    def __init__(self):
        self.sent = []
        self.small = False
        self.online = True

    def publish_nowait(self, topic, payload):
        if not self.small:
            self.sent.append((topic.decode(), payload))
        return not self.small

    async def publish_stream(self, topic, length, pieces, retain):
        payload = b"".join(pieces)
        assert len(payload) == length and not retain
        self.sent.append((topic, payload))


class Desk:
    """`async with`; `tables`: address -> rows of the pin table.

    Attributes: `board`, `node`, `client`, `rpc`.
    """

    def __init__(self, tables, chips=None):
        self._tables = tables
        self.board = attach(Board(chips or tables))
        self.models = self.board.chips

    async def __aenter__(self):
        await self.start()
        return self

    async def start(self, stored=None):
        """Start a node; stored: what it has kept over a restart."""
        self.node = node = FakeNode()
        node.base = "home/n1/"
        node.stored = stored or {}
        node.components = {}
        node.rows = {"chip20": {"phase": "running"}, "x": {"phase": "check", "errors": ["bad"]}}
        node.statistics = lambda: {"uptime": 7}
        node.session = self.client = Client()
        node.components["i2c"] = bus = await node.start("i2c", I2C(22, 21, freq=400000))
        for address in sorted(self._tables):
            name = "chip%02x" % address
            rows = [dict(row) for row in self._tables[address]]
            node.components[name] = await node.start(name, MCP23017(bus, address, rows))
        await run_until(lambda: len(node.available) == len(self._tables))
        self.rpc = RPC(node, self.client)

    async def __aexit__(self, *_):
        self.stop()

    def stop(self):
        for name in sorted(self.node.components):
            self.node.components[name].stop()
        for name in tuple(self.node.tasks):
            self.node.tasks[name].cancel()

    def after_transfers(self, function):
        """Call `function()` after each transfer from now on."""
        bus = self.board.bus
        transfer = bus.transfer

        def watched(*args):
            transfer(*args)
            function()

        bus.transfer = watched

    def registers(self, name, address=0x20):
        """Return a pair of registers of a model chip, such as "OLAT"."""
        registers = self.models[address].registers()
        return registers[name + "A"] | registers[name + "B"] << 8

    def request(self, command, **fields):
        self.rpc.request(json.dumps(dict(command=command, **fields)).encode(), False)

    async def answers(self, count):
        """Return the next `count` answers."""
        await run_until(lambda: len(self.client.sent) >= count, 5000)
        taken, self.client.sent = self.client.sent[:count], self.client.sent[count:]
        for topic, _ in taken:
            assert topic == "home/n1/rpc/response"
        return [json.loads(payload) for _, payload in taken]

    async def ask(self, command, **fields):
        """Return the only answer to a request."""
        self.request(command, **fields)
        return (await self.answers(1))[0]

    async def reply(self, command, pin=None, board="0x20", **fields):
        """Return (response, datavalue) of a request for a chip."""
        if pin is not None:
            fields["pin"] = pin
        answer = await self.ask(command, board=board, **fields)
        assert answer["command"] == command
        return answer["response"], answer["datavalue"]

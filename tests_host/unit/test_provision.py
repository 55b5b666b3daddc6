# SPDX-License-Identifier: MIT
"""node/provision.py: the dialogue that nobody answers ends, and the node goes on joining."""

from fake_node import FakeNode
from harness import run_until
from node import provision
from node.terminal import Abandoned


class WiFi:
    runs = 0

    async def run(self):
        self.runs += 1


class Nobody:
    """A Terminal at which nobody sits."""

    patience = []

    def __init__(self, patience_s=None):
        self.patience.append(patience_s)

    def say(self, text):
        raise AssertionError("nothing is said before a key")

    async def ask(self, prompt, shown=True):
        raise Abandoned


class Node(FakeNode):
    def __init__(self):
        super().__init__()
        self.log.level = 3
        self.wifi = WiFi()


async def test_nobody_answers_and_the_node_goes_on_joining():
    node = Node()
    terminal, provision.Terminal = provision.Terminal, Nobody
    try:
        provision.reopen(node)
        await run_until(lambda: node.wifi.runs)
    finally:
        provision.Terminal = terminal
    assert Nobody.patience == [60]
    assert node.log.level == 3
    assert ("info", "setup", "nobody answers") in node.log.records

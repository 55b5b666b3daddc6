# SPDX-License-Identifier: MIT
# mypy: ignore-errors
"""Run by MicroPython: loads the configuration in the current folder, for `yard check`.

`micropython load.py REPORT FOLDER...`: the folders are those of `sys.path`. The file REPORT gets
one JSON object per line: {"setting": text} for a fault of config.py, {"component", "phase",
"message"} for one of a component, {"loaded": name}, and at the end {"done": true}.

It is the real loader and the real components; only the board is one on which everything answers.
"""

import asyncio
import json
import sys

_SETTLE_MS = 300  # how long the tasks of the components run afterwards


class Anything:
    """A device that acknowledges whatever it is sent, and reads as zeros."""

    def transfer(self, write, read_into):
        """Do nothing."""


def attach_board():
    """Attach a board with MCP23017 and, at all other addresses of two buses, `Anything`."""
    from board_link import attach

    from yard.model.board import Board

    board = Board(range(0x20, 0x28))
    for address in range(0x08, 0x78):
        if address not in board.chips:
            board.bus.attach(address, Anything())
    board.buses[1] = board.bus
    attach(board)


async def load(put):
    """Load the components; put(**fields) writes a line of the report."""
    from import_once import import_once

    from node.app import Node
    from node.crashes import is_of

    class DryNode(Node):
        """A node that is on no network and tells what fails."""

        def fault(self, name, phase, message):
            super().fault(name, phase, message)
            put(component=name, phase=phase, message=message)

        def _task_crashed(self, name, error):
            # A task is named after its component, with more before or behind.
            of = [component for component in self.rows if is_of(name, component)]
            message = "%s: %s" % (type(error).__name__, error)
            put(component=(of or [name])[0], phase="task", message=message)
            super()._task_crashed(name, error)

        def loaded(self, name, package, version):
            super().loaded(name, package, version)
            put(loaded=name)

    node = DryNode(import_once("node.settings").load(lambda text: put(setting=text)))
    await import_once("node.loader").Loader(node).load()
    node.settled = True
    await asyncio.sleep_ms(_SETTLE_MS)


def main(report, *folders):
    """Write the report."""
    sys.path[:] = folders
    with open(report, "w") as f:

        def put(**fields):
            f.write(json.dumps(fields) + "\n")
            f.flush()

        attach_board()
        asyncio.run(load(put))
        put(done=True)


main(*sys.argv[1:])

# SPDX-License-Identifier: MIT
# mypy: ignore-errors
"""Run by MicroPython: loads the configuration in the current folder, for `yard check`.

`micropython load.py REPORT FOLDER...`: the folders are those of `sys.path`. The file REPORT gets
one JSON object per line: {"setting": text} for a fault of config.py, {"component", "phase",
"message", "trace"} for one of a component, {"loaded": name}, and at the end {"done": true}.

It is the real loader and the real components; only the board is one on which everything answers.
"""

import asyncio
import io
import json
import re
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


def traceback(error):
    """Return the traceback of an exception as text."""
    trace = io.StringIO()
    sys.print_exception(error, trace)
    return trace.getvalue()


def node_class(put):
    """Return the class of a node that is on no network and tells what fails."""
    from node import app
    from node.crashes import is_of

    class Node(app.Node):
        def __init__(self, settings):
            super().__init__(settings)
            self.traces = {}
            log = self.log.exception

            def exception(source, error, *text):
                self.traces[source] = traceback(error)
                log(source, error, *text)

            self.log.exception = exception

        def fault(self, name, phase, message):
            super().fault(name, phase, message)
            trace = self.traces.pop(name, "")
            put(component=name, phase=phase, message=message, trace=trace)

        def failed(self, name, phase, error):
            message = "%s: %s" % (type(error).__name__, error)
            put(component=name, phase=phase, message=message, trace=traceback(error))

        def _task_crashed(self, name, error):
            # A task is named after its component, with more before or behind.
            of = [component for component in self.rows if is_of(name, component)]
            self.failed((of or [name])[0], "task", error)
            super()._task_crashed(name, error)

        def loaded(self, name, package, version):
            super().loaded(name, package, version)
            put(loaded=name)

    return Node


async def load(put):
    """Load the components; put(**fields) writes a line of the report."""
    from import_once import import_once

    node = node_class(put)(import_once("node.settings").load(lambda text: put(setting=text)))
    await import_once("node.loader").Loader(node).load()
    node.settled = True
    await asyncio.sleep_ms(_SETTLE_MS)
    for entity in tuple(node.entities.values()):
        try:
            await look_at(node, entity)
        except Exception as e:  # noqa: BLE001 each entity is told of
            node.failed(entity.component.name, "online", e)


async def look_at(node, entity):
    """Have an entity tell what it is asked for when a node comes online."""
    from node.discovery import publish

    if not re.match("[A-Za-z0-9_-]+$", entity.object_id):
        text = 'only letters, digits, "_" and "-" are allowed in the object_id "%s"'
        raise ValueError(text % entity.object_id)
    entity.state()
    node.entities = {entity.key: entity}
    await publish(node, read)


async def read(node, topic, pieces, *args):
    """Read what Home Assistant would be told."""
    json.loads(b"".join(pieces(*args)))


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

# SPDX-License-Identifier: MIT
"""Inputs that act on outputs of the node itself, with and without broker and Home Assistant."""

from import_once import import_once

from node.component import Component


class Bindings(Component):
    """What wall buttons do.

    rows: a list of dictionaries; `bindings_args.py` describes them. A fault costs the row.
    """

    def __init__(self, rows):
        self._rows = rows
        self._ends = ()

    async def start(self):
        # Needed now and not again, so its code does not stay in memory.
        self._ends = import_once("components.logic.bindings_table").build(self, self._rows)
        self._rows = None

    def stop(self):
        for end in self._ends:
            end.stop()


class Binding:
    """One row at work: gives commands in the same pass in which the input changes.

    output: has `command` as an Entity has. on, off: its actions; off only for `follow`. value: ms
    of a pulse, None for its own. offline: act only while there is no link to the broker.
    """

    def __init__(self, component, output, on, off, value, offline):
        self._component = component
        self._output = output
        self._on = on
        self._off = off
        self._value = value
        self._offline = offline

    def pressed(self, kind):
        """A press of the kind that the row names has happened."""
        self._command(self._on)

    def follow(self, pin):
        """The level of the input has changed."""
        self._command(self._on if pin.value() else self._off)

    def _command(self, action):
        node = self._component.node
        if self._offline and node.session and node.session.online:
            return
        try:
            self._output.command(action, self._value, None, None)
        except ValueError as e:
            node.log.warn(self._component.name, "an output refuses: %s", e)

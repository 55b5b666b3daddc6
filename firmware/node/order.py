# SPDX-License-Identifier: MIT
"""In what order components are loaded. Not kept in memory."""

from import_once import import_once

_definition = import_once("node.definition")


def arrange(node, source):
    """Return (names of the components as they are to be loaded, how many `_order` has of them).

    source: the Source. Reports what else is in its `_order`.
    """
    ordered = []
    faults = _definition.schema.check(source.order, {"type": "list"}, "_order")
    for name in () if faults else source.order:
        if name in ordered:
            faults.append('_order: "%s" is there twice' % name)
        elif name in source.names:
            ordered.append(name)
        elif source.error is None:
            faults.append(_definition.unknown("_order", str(name), source.names))
    for fault in faults:
        node.fault(source.file, "check", fault)
    rest = [name for name in source.names if name not in ordered]
    if ordered and rest:
        node.log.warn("loader", "not in _order, so loaded last: %s", ", ".join(rest))
    return ordered + rest, len(ordered)


def circle(name, waits):
    """Return the names of components that wait for each other in a circle.

    name: of one that waits for them. waits: name -> names of those that it waits for.
    """
    found = []
    while name not in found:
        found.append(name)
        name = waits[name][0]
    return found[found.index(name) :]

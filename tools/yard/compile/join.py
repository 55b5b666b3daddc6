# SPDX-License-Identifier: MIT
"""Joins modules that a node always has together: each costs 250 bytes, whatever is in it.

That are its path and its name, which stay in memory for ever, its dictionary and table of names,
and what it imports of the others. In place of what has become part of another module lies one that
imports the public names from there, for components of users.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

# What becomes the end of a module -> what is put before it, in this order.
JOINED = {
    "mqtt_as": ("mqtt_packet", "mqtt_connection", "mqtt_session"),
    "bus_worker": ("bus_device",),
    "chatter": ("debounce",),
    "pins": ("command_buffer", "stepper"),
    "expander": ("mcp23017",),
    "node.app": ("node.tasks", "node.log", "node.session", "node.wifi"),
}


def join(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each module of the firmware, those of JOINED put together.

    Raises:
        ValueError: two modules that would be one call different things by the same name, or a
            part is imported otherwise than by `from part import name`.
    """
    owners = {part: whole for whole, parts in JOINED.items() for part in parts}
    texts = {name: _redirected(name, text, owners) for name, text in sources.items()}
    for whole, parts in JOINED.items():
        if not {whole, *parts} <= sources.keys():
            continue
        members = [ast.parse(sources[name]) for name in (*parts, whole)]
        _check(whole, [dict(_defined(member)) for member in members])
        texts[whole] = "".join(_once([texts[name] for name in (*parts, whole)]))
        for part, member in zip(parts, members, strict=False):
            public = [name for name, _ in _defined(member) if not name.startswith("_")]
            texts[part] = f"from {whole} import {', '.join(public)}\n"
    return texts


def _redirected(module: str, text: str, owners: Mapping[str, str]) -> str:
    """Return the text with imports from a part as imports from the whole, none from itself."""
    lines = text.splitlines(keepends=True)
    here = owners.get(module, module)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import) and any(alias.name in owners for alias in node.names):
            raise ValueError(f"{module}: import a name from {node.names[0].name}, not the module")
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        origin = owners.get(node.module, node.module)
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        if origin == here:
            if any(alias.asname for alias in node.names):
                raise ValueError(f"{module}: a name of a joined module cannot get another here")
            lines[first:last] = ["\n"] * (last - first)
        elif origin != node.module:
            lines[first] = lines[first].replace(f"from {node.module} ", f"from {origin} ", 1)
    return "".join(lines)


def _defined(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (name, what it is) of all that a module defines itself."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, ast.dump(node)
            case ast.ClassDef(name=name):
                yield name, ast.dump(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, ast.dump(value)


def _once(texts: list[str]) -> Iterator[str]:
    """Yield the texts, without what an earlier one has defined: mpy-cross wants constants once."""
    known: set[str] = set()
    for text in texts:
        lines = text.splitlines(keepends=True)
        for node in ast.parse(text).body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)]) if name in known:
                    first, last = node.lineno - 1, node.end_lineno or node.lineno
                    lines[first:last] = ["\n"] * (last - first)
                case ast.Assign(targets=[ast.Name(id=name)]):
                    known.add(name)
        yield "".join(lines)


def _check(whole: str, members: list[dict[str, str]]) -> None:
    known: dict[str, str] = {}
    for member in members:
        for name, meaning in member.items():
            if known.setdefault(name, meaning) != meaning:
                raise ValueError(f"{whole}: {name} has two meanings in the modules that it joins")

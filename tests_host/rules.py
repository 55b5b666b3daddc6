# SPDX-License-Identifier: MIT
"""Rules of the project for code wherever tests find it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from yard.places import ROOT

_RUFF = str(Path(sys.executable).with_name("ruff"))
# Calls at import time that make nothing but constants, attributes and modules.
PURE_CALLS = {"const", "import_once", "namedtuple", "property", "staticmethod", "classmethod"}


def lint(code: str, path: str) -> str:
    """Return what ruff says of `code` if it lay at `path` of the project, "" for nothing."""
    told = ""
    for check_with in (["check", "--quiet"], ["format", "--check", "--quiet"]):
        done = subprocess.run(
            [_RUFF, *check_with, "--stdin-filename", str(ROOT / path), "-"],
            input=code,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        if done.returncode:
            told += done.stdout + done.stderr or "not formatted"
    return told


def at_import_time(module: ast.Module) -> Iterator[ast.AST]:
    """Every node of the syntax that is carried out when the module is imported."""
    waiting: list[ast.AST] = list(module.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(d for d in (*node.args.defaults, *node.args.kw_defaults) if d)
            waiting.extend(getattr(node, "decorator_list", ()))
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def impure_calls(module: ast.Module) -> list[str]:
    """Calls at import time of anything but `PURE_CALLS` and the module's own private helpers."""
    functions = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    helpers = {function for function in functions if function.startswith("_")}
    plain = {"dict", "bytes", "frozenset", "len", "max", "min", "ord", "range", "set", "tuple"}
    calls = [node for node in at_import_time(module) if isinstance(node, ast.Call)]
    names = [ast.unparse(call.func) for call in calls]
    return [called for called in names if called not in PURE_CALLS | plain | helpers]

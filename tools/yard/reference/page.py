# SPDX-License-Identifier: MIT
"""docs/components.md: every component that is shipped, with its arguments."""

import json
import re
from collections.abc import Iterator

from yard.check.catalogue import Catalogue, Package, Spec, row_types
from yard.check.words import plain, value_in_words

_HEAD = """\
# Components

<!-- Made by make reference from the firmware/components/**/*_args.py: change those. -->

What `components.json` can name, with all arguments. [Configuration](configuration.md) explains and
shows examples; `yard check` finds what is wrong in a file; with
[components.schema.json](components.schema.json) an editor completes it
([how](writing-a-component.md#completion-in-the-editor)).

| package | component | |
|---|---|---|
"""
_ARGUMENTS = "| argument | value | default | meaning |\n|---|---|---|---|\n"
_KEYS = "| key | for | value | default | meaning |\n|---|---|---|---|---|\n"
_TYPES_HEADING = "Types of rows"

Keys = dict[str, Spec]


def page(catalogue: Catalogue) -> str:
    """Return the content of docs/components.md."""
    return "".join(_page(catalogue))


def _page(catalogue: Catalogue) -> Iterator[str]:
    yield _HEAD
    for package in catalogue.packages.values():
        names = ", ".join(f"`{name}`" for name in package.classes)
        link = f"[`{package.name}`](#{_anchor(package.name)})"
        yield f"| {link} | {names} | {_cell(package.summary)} |\n"
    tables = list(_tables(catalogue))
    base = next(((name, table) for name, table in tables if row_types(table)), None)
    for package in catalogue.packages.values():
        yield f"\n## `{package.name}`\n\n{package.summary}\n"
        yield from _package(package, base)
    if base:
        yield f"\n## {_TYPES_HEADING}\n"
        yield from _types(catalogue, base[1])


def _tables(catalogue: Catalogue) -> Iterator[tuple[str, Spec]]:
    """Yield (component, description) of each argument that is a table."""
    for package in catalogue.packages.values():
        for component, arguments in package.classes.items():
            yield from ((component, known) for known in arguments.values() if "each" in known)


def _package(package: Package, base: tuple[str, Spec] | None) -> Iterator[str]:
    for component, arguments in package.classes.items():
        yield f"\n### `{component}`\n\n"
        if not arguments:
            yield "No arguments.\n"
            continue
        yield _ARGUMENTS
        for key, known in _required_first(arguments):
            yield f"| `{key}` | {' | '.join(_columns(key, known))} |\n"
        for key, known in arguments.items():
            if "each" in known:
                yield from _rows(component, key, known, base)


def _rows(component: str, key: str, table: Spec, base: tuple[str, Spec] | None) -> Iterator[str]:
    keys: Keys = table["each"]["keys"]
    yield f"\nA row of `{key}`"
    if not base or table is base[1] or not row_types(table):
        yield ":\n\n"
        yield from _key_table(keys)
        return
    name, first = base
    other: Keys = first["each"]["keys"]
    missing = [f"`{k}`" for k in other if k not in keys]
    without = f" without {', '.join(missing)}" if missing else ""
    yield f" is as one of [`{name}`](#{_anchor(name)}){without}. What is different:\n\n"
    yield from _key_table({k: known for k, known in keys.items() if other.get(k) != known})


def _types(catalogue: Catalogue, table: Spec) -> Iterator[str]:
    """Yield what each type of row has besides the common keys."""
    common: Keys = table["each"]["keys"]
    plain = [kind for kind in row_types(table) if catalogue.row(table, kind) is table["each"]]
    yield f"\nWithout keys of their own: {', '.join(f'`{kind}`' for kind in plain)}.\n"
    for kind in row_types(table):
        keys: Keys = catalogue.row(table, kind)["keys"]
        if kind in plain:
            continue
        yield f"\n### `{kind}`\n\n"
        own = {key: known for key, known in keys.items() if common.get(key) != known}
        if own:
            yield from _key_table(own)
        taken = [f"`{key}`" for key in common if key not in keys]
        if taken:
            yield f"{chr(10) if own else ''}It does not have {', '.join(taken)}.\n"


def _key_table(keys: Keys) -> Iterator[str]:
    yield _KEYS
    for key, known in _required_first(keys):
        whose = f"{known['for']}s" if "for" in known else ""
        yield f"| `{key}` | {whose} | {' | '.join(_columns(key, known))} |\n"


def _required_first(keys: Keys) -> list[tuple[str, Spec]]:
    return sorted(keys.items(), key=lambda item: (not item[1].get("required"), item[0]))


def _columns(key: str, known: Spec) -> tuple[str, str, str]:
    """Return value, default and meaning of an argument."""
    default = "required" if known.get("required") else ""
    if "default" in known:
        value = known["default"]
        default = plain(key, value) if key == "address" else json.dumps(value, ensure_ascii=False)
        default = f"`{default}`"
    return _cell(value_in_words(key, known)), default, _cell(known.get("doc", ""))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")

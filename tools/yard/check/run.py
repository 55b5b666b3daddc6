# SPDX-License-Identifier: MIT
"""`yard check`: all faults of a configuration, by the descriptions and by loading it."""

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from yard.check.catalogue import Catalogue
from yard.check.dry_load import dry_load, module_folders
from yard.check.faults import ConfigurationFault, Faults, setting_fault
from yard.check.source import WHOLE, read

TOLD = ("component", "phase", "message", "trace")


def run(components: Path, config: Path | None, as_json: bool) -> int:
    """Check a configuration and print its faults, one line each.

    Returns:
        0 if there are none, else 1.

    Raises:
        Fault: there is no MicroPython.
    """
    faults = check(components, config)
    for fault in faults:
        if as_json:
            print(json.dumps(dataclasses.asdict(fault), ensure_ascii=False))
        else:
            print(fault)
    if not as_json:
        print(f"{_count(faults)} in {components}", file=sys.stderr)
    return 1 if faults else 0


def check(components: Path, config: Path | None = None) -> list[ConfigurationFault]:
    """Return the faults of a configuration and a config.py, in the order of the files.

    Args:
        components: components.json, `_order.json` or components.py.
        config: the settings, None for the defaults.

    Raises:
        Fault: there is no MicroPython.
    """
    catalogue = Catalogue(module_folders(components))
    source = read(components)
    faults = Faults(source, catalogue)
    misdescribed = [
        faults.of_description(name, package, component, text)
        for name, package, component in _named(source.members)
        for text in catalogue.description_faults(package, component)
    ]
    # What is told already, and better than by the node.
    told = {(fault.component, "check") for fault in misdescribed}
    members = {k: v for k, v in source.members.items() if (k, "check") not in told}
    by_description = described(members, catalogue)
    told |= {(name, "import") for name, text in by_description if text.startswith("package: ")}
    lines = dry_load(source, config)
    found = [
        *misdescribed,
        *(faults.fault(name, "check", text) for name, text in by_description),
        *(
            setting_fault(config, line["setting"])
            for line in lines
            if config and "setting" in line
        ),
        *(
            faults.raised(*(line.get(key, "") for key in TOLD))
            for line in _of_components(lines)
            if (line["component"], line["phase"]) not in told
        ),
    ]
    # Both ways find what is wrong with arguments.
    once = {(f.file, f.component, f.key, f.message): f for f in reversed(found)}
    return sorted(once.values(), key=lambda f: (f.file, f.line, f.column, f.key, f.message))


def _of_components(lines: list[Any]) -> list[Any]:
    """Return the lines of a report with faults of components that are worth telling."""
    faults = [line for line in lines if "message" in line]
    # Of a damaged file the node sees no more than a part, and misses what the rest has.
    damage = [line for line in faults if line["phase"] == "file" and line["component"] == WHOLE]
    return damage or faults


def _named(members: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield name, package and component of the definitions with a package; "" for no component."""
    for name, member in members.items():
        if isinstance(member, dict):
            package, component = member.get("package"), member.get("component")
            if isinstance(package, str) and package:
                yield name, package, component if isinstance(component, str) else ""


def described(members: dict[str, Any], catalogue: Catalogue) -> list[tuple[str, str]]:
    """Return (component, fault) of what does not fit the descriptions."""
    found = []
    for name, package, component in _named(members):
        if catalogue.file(package) is None:
            known = catalogue.suggest(package, list(catalogue.packages))
            found.append((name, f'package: unknown package "{package}"{known}'))
        else:
            texts = catalogue.check(package, component, members[name].get("constructor_args", {}))
            found += [(name, text) for text in texts]
    return found


def _count(faults: list[ConfigurationFault]) -> str:
    return {0: "no faults", 1: "1 fault"}.get(len(faults), f"{len(faults)} faults")

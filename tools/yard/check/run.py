# SPDX-License-Identifier: MIT
"""`yard check`: all faults of a configuration, by the descriptions and by loading it."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from yard.check.catalogue import Catalogue
from yard.check.dry_load import dry_load, module_folders
from yard.check.faults import ConfigurationFault, Faults, setting_fault
from yard.check.source import WHOLE, read


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
    by_description = described(source.members, catalogue)
    found = [faults.fault(name, "check", text) for name, text in by_description]
    unknown = {name for name, text in by_description if text.startswith("package: ")}
    lines = dry_load(source, config)
    found += [
        setting_fault(config, line["setting"]) for line in lines if "setting" in line and config
    ]
    for line in _of_components(lines):
        # An unknown package is told already, and better.
        if line["phase"] != "import" or line["component"] not in unknown:
            found.append(faults.fault(line["component"], line["phase"], line["message"]))
    # Both ways find what is wrong with arguments.
    once = {(f.file, f.component, f.key, f.message): f for f in reversed(found)}
    return sorted(once.values(), key=lambda f: (f.file, f.line, f.column, f.key, f.message))


def _of_components(lines: list[Any]) -> list[Any]:
    """Return the lines of a report with faults of components that are worth telling."""
    faults = [line for line in lines if "message" in line]
    # Of a damaged file the node sees no more than a part, and misses what the rest has.
    damage = [line for line in faults if line["phase"] == "file" and line["component"] == WHOLE]
    return damage or faults


def described(members: dict[str, Any], catalogue: Catalogue) -> list[tuple[str, str]]:
    """Return (component, fault) of what does not fit the descriptions."""
    found = []
    for name, member in members.items():
        if not isinstance(member, dict):
            continue
        package, component = member.get("package"), member.get("component")
        if not isinstance(package, str) or not package:
            continue
        if not catalogue.exists(package):
            known = catalogue.suggest(package, list(catalogue.packages))
            found.append((name, f'package: unknown package "{package}"{known}'))
        elif isinstance(component, str):
            texts = catalogue.check(package, component, member.get("constructor_args", {}))
            found += [(name, text) for text in texts]
    return found


def _count(faults: list[ConfigurationFault]) -> str:
    return {0: "no faults", 1: "1 fault"}.get(len(faults), f"{len(faults)} faults")

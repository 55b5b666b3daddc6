# SPDX-License-Identifier: MIT
"""What a node is proposed: one file of its configuration, signed."""

from pathlib import Path
from typing import ClassVar

from yard.fault import Fault
from yard.update.offer import Offer
from yard.update.sender import Kind

COMPONENTS = "components.json"
SETTINGS = "config.py"
CONFIG = Kind(
    "config/proposal",
    "takes no configuration: set CONFIG_KEY in its credentials.py, then restart it",
    "configuration",
    "the node checks it",
)
_LARGEST = 65536  # bytes


class Proposal(Offer):
    """A file for a node: the version is what it is called there."""

    prefix: ClassVar[str] = "config "

    @classmethod
    def of_file(cls, path: Path) -> "Proposal":
        """Return the proposal of a components.json, or of a config.py, under any name.

        Raises:
            Fault: no node would take it.
        """
        content = path.read_bytes()
        if not 0 < len(content) <= _LARGEST:
            raise Fault(f"{path} has {len(content)} bytes; a node takes 1 to {_LARGEST}")
        return cls(SETTINGS if path.suffix == ".py" else COMPONENTS, [content])


class TakingBack(Proposal):
    """The proposal to have again what the file was before; the node knows what that is."""

    @property
    def digest(self) -> str:
        """The word that stands for it."""
        return "last"

    @classmethod
    def of_name(cls, name: str) -> "TakingBack":
        """Return the proposal for `components.json` or `config.py`."""
        return cls(name, [b"-"])

# SPDX-License-Identifier: MIT
"""What a node is offered: the list of the files of a firmware, signed."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from yard.fault import Fault

# It begins an update, so no update can change it: `yard deploy` does.
_NEVER = ("boot.py",)


@dataclass(frozen=True)
class Offer:
    """A firmware for a node.

    Attributes:
        version: of the firmware, one word.
        files: the manifest, then the content of each of its rows.
    """

    version: str
    files: list[bytes]
    prefix: ClassVar[str] = (
        ""  # of what is signed, so that no offer passes for one of another kind
    )

    @property
    def digest(self) -> str:
        """The SHA-256 of the first file."""
        return hashlib.sha256(self.files[0]).hexdigest()

    @classmethod
    def of(cls, version: str, files: Mapping[str, bytes]) -> "Offer":
        """Return the offer of `files` by their path on the board."""
        paths = sorted(path for path in files if path not in _NEVER)
        rows = [f"{len(files[p])} {hashlib.sha256(files[p]).hexdigest()} {p}\n" for p in paths]
        return cls(version, ["".join(rows).encode(), *(files[path] for path in paths)])

    def message(self, node: str, number: int, seconds: int, key: str) -> bytes:
        """Return the message that begins an update.

        Args:
            node: its id.
            number: more than that of any offer before.
            seconds: in which the node must be online after each of three starts.
            key: the UPDATE_KEY of the node.
        """
        size, digest = len(self.files[0]), self.digest
        signed = f"{self.prefix}{node} {number} {seconds} {size} {digest} {self.version}"
        fields = {
            "id": number,
            "seconds": seconds,
            "size": size,
            "sha256": digest,
            "version": self.version,
            "mac": hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest(),
        }
        return json.dumps(fields).encode()

    def part(self, number: int, file: int, offset: int, size: int) -> bytes:
        """Return the message with a part of a file.

        Raises:
            Fault: the node asks for what is not there.
        """
        if not 0 <= file < len(self.files) or not 0 <= offset < len(self.files[file]) or size < 1:
            raise Fault(f"the node asks for byte {offset} of file {file}, which is not there")
        return b"%d %d %d\n" % (number, file, offset) + self.files[file][offset : offset + size]

# SPDX-License-Identifier: MIT
"""The folder that `yard sim` keeps between runs: the node's file system, logs, a lock.

flash/                  what a node has on its flash besides the firmware
    config.py           written at every start, until a person takes the first line away
    components.json     written at every start, until a person changes it
components.sha256       checksum of the components.json that we wrote
node.log broker.log     of this run; `.1` of the run before
"""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import IO

from yard.fault import Fault
from yard.sim.ports import HOST

NODE_ID = "desk"
_WHOLE = "components.json"

_GENERATED = "# Written by yard sim at every start. Take this line away to keep your own changes."
_SETTINGS = f"""{_GENERATED}
WIFI_SSID = "switchyard"
WIFI_PASSWORD = "any password will do"
MQTT_HOST = "{HOST}"
MQTT_PORT = {{port}}
NODE_ID = "{NODE_ID}"
MQTT_AWAKE_MS = 0  # a computer's poller wakes at once, so there is no reason to stay awake
"""


class State:
    """The folder, made if it is not there and locked against a second `yard sim`.

    Raises:
        Fault: somebody else uses it, or it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.flash = self.path / "flash"
        try:
            self.flash.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self.path)
        except OSError as error:
            raise Fault(f"{error.filename} (--state): {error.strerror}") from error

    def release(self) -> None:
        """Let another `yard sim` use the folder."""
        self._lock.close()

    def write_settings(self, port: int) -> None:
        """Write config.py for a broker on `port`, unless a person keeps it."""
        path = self.flash / "config.py"
        if not path.exists() or _GENERATED.encode() in path.read_bytes():
            path.write_text(_SETTINGS.format(port=port), encoding="utf-8")

    def write_components(self, content: bytes, wanted: bool) -> bool:
        """Write components.json, unless a person has changed the one that is there.

        Args:
            content: of the new file.
            wanted: the person asked for this content.

        Returns:
            Whether it was written; False when the changed file was kept.

        Raises:
            Fault: the content is wanted and would overwrite a person's changes.
        """
        path = self.flash / _WHOLE
        note = self.path / "components.sha256"
        if path.exists() and _checksum(path.read_bytes()) != _text(note):
            if wanted:
                raise Fault(
                    f"{path} was changed by hand: delete it to have it written anew, "
                    "or use another --state"
                )
            return False
        path.write_bytes(content)
        note.write_text(_checksum(content), encoding="utf-8")
        return True

    def write_program(self, content: bytes) -> None:
        """Write components.py, which a node reads when it has no components.json.

        Raises:
            Fault: there is a components.json that a person has changed.
        """
        self.write_components(b"", wanted=True)
        (self.flash / _WHOLE).unlink()
        (self.flash / "components.py").write_bytes(content)

    def components(self) -> bytes:
        """Return the components.json that the node will read, nothing for a components.py."""
        path = self.flash / _WHOLE
        return path.read_bytes() if path.exists() else b""


def _lock(folder: Path) -> IO[str]:
    file = (folder / "lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        raise Fault(
            f"{folder} (--state) is in use by another yard sim, process {holder}: "
            "stop that one or use another folder"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

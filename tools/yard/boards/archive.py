# SPDX-License-Identifier: MIT
"""The files of a board as one tar archive.

manifest.json in it says what board it was, and of each file its hash and whether it is secret.
"""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from yard.boards.files import digest
from yard.fault import Fault

_MANIFEST = "manifest.json"
_FOLDER = "files/"
_FORMAT = 1
_SECRET_NAMES = ("credentials.py", "credentials.new", "webrepl_cfg.py")
# In a file of the person's own, not in the firmware, which has many such words and no secret.
_SECRET_TEXT = re.compile(
    rb"PRIVATE KEY|(PASSWORD|SECRET|TOKEN|_KEY)\"?\s*[:=]\s*[bru]*[\"'][^\"']", re.I
)
_FIRMWARE = ("boot.py", "main.py", "setup.py", "setup.mpy", "node/", "lib/", "components/")


@dataclass(frozen=True)
class Entry:
    """A file in the archive."""

    path: str
    size: int
    sha256: str
    secret: bool


@dataclass(frozen=True)
class Archive:
    """Content by path; which of them are secret; what MicroPython it was."""

    files: dict[str, bytes]
    secret: set[str]
    mpy: int
    without_secrets: bool


def is_secret(path: str, content: bytes) -> bool:
    """Return whether a file of a board holds what others must not read."""
    if path in _SECRET_NAMES:
        return True
    return not path.startswith(_FIRMWARE) and bool(_SECRET_TEXT.search(content))


def write(target: Path, archive: Archive) -> None:
    """Write an archive that only its owner may read; an older one of that name is replaced."""
    files = {p: c for p, c in archive.files.items() if not _left_out(archive, p)}
    entries = [Entry(p, len(c), digest(c), p in archive.secret) for p, c in sorted(files.items())]
    manifest = {
        "format": _FORMAT,
        "mpy": archive.mpy,
        "without_secrets": archive.without_secrets,
        "files": [asdict(entry) for entry in entries],
    }
    new = target.with_name(target.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as tar:
        _add(tar, _MANIFEST, json.dumps(manifest, indent=1).encode())
        for path, content in sorted(files.items()):
            _add(tar, _FOLDER + path, content)
    new.replace(target)


def read(source: Path) -> Archive:
    """Read an archive.

    Raises:
        Fault: it is none, or a file in it is not the one that was put in.
    """
    try:
        with tarfile.open(source) as tar:
            contents = {m.name: _content(tar, m) for m in tar.getmembers() if m.isfile()}
        manifest = json.loads(contents[_MANIFEST])
        entries = [Entry(**row) for row in manifest["files"]]
        files = {entry.path: contents[_FOLDER + entry.path] for entry in entries}
        if manifest["format"] != _FORMAT:
            raise Fault(f"{source} has format {manifest['format']}, known is {_FORMAT}")
        archive = Archive(
            files,
            {entry.path for entry in entries if entry.secret},
            int(manifest["mpy"]),
            bool(manifest["without_secrets"]),
        )
    except (tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise Fault(f"{source} is no archive of yard backup ({error})") from error
    for entry in entries:
        if digest(files[entry.path]) != entry.sha256:
            raise Fault(f"{source}: {entry.path} is damaged")
        if not _is_inside(entry.path):
            raise Fault(f"{source}: {entry.path!r} is no path on a board")
    return archive


def _left_out(archive: Archive, path: str) -> bool:
    return archive.without_secrets and path in archive.secret


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and path.isprintable()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.mode = 0o600
    tar.addfile(info, io.BytesIO(content))


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    return stream.read() if stream else b""

# SPDX-License-Identifier: MIT
"""A 32-bit MicroPython: objects on its heap have the sizes that they have on the ESP32.

It is Debian's package for i386 with the libraries that it needs, unpacked below `.cache/` and run
through its own dynamic loader. Nothing is installed and no rights are needed. The packages come
from the mirrors that this machine's apt is configured for, and apt checks Debian's signature.
`$MICROPYTHON32` names another 32-bit interpreter.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "micropython32"
SUITE = "trixie"
PACKAGE = "micropython"

_APT_LIMIT_S = 120
_RUN_LIMIT_S = 20
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SOURCE = """\
Types: deb
URIs: {mirror}
Suites: {suite}
Components: main
Architectures: i386
"""
_LAUNCHER = """\
#!/bin/sh
root=${0%/*}/root/usr
exec "$root/lib/ld-linux.so.2" --library-path "$root/lib/i386-linux-gnu" \\
    "$root/bin/micropython" "$@"
"""
_MAXSIZE = str(2**31 - 1)


class Unavailable(Exception):
    """There is no 32-bit interpreter; the message is one line that says why."""


def find() -> Path:
    """Return the program: `$MICROPYTHON32`, else the unpacked package, fetched when needed.

    Raises:
        Unavailable: the machine cannot run it, or the package cannot be had.
    """
    chosen = os.environ.get("MICROPYTHON32")
    if chosen:
        found = shutil.which(chosen)
        if not found:
            raise Unavailable(f"MICROPYTHON32={chosen} is no program")
        program = Path(found).resolve()
        _check_runs(program)
        return program
    program = CACHE / "micropython"
    if not program.exists():
        _unpack()
    return program


def _unpack() -> None:
    """Make CACHE. It appears whole or not at all, and two processes may try at once."""
    if platform.machine() not in ("x86_64", "i686", "i386"):
        raise Unavailable(f"an i386 program cannot run on {platform.machine()}")
    for program in ("apt-get", "dpkg-deb"):
        if not shutil.which(program):
            raise Unavailable(f"{program} is needed to fetch the i386 MicroPython and is not here")
    CACHE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="micropython32-", dir=CACHE.parent) as name:
        folder = Path(name)
        whole = folder / "whole"
        whole.mkdir()
        for archive in _fetch(folder):
            _run(["dpkg-deb", "-x", str(archive), str(whole / "root")], _RUN_LIMIT_S)
        launcher = whole / "micropython"
        launcher.write_text(_LAUNCHER)
        launcher.chmod(0o755)
        _check_runs(launcher)
        try:
            whole.rename(CACHE)
        except OSError:
            if not (CACHE / "micropython").exists():  # not made by another process meanwhile
                raise


def _fetch(folder: Path) -> list[Path]:
    """Download the package and what it depends on into `folder`; return the archives."""
    faults = []
    for mirror in _mirrors():
        try:
            return _fetch_from(mirror, folder)
        except Unavailable as error:
            faults.append(str(error))
    reason = faults[0] if faults else "apt has no source to ask"
    raise Unavailable(f"no i386 MicroPython of Debian {SUITE}: {reason}")


def _mirrors() -> list[str]:
    """Return the repositories that apt is configured for, in its order."""
    lines = _run(["apt-get", "update", "--print-uris"], _APT_LIMIT_S).splitlines()
    uris = [line.split("'")[1] for line in lines if line.startswith("'")]
    return list(dict.fromkeys(u.partition("/dists/")[0] for u in uris if "/dists/" in u))


def _fetch_from(mirror: str, folder: Path) -> list[Path]:
    source = _SOURCE.format(mirror=mirror, suite=SUITE)
    if _KEYRING.exists():
        source += f"Signed-By: {_KEYRING}\n"
    (folder / "debian.sources").write_text(source)
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "state" / "status").touch()  # nothing is installed, so every dependency is fetched
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "state" / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": folder / "debian.sources",
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Architecture": "i386",
        "APT::Architectures": "i386",
        "Acquire::Languages": "none",
    }
    apt = ["apt-get", *(part for k, v in settings.items() for part in ("-o", f"{k}={v}"))]
    _run([*apt, "update", "--error-on=any"], _APT_LIMIT_S)
    download = ["install", "--yes", "--download-only", "--no-install-recommends", PACKAGE]
    _run([*apt, *download], _APT_LIMIT_S)
    return sorted((folder / "cache" / "archives").glob("*.deb"))


def _check_runs(program: Path) -> None:
    answer = _run([str(program), "-c", "import sys; print(sys.maxsize)"], _RUN_LIMIT_S)
    if answer.strip() != _MAXSIZE:
        raise Unavailable(f"{program} is not a 32-bit MicroPython")


def _run(command: list[str], limit_s: float) -> str:
    """Run to the end and return the output; what goes wrong becomes one line."""
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            env=os.environ | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=limit_s,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{Path(command[0]).name}: {error}") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        said = said or done.stderr.splitlines() or [f"status {done.returncode}"]
        raise Unavailable(f"{Path(command[0]).name}: {said[0].removeprefix('E:').strip()}")
    return done.stdout


if __name__ == "__main__":
    try:
        print(find())
    except Unavailable as unavailable:
        sys.exit(str(unavailable))

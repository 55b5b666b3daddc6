# SPDX-License-Identifier: MIT
"""The broker of the desk: mosquitto where it is installed, else the embedded one."""

import getpass
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from yard.sim.ports import HOST

_SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/sbin"  # not on everybody's PATH


@dataclass(frozen=True)
class Broker:
    """A broker program: its name for people, and how it is started."""

    name: str
    command: list[str]


def choose_broker(port: int, folder: Path) -> Broker:
    """Return the broker to run on `port`; its configuration, if any, is written to `folder`."""
    mosquitto = find_mosquitto()
    if mosquitto is None:
        command = [sys.executable, "-m", "yard.sim.embedded_broker", str(port)]
        return Broker(f"amqtt {version('amqtt')} (install mosquitto for a faster one)", command)
    configuration = folder / "mosquitto.conf"
    configuration.write_text(_configuration(port), encoding="utf-8")
    return Broker(_version(mosquitto), [mosquitto, "-c", str(configuration)])


def find_mosquitto() -> str | None:
    """Return the path of mosquitto, or None."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}")


def _configuration(port: int) -> str:
    return (
        f"listener {port} {HOST}\n"
        "allow_anonymous true\n"
        "set_tcp_nodelay true\n"
        "persistence false\n"
        # Started by root it would become a user of its own and lose its parent-death signal.
        f"user {getpass.getuser()}\n"
    )


def _version(mosquitto: str) -> str:
    about = subprocess.run([mosquitto, "-h"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"mosquitto version (\S+)", about)
    return f"mosquitto {found[1]}" if found else "mosquitto"

# SPDX-License-Identifier: MIT
"""A mosquitto of a test's own."""

from __future__ import annotations

import base64
import getpass
import shutil
import socket
import ssl
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import trustme

from desk import LIMIT_S, wait_until
from yard.sim.broker import find_mosquitto
from yard.sim.ports import keep_port


class Mosquitto:
    """mosquitto on a free port, that can be stopped and started again. As a context: it runs.

    folder: for its files. users: name to password; without them everybody is let in.
    """

    def __init__(self, folder: Path, users: dict[str, str] | None = None) -> None:
        program = find_mosquitto()
        if program is None:
            pytest.fail("mosquitto is not installed; make mosquitto installs it")
        self._keeper = keep_port()
        self.port: int = self._keeper.getsockname()[1]
        settings = folder / f"mosquitto-{self.port}.conf"
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if users else 'true'}",
            "set_tcp_nodelay true",
            f"user {getpass.getuser()}",
        ]
        if users:
            passwords = settings.with_suffix(".passwords")
            lines.append(f"password_file {passwords}")
            _write_passwords(passwords, users)
        settings.write_text("\n".join(lines) + "\n")
        self._command = [program, "-c", str(settings)]
        self._log = settings.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it; returns when it listens."""
        with self._log.open("w") as log:
            self._process = subprocess.Popen(self._command, stderr=log)
        ended = self._process.poll
        wait_until(lambda: ended() is not None or self._listens(), what="mosquitto listens")
        assert ended() is None, f"mosquitto ended: {self._log.read_text()}"

    def stop(self) -> None:
        """End it; what it retained is forgotten."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(LIMIT_S)
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Authority:
    """A certificate authority of the test's own, with a certificate for a broker at `address`.

    folder: is made, for `ca.pem`, `broker.pem` and `broker.key`.
    """

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        folder.mkdir()
        self.folder = folder
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        broker = authority.issue_cert(address, "broker.test", key_type=trustme.KeyType.ECDSA)
        authority.cert_pem.write_to_path(folder / "ca.pem")
        broker.cert_chain_pems[0].write_to_path(folder / "broker.pem")
        broker.private_key_pem.write_to_path(folder / "broker.key")

    @property
    def certificate(self) -> str:
        """The certificate of the authority, DER in base64."""
        der = ssl.PEM_cert_to_DER_cert((self.folder / "ca.pem").read_text())
        return base64.b64encode(der).decode()


class SecureMosquitto(Mosquitto):
    """mosquitto that speaks TLS with the certificate of `authority`."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(folder)
        with (folder / f"mosquitto-{self.port}.conf").open("a") as settings:
            for key, name in (("cafile", "ca.pem"), ("certfile", "broker.pem")):
                settings.write(f"{key} {authority.folder / name}\n")
            settings.write(f"keyfile {authority.folder / 'broker.key'}\n")


def _write_passwords(path: Path, users: dict[str, str]) -> None:
    path.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
    path.chmod(0o600)
    tool = shutil.which("mosquitto_passwd")
    assert tool, "mosquitto_passwd belongs to mosquitto"
    subprocess.run([tool, "-U", str(path)], check=True)

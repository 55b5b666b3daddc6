# SPDX-License-Identifier: MIT
"""The settings MQTT_TLS...: the whole node at a broker that speaks TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desk import RESTART_S, Desk, wait_until, yard_after
from mosquitto import Authority, SecureMosquitto


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[list[Desk]]:
    """Desks that are ended after the test."""
    desks: list[Desk] = []
    yield desks
    for each in desks:
        each.stop()


def start(desks: list[Desk], folder: Path, broker: SecureMosquitto, ca: Path) -> Desk:
    """Start a desk whose node is told to use another broker, by TLS."""
    flash = folder / "desk" / "state" / "flash"
    flash.mkdir(parents=True)
    (flash / "ca.pem").write_bytes(ca.read_bytes())
    (flash / "credentials.py").write_text(
        f'MQTT_PORT = {broker.port}\nMQTT_TLS = True\nMQTT_TLS_CA = "ca.pem"\n'
    )
    # Its node never comes to the broker of the desk.
    patient = yard_after(f"import yard.sim.simulation as it\nit._ONLINE_S = {RESTART_S}")
    desks.append(Desk(folder / "desk", program=patient))
    return desks[0]


def test_a_broker_of_the_right_authority_is_trusted(
    tmp_path: Path, desk: list[Desk], secure_broker: SecureMosquitto, authority: Authority
) -> None:
    node = start(desk, tmp_path, secure_broker, authority.folder / "ca.pem")
    wait_until(lambda: "mqtt: online" in node.log, what="the node online")


def test_a_broker_of_another_authority_is_refused_with_the_reason(
    tmp_path: Path, desk: list[Desk], secure_broker: SecureMosquitto
) -> None:
    another = Authority(tmp_path / "another")
    node = start(desk, tmp_path, secure_broker, another.folder / "ca.pem")
    wait_until(lambda: "not correctly signed" in node.log, what="the refusal")
    assert "mqtt: online" not in node.log


def test_an_authority_that_cannot_be_read_gives_one_line_and_the_rest_runs(
    tmp_path: Path, desk: list[Desk], secure_broker: SecureMosquitto
) -> None:
    damaged = tmp_path / "damaged.pem"
    damaged.write_text("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")
    node = start(desk, tmp_path, secure_broker, damaged)
    wait_until(lambda: "MQTT_TLS_CA: cannot use ca.pem" in node.log, what="the fault")
    wait_until(lambda: "chip20: 0x20 answers" in node.log, what="the chips")
    wait_until(lambda: "cannot connect to broker" in node.log, what="the refusal")
    assert "mqtt: online" not in node.log

# SPDX-License-Identifier: MIT
"""What outputs do by themselves, in the whole node: limits, interlocks, restoring, no broker."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Iterator, Sequence

import psutil
import pytest

from desk import MQTT, RESTART_S, Desk, Furnished, wait_until

GAP_S = 0.15
REPEAT_S = 5.0


def chip(address: str, *pins: dict[str, object]) -> dict[str, object]:
    """Return a member of components.json."""
    arguments = {"i2c": "@i2c", "address": address, "pins": list(pins)}
    return {
        "package": ".devices.mcp23017",
        "component": "MCP23017",
        "constructor_args": arguments,
    }


def components() -> dict[str, object]:
    interlock = {"interlock": "motor", "interlock_gap": int(GAP_S * 1000)}
    bus = {"scl": 22, "sda": 21, "freq": 400000}
    return {
        "i2c": {"package": ".machine.i2c", "component": "I2C", "constructor_args": bus},
        "chip20": chip(
            "0x20",
            {"pin": 0, "type": "switch", "id": "up", **interlock},
            {"pin": 1, "type": "switch", "id": "pump", "max_on": 1},
            {"pin": 2, "type": "switch", "id": "kept", "restore": "last"},
            {"pin": 3, "type": "switch", "id": "forgotten"},
            {"pin": 4, "type": "switch", "id": "heater", "on_lost": "off"},
            {"pin": 5, "type": "light", "id": "lamp", "on_lost": "on"},
        ),
        "chip21": chip("0x21", {"pin": 8, "type": "switch", "id": "down", **interlock}),
    }


@pytest.fixture
def running(furnished: Furnished) -> tuple[Desk, MQTT]:
    """A desk with these components, and a client that sees everything."""
    # The node notices a silent broker in 5 to 8 s.
    settings = {"credentials.py": "ON_LOST_S = 2\nMQTT_KEEPALIVE = 5\n"}
    return furnished(components(), settings, ttl_ms=None)


def switch(desk: Desk, client: MQTT, key: str, word: str) -> None:
    """Send a command and wait for the state that follows; again if it expired meanwhile."""
    asked = 0.0

    def done() -> bool:
        nonlocal asked
        if time.monotonic() > asked + REPEAT_S:
            asked = time.monotonic()
            client.clear()
            client.publish(f"{desk.base}{key}/set", word)
        return any(message.payload == word for message in client.of(f"{desk.base}{key}/state"))

    wait_until(done, RESTART_S, f"{key} {word}")


def history(
    desk: Desk, losses: Sequence[tuple[int, str, int]] = ()
) -> Iterator[tuple[float, dict[str, int]]]:
    """Yield (s, latches by address) after each change of a latch.

    losses: (monotonic ns, address, 0) of each power loss, which is no write.
    """
    latches: dict[str, int] = {}
    writes = [tuple(row) for row in desk.board.get("/latches")["latches"]]
    for nanoseconds, address, value in sorted([*writes, *losses]):
        latches[address] = value
        yield nanoseconds / 1e9, dict(latches)


def test_an_output_with_max_on_is_switched_off_and_that_is_published(
    running: tuple[Desk, MQTT],
) -> None:
    desk, client = running
    switch(desk, client, "chip20/pump", "ON")
    client.wait_for(desk.base + "chip20/pump/state", "OFF")
    on, off = [at for at, _ in history(desk)][-2:]
    assert off - on > 0.99  # 1 s, counted in whole ms


def test_a_command_can_repeat_a_pulse(running: tuple[Desk, MQTT]) -> None:
    desk, client = running
    command = {"state": "PULSE", "pulse": 60, "repeat": 3, "gap": 40}

    def pulses() -> list[int]:
        """Return what the latch was since the command, until it is quiet."""
        before = len(list(history(desk)))
        client.publish(desk.base + "chip20/forgotten/set", json.dumps(command))
        begin = time.monotonic()

        def since() -> list[int]:
            return [latches["0x20"] for _, latches in history(desk)][before:]

        wait_until(lambda: len(since()) == 6 or time.monotonic() > begin + REPEAT_S)
        return since()

    # Again if the computer stalled: a pulse that is late by 1.5 s does not come any more.
    assert any(pulses() == [8, 0] * 3 for _ in range(3))


def test_interlocked_outputs_of_two_chips_are_never_on_together(
    running: tuple[Desk, MQTT],
) -> None:
    desk, client = running
    random.seed(4)
    losses = []
    for step in range(40):
        key = random.choice(("chip20/up", "chip21/down"))
        word = random.choice(("ON", "ON", "TOGGLE", "PULSE:80"))
        client.publish(f"{desk.base}{key}/set", word)
        if step % 8 == 5:
            address = random.choice((0x20, 0x21))
            desk.board.power(address, False)
            losses.append((time.monotonic_ns(), f"0x{address:02x}", 0))
        elif step % 8 == 7:
            desk.board.power(0x20, True)
            desk.board.power(0x21, True)
    # The states may still be those of the commands above.
    for key in ("chip20/up", "chip21/down"):
        wait_until(lambda key=key: settled(desk, client, key), RESTART_S, f"{key} on")
    assert {"up", "down"} <= check_interlock(desk, losses)


def settled(desk: Desk, client: MQTT, key: str) -> bool:
    """Ask for a member of the interlock; return whether then it is on and the other is off."""
    switch(desk, client, key, "ON")
    on = desk.board.latch(0x20) & 1, desk.board.latch(0x21) >> 8 & 1
    return on == ((1, 0) if key == "chip20/up" else (0, 1))


def check_interlock(desk: Desk, losses: Sequence[tuple[int, str, int]] = ()) -> set[str]:
    """Check each write for two members on and for the gap; return who has been on."""
    seen = set()
    last: tuple[str, float] | None = None  # who was on before, and until when
    now_on = ""
    for at, latches in history(desk, losses):
        up, down = latches.get("0x20", 0) & 1, latches.get("0x21", 0) >> 8 & 1
        assert not (up and down)
        on = "up" if up else "down" if down else ""
        if on == now_on:
            continue
        if now_on:
            last = (now_on, at)
        if on and last and last[0] != on:
            # The node counts in whole ms.
            assert at - last[1] >= GAP_S - 0.002
        now_on = on
        seen.add(on)
    return seen


def test_an_interlock_holds_over_a_restart_of_the_node(running: tuple[Desk, MQTT]) -> None:
    desk, client = running
    switch(desk, client, "chip20/up", "ON")
    desk.restart_node(client)
    assert desk.board.latch(0x20) == 1
    switch(desk, client, "chip21/down", "ON")
    assert desk.board.latch(0x20) == 0
    client.wait_for(desk.base + "chip20/up/state", "OFF")
    assert check_interlock(desk) >= {"up", "down"}


def test_last_survives_a_power_loss_of_node_and_chip(running: tuple[Desk, MQTT]) -> None:
    desk, client = running
    for key in ("chip20/kept", "chip20/forgotten"):
        switch(desk, client, key, "ON")
    file = desk.state / "flash" / "kept.json"
    wait_until(lambda: file.exists() and json.loads(file.read_text()).get("level chip20") == 4)
    client.clear()
    desk.board.power(0x20, False)
    desk.board.reset_node()
    desk.board.power(0x20, True)
    gone = client.wait_for(desk.base + "available", "offline", RESTART_S)
    client.wait_for(desk.base + "chip20/kept/state", "ON", RESTART_S, after=gone)
    client.wait_for(desk.base + "chip20/forgotten/state", "OFF", after=gone)
    assert desk.board.latch(0x20) == 4


def test_a_lost_broker_switches_the_outputs_that_say_so(running: tuple[Desk, MQTT]) -> None:
    desk, client = running
    switch(desk, client, "chip20/heater", "ON")
    switch(desk, client, "chip20/forgotten", "ON")
    broker = mosquitto_of(desk)
    broker.send_signal(signal.SIGSTOP)
    wait_until(lambda: desk.board.latch(0x20) == 0b101000, RESTART_S, "on_lost")
    # Also when it has not been reached since the start: the lamp comes on again.
    desk.board.reset_node()
    desk.board.power(0x20, False)
    desk.board.power(0x20, True)
    wait_until(lambda: desk.board.latch(0x20) == 0b100000, RESTART_S, "on_lost after a start")
    broker.send_signal(signal.SIGCONT)
    client.wait_for(desk.base + "chip20/heater/state", "OFF", RESTART_S)
    client.wait_for(desk.base + "chip20/lamp/state", "ON")


def mosquitto_of(desk: Desk) -> psutil.Process:
    """Return the broker that `yard sim` runs."""
    for child in psutil.Process(desk.process.pid).children(recursive=True):
        if "mosquitto" in child.name():
            return child
    pytest.fail("yard sim runs no mosquitto")

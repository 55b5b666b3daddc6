# SPDX-License-Identifier: MIT
"""`yard update` as a person meets it: a node with its firmware on its own flash, a real broker."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from desk import MQTT, RESTART_S, Connect, Desk, StartSim, wait_until, yard_after
from yard.bundle import firmware_files
from yard.compile.firmware import names_on_board
from yard.fault import Fault
from yard.places import FIRMWARE
from yard.update.offer import Offer
from yard.update.sender import Result, Sender

KEY = "a key of this test, no other"
FIRMWARE_PATHS = ("node/", "lib/", "components/", "update/", "boot", "main", "setup", "deployed")
TRIAL_S = 60  # for what is to come online
SHORT_TRIAL_S = 10  # the shortest that a node takes, for what cannot
# A computer that stalls may need longer than this to show what is retained.
PATIENT = "import yard.update.sender\nyard.update.sender._PRESENT_S = 10.0"

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def bundle() -> dict[str, bytes]:
    """The firmware of this tree, compiled."""
    return firmware_files(FIRMWARE)


@pytest.fixture
def start(sim: StartSim, tmp_path: Path) -> Callable[..., Desk]:
    """Function that starts a node whose flash holds the given firmware."""

    def run(files: dict[str, bytes], key: str = KEY) -> Desk:
        flash = tmp_path / "state" / "flash"
        for path, content in files.items():
            (flash / path).parent.mkdir(parents=True, exist_ok=True)
            (flash / path).write_bytes(content)
        (flash / "credentials.py").write_text(f"UPDATE_KEY = {key!r}\n")
        variables = {"YARD_FIRMWARE": str(flash)}
        return sim("--chips", "1", folder=tmp_path, environment=variables)

    return run


def firmware_of(desk: Desk) -> dict[str, bytes]:
    """Return what lies on the flash where a firmware lies, with what an update may leave there."""
    flash = desk.state / "flash"
    paths = (path for path in flash.rglob("*") if path.is_file())
    found = {path.relative_to(flash).as_posix(): path.read_bytes() for path in paths}
    return {path: content for path, content in found.items() if path.startswith(FIRMWARE_PATHS)}


def differences(desk: Desk, expected: dict[str, bytes]) -> list[str]:
    """Return the paths on the flash that are not as expected."""
    found = firmware_of(desk)
    return sorted(p for p in found.keys() | expected.keys() if found.get(p) != expected.get(p))


def yard_update(desk: Desk, *options: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    command = [*yard_after(PATIENT), "update", desk.node, "--port", str(desk.mqtt_port), *options]
    environment = os.environ | {"YARD_UPDATE_KEY": key}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def send(desk: Desk, files: dict[str, bytes], trial_s: int = TRIAL_S) -> Result:
    """Bring these files to the node, as `yard update` does with those of the tree."""

    async def conversation() -> Result:
        async with aiomqtt.Client("127.0.0.1", desk.mqtt_port) as client:
            sender = Sender(client, desk.base, lambda *_: None)
            await sender.find()
            return await sender.update(Offer.of("9.9.9", files), KEY, trial_s)

    return asyncio.run(conversation())


def with_version(files: dict[str, bytes], version: str) -> dict[str, bytes]:
    """Return a firmware that differs in what it says of itself."""
    source = f'VERSION = "{version}"\n'.encode()
    changed = {path: data for path, data in files.items() if path != "node/__init__.mpy"}
    return changed | {"node/__init__.py": source}


def broken(files: dict[str, bytes], module: str, text: str) -> dict[str, bytes]:
    """Return a firmware in which one module is this text."""
    short = names_on_board(FIRMWARE).get(module)
    stem = f"lib/{short}" if short else module.replace(".", "/")
    assert f"{stem}.mpy" in files
    changed = {path: data for path, data in files.items() if path != f"{stem}.mpy"}
    return changed | {f"{stem}.py": text.encode()}


def test_the_firmware_is_replaced_and_runs(
    start: Any, mqtt: Connect, bundle: dict[str, bytes]
) -> None:
    older = with_version(bundle, "0.0.1") | {"node/gone.mpy": b"M", "lib/mine.py": b"X = 1\n"}
    older["lib/import_once.py"] = (FIRMWARE / "lib" / "import_once.py").read_bytes()
    desk = start(older)
    client = mqtt(desk.mqtt_port, "home/#")
    wait_until(lambda: installed(client, desk) == {"0.0.1"})
    done = yard_update(desk, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["node"] == desk.node and report["changed"]
    assert report["sent"] < sum(map(len, bundle.values())) / 2, "only what differs is sent"
    wait_until(lambda: not (desk.state / "flash" / "update").exists(), what="tidied up")
    assert differences(desk, bundle | {"lib/mine.py": b"X = 1\n"}) == []
    wait_until(lambda: installed(client, desk) == {report["version"]})
    # Home Assistant saw it coming.
    topic = desk.base + "update/firmware/state"
    wait_until(lambda: not json.loads(newest(client, topic))["in_progress"])
    shown = [json.loads(m.payload) for m in client.of(topic)]
    assert any(s["in_progress"] and s["latest_version"] == report["version"] for s in shown)


def installed(client: MQTT, desk: Desk) -> set[str]:
    """Return which version the node shows in Home Assistant, and its status."""
    shown = client.of(desk.base + "update/firmware/state")[-1:]
    status = client.of(desk.base + "status")[-1:]
    return {
        *(json.loads(message.payload)["installed_version"] for message in shown),
        *(json.loads(message.payload)["version"] for message in status),
    }


def newest(client: MQTT, topic: str) -> str:
    return client.wait_for(topic) and client.of(topic)[-1].payload


def test_what_is_there_already_is_not_sent(start: Any, bundle: dict[str, bytes]) -> None:
    desk = start(bundle)
    done = yard_update(desk)
    assert (done.returncode, done.stdout) == (0, f"{desk.node} has these files already\n")
    assert not (desk.state / "flash" / "update").exists()


def test_home_assistant_is_told_of_the_entity(
    start: Any, mqtt: Connect, bundle: dict[str, bytes]
) -> None:
    desk = start(bundle)
    client = mqtt(desk.mqtt_port, "homeassistant/#")
    wait_until(lambda: any("/node/config" in m.topic for m in client.messages))
    announced = [json.loads(m.payload) for m in client.messages if "/node/config" in m.topic]
    entity = announced[-1]["cmps"]["update_firmware"]
    assert (entity["p"], entity["dev_cla"]) == ("update", "firmware")
    assert "cmd_t" not in entity, "Home Assistant has nothing to install"
    assert "update_data" not in announced[-1]["cmps"]


# -- what is refused ------------------------------------------------------------------------


def test_a_node_without_a_key_takes_no_updates(start: Any, bundle: dict[str, bytes]) -> None:
    done = yard_update(start(bundle, key=""))
    assert done.returncode == 1
    assert "set UPDATE_KEY in its config.py" in done.stderr


def test_a_wrong_key_changes_nothing(start: Any, bundle: dict[str, bytes]) -> None:
    desk = start(bundle)
    done = yard_update(desk, key="a key that is another one")
    assert done.returncode == 1
    assert "not signed with the UPDATE_KEY of this node" in done.stderr
    assert differences(desk, bundle) == []


def test_an_offer_cannot_be_sent_a_second_time(
    start: Any, mqtt: Connect, bundle: dict[str, bytes]
) -> None:
    desk = start(bundle)
    client = mqtt(desk.mqtt_port, "home/#")
    message = Offer.of("1", {"main.py": b"# what an attacker recorded\n"})
    recorded = message.message(desk.node, 1000, 60, KEY)
    data = desk.base + "update/data/"
    client.publish(data + "set", recorded.decode())
    wait_until(lambda: "file" in newest(client, data + "state"))
    desk.restart_node(client)
    client.publish(data + "set", recorded.decode())
    wait_until(lambda: "not newer than 1000" in newest(client, data + "state"))


# -- what goes wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("node.start", "raise ValueError('broken')\n"),
        ("node.app", "import machine\nwhile True:\n    machine.idle()\n"),
        ("node.update", "import nothing_of_that_name\n"),
    ],
)
def test_a_firmware_that_does_not_come_online_is_taken_back(
    start: Any, mqtt: Connect, bundle: dict[str, bytes], module: str, text: str
) -> None:
    desk = start(bundle)
    client = mqtt(desk.mqtt_port, "home/#")
    client.clear()
    with pytest.raises(Fault, match="did not come online; the old one is back"):
        send(desk, broken(bundle, module, text), SHORT_TRIAL_S)
    client.wait_for(desk.base + "available", "online")
    wait_until(lambda: not (desk.state / "flash" / "update").exists(), what="tidied up")
    assert differences(desk, bundle) == []


def test_a_node_that_is_killed_at_any_time_has_one_firmware_or_the_other(
    start: Any, mqtt: Connect, bundle: dict[str, bytes]
) -> None:
    new = with_version(bundle, "9.9.9")
    for path in ("lib/debounce.mpy", "lib/pulses.mpy", "components/entities/fan.mpy"):
        del new[path]
    new |= {f"lib/more{n}.py": b"# " + bytes([65 + n]) * 5000 for n in range(8)}
    desk = start(bundle)
    client = mqtt(desk.mqtt_port, "home/#")
    chance = random.Random(6)
    with ThreadPoolExecutor(1) as pool:
        updating = pool.submit(send, desk, new)
        kills = 0
        while kills < 5 and not updating.done():
            time.sleep(chance.uniform(0.2, 2))
            # A new firmware that three times did not get online would be taken back.
            if list((desk.state / "flash" / "update").glob("plan.trial3")):
                continue
            client.clear()
            desk.board.reset_node()
            kills += 1
            client.wait_for(desk.base + "available", "online", RESTART_S)
        assert updating.result(300).changed
    assert kills
    wait_until(lambda: not (desk.state / "flash" / "update").exists(), what="tidied up")
    assert differences(desk, new) == []

# SPDX-License-Identifier: MIT
"""`yard config` as a person meets it: real processes, a real broker, a node that is restarted."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desk import MQTT, Connect, Desk, StartSim, wait_until, yard_after
from yard.bundle import firmware_files
from yard.config.proposal import Proposal
from yard.places import FIRMWARE

KEY = "a key of this test, no other"
SECRET = "a secret of the home"
TRIAL_S = 60  # for what is to come online
SHORT_TRIAL_S = 10  # the shortest that a node takes, for what cannot
# A computer that stalls may need longer than this to show what is retained.
PATIENT = """
import yard.config.remote
import yard.update.sender
yard.config.remote._RETAINED_S = yard.update.sender._PRESENT_S = 10.0
"""
# On a board an exit of main.py starts it anew; the event loop catches everything else.
MODULES = {
    "raises": (  # where nothing catches it
        "from node.app import Node\nclass It:\n    def __init__(self):\n"
        "        Node.running.session.start = None\n"
    ),
    "leaves": "class It:\n    def __init__(self):\n        raise SystemExit\n",
    "hangs": (
        "import machine\nclass It:\n    def __init__(self):\n"
        "        while True:\n            machine.idle()\n"
    ),
    "eats": (
        "class It:\n    def __init__(self):\n        self.all = []\n        size = 1 << 20\n"
        "        while size:\n            try:\n                self.all.append(bytearray(size))\n"
        "            except MemoryError:\n                size //= 2\n"
    ),
}

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def start(sim: StartSim, tmp_path: Path) -> Callable[..., Desk]:
    """Function that starts a node with one chip whose configuration can be changed."""

    def run(
        key: str = KEY, firmware: dict[str, bytes] | None = None, trial_s: int = TRIAL_S
    ) -> Desk:
        flash = tmp_path / "state" / "flash"
        (flash / "lib").mkdir(parents=True)
        for path, content in (firmware or {}).items():
            (flash / path).parent.mkdir(parents=True, exist_ok=True)
            (flash / path).write_bytes(content)
        text = f"CONFIG_KEY = {key!r}\nCONFIG_TRIAL_S = {trial_s}\nMQTT_PASSWORD = {SECRET!r}\n"
        (flash / "credentials.py").write_text(text)
        for name, module in MODULES.items():
            (flash / "lib" / f"{name}.py").write_text(module)
        variables = {"YARD_FIRMWARE": str(flash)} if firmware else {}
        return sim("--chips", "1", folder=tmp_path, environment=variables)

    return run


def flash(desk: Desk, name: str) -> Path:
    return desk.state / "flash" / name


def components(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(flash(desk, "components.json").read_text())
    return found


def with_another(desk: Desk, package: str = ".machine.ram", component: str = "RAM") -> Path:
    """Return a file with what the node runs and one component more."""
    path = desk.state.parent / "proposed.json"
    more = {"package": package, "component": component}
    path.write_text(json.dumps({**components(desk), "another": more}))
    return path


def yard_config(
    desk: Desk, command: str, *arguments: str | Path, key: str | None = KEY
) -> subprocess.CompletedProcess[str]:
    words = [*yard_after(PATIENT), "config", command, *map(str, arguments), desk.node]
    environment = os.environ | ({"YARD_CONFIG_KEY": key} if key else {})
    return subprocess.run(
        [*words, "--port", str(desk.mqtt_port)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def newest(client: MQTT, topic: str) -> str:
    return client.wait_for(topic) and client.of(topic)[-1].payload


def wait_outcome(client: MQTT, desk: Desk, wanted: str) -> None:
    """Wait until the newest outcome that the node has published is the wanted one."""
    topic = desk.base + "config/outcome"
    wait_until(lambda: json.loads(newest(client, topic))["outcome"] == wanted, what=wanted)


def tidy(desk: Desk) -> bool:
    names = [path.name for path in flash(desk, ".").iterdir()]
    return "update" not in names and not [n for n in names if n.endswith((".new", ".old"))]


def test_another_configuration_runs_and_can_be_taken_back(start: Any, mqtt: Connect) -> None:
    desk = start()
    client = mqtt(desk.mqtt_port, "home/#")
    before = flash(desk, "components.json").read_bytes()
    path = with_another(desk)
    done = yard_config(desk, "push", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{desk.node} runs with the new components.json\n"
    wait_until(lambda: "another" in newest(client, desk.base + "components"))
    wait_outcome(client, desk, "kept")
    wait_until(lambda: tidy(desk), what="tidied up")

    shown = yard_config(desk, "show")
    assert (shown.returncode, shown.stdout) == (0, path.read_text() + "\n")
    assert yard_config(desk, "show", "--last").stdout.encode().strip() == before.strip()
    again = yard_config(desk, "push", path)
    assert again.stdout == f"{desk.node} has this components.json already\n"

    done = yard_config(desk, "rollback", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["changed"]
    assert flash(desk, "components.json").read_bytes() == before
    difference = yard_config(desk, "diff", path)
    assert difference.returncode == 1
    assert '+{"' in difference.stdout and "another" in difference.stdout
    path.write_bytes(before)
    assert yard_config(desk, "diff", path).returncode == 0


def test_compiled_firmware_on_the_flash_of_a_board_does_the_same(
    start: Any, mqtt: Connect
) -> None:
    desk = start(firmware=firmware_files(FIRMWARE))
    client = mqtt(desk.mqtt_port, "home/#")
    done = yard_config(desk, "push", with_another(desk))
    assert (done.returncode, done.stderr) == (0, "")
    wait_outcome(client, desk, "kept")
    done = yard_config(desk, "push", "--no-check", with_another(desk, "leaves", "It"))
    assert "the old one is back" in done.stderr
    wait_outcome(client, desk, "rolled back")
    wait_until(lambda: tidy(desk), what="tidied up")


def test_what_is_retained_tells_a_late_comer_what_runs_and_no_secret(
    start: Any, mqtt: Connect
) -> None:
    desk = start()
    assert yard_config(desk, "push", with_another(desk)).returncode == 0
    client = mqtt(desk.mqtt_port, "home/#")

    def running() -> dict[str, Any]:
        return dict(json.loads(newest(client, desk.base + "config/running")))

    wait_until(lambda: running()["last"] == ["components.json"])
    assert running()["size"] == flash(desk, "components.json").stat().st_size
    client = mqtt(desk.mqtt_port, "home/#")
    assert client.wait_for(desk.base + "config/running").retained
    kept = client.wait_for(desk.base + "config/outcome")
    assert kept.retained and json.loads(kept.payload)["outcome"] == "kept"
    for message in client.messages:
        assert KEY not in message.payload and SECRET not in message.payload


def test_settings_that_lose_the_broker_are_rolled_back(start: Any, mqtt: Connect) -> None:
    desk = start(trial_s=SHORT_TRIAL_S)
    client = mqtt(desk.mqtt_port, "home/#")
    before = flash(desk, "config.py").read_text()
    path = desk.state.parent / "wrong.py"
    path.write_text(before.replace(f"MQTT_PORT = {desk.mqtt_port}", "MQTT_PORT = 1"))
    assert path.read_text() != before
    done = yard_config(desk, "push", path)
    assert done.returncode == 1
    assert "the new config.py did not come online; the old one is back" in done.stderr
    wait_outcome(client, desk, "rolled back")
    assert flash(desk, "config.py").read_text() == before
    wait_until(lambda: tidy(desk), what="tidied up")


@pytest.mark.parametrize("module", MODULES)
def test_a_configuration_that_keeps_the_node_from_starting_is_rolled_back(
    start: Any, mqtt: Connect, module: str
) -> None:
    desk = start(trial_s=SHORT_TRIAL_S)
    client = mqtt(desk.mqtt_port, "home/#")
    before = flash(desk, "components.json").read_bytes()
    done = yard_config(desk, "push", "--no-check", with_another(desk, module, "It"))
    assert done.returncode == 1
    assert "the new components.json did not come online; the old one is back" in done.stderr
    wait_outcome(client, desk, "rolled back")
    assert flash(desk, "components.json").read_bytes() == before
    wait_until(lambda: tidy(desk), what="tidied up")


def test_components_that_have_faults_are_told_though_the_node_is_online(start: Any) -> None:
    desk = start()
    done = yard_config(desk, "push", "--no-check", with_another(desk, "json", "loads"))
    assert done.returncode == 1
    assert "these components have faults: another" in done.stderr
    assert "another" in components(desk)


# -- what is refused ------------------------------------------------------------------------


def test_a_proposal_with_faults_is_not_even_sent(start: Any, mqtt: Connect) -> None:
    desk = start()
    client = mqtt(desk.mqtt_port, "home/#")
    done = yard_config(desk, "push", with_another(desk, ".machine.rum"))
    assert done.returncode == 1
    assert "nothing was sent" in done.stderr and "did you mean" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not client.of(desk.base + "config/proposal/set")


def test_the_node_itself_refuses_a_proposal_with_faults(start: Any, mqtt: Connect) -> None:
    desk = start()
    client = mqtt(desk.mqtt_port, "home/#")
    before = flash(desk, "components.json").read_bytes()
    done = yard_config(desk, "push", "--no-check", with_another(desk, ".machine.rum"))
    assert done.returncode == 1
    assert 'the node says: another: unknown package ".machine.rum"' in done.stderr
    wait_outcome(client, desk, "refused")
    assert flash(desk, "components.json").read_bytes() == before
    wait_until(lambda: tidy(desk), what="tidied up")


def test_a_wrong_key_changes_nothing(start: Any) -> None:
    desk = start()
    before = flash(desk, "components.json").read_bytes()
    done = yard_config(desk, "push", with_another(desk), key="a key that is another one")
    assert done.returncode == 1
    assert "not signed with the CONFIG_KEY of this node" in done.stderr
    assert flash(desk, "components.json").read_bytes() == before


def test_without_a_key_nothing_is_told_and_nothing_taken(start: Any, mqtt: Connect) -> None:
    desk = start(key="")
    client = mqtt(desk.mqtt_port, "home/#")
    for command in (["push", with_another(desk)], ["show"], ["rollback"]):
        done = yard_config(desk, *map(str, command))
        assert done.returncode == 1
        assert "set CONFIG_KEY in its credentials.py" in done.stderr
    topics = {message.topic for message in client.messages if message.topic.endswith("/state")}
    assert not [topic for topic in topics if "/config/" in topic]


def test_a_person_without_a_key_is_told_where_it_comes_from(start: Any) -> None:
    desk = start()
    done = yard_config(desk, "push", with_another(desk), key=None)
    assert done.returncode == 1
    assert "set YARD_CONFIG_KEY" in done.stderr


def test_a_proposal_cannot_be_sent_a_second_time(start: Any, mqtt: Connect) -> None:
    desk = start()
    client = mqtt(desk.mqtt_port, "home/#")
    topic = desk.base + "config/proposal/"
    recorded = Proposal.of_file(with_another(desk)).message(desk.node, 1000, TRIAL_S, KEY)
    client.publish(topic + "set", recorded.decode())
    wait_until(lambda: "file" in newest(client, topic + "state"))
    desk.restart_node(client)
    client.publish(topic + "set", recorded.decode())
    wait_until(lambda: "not newer than 1000" in newest(client, topic + "state"))

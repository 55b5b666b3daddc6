# SPDX-License-Identifier: MIT
"""components/machine/log.py: the levels of the log are changed while the node runs."""

from components.machine.log import LogLevel
from fake_node import FakeNode
from harness import raises
from node.command import parse
from node.log import Log


async def started(keep=False, kept=None, level=None):
    """Return a node with the component. level: of the console when it starts, if it is another."""
    node = FakeNode()
    node.log = Log("info", "warn")
    if level is not None:
        node.log.level = level
    node.stored.update(kept or {})
    await node.start("log", LogLevel(keep))
    return node


def send(entity, payload):
    """Do what the session does with a command."""
    entity.command(*parse(entity.words, payload))


async def test_the_selects_show_the_levels_of_the_settings():
    node = await started()
    assert sorted(node.entities) == [b"log/level", b"log/mqtt_level"]
    assert node.entities[b"log/level"].state() == b"info"
    assert node.entities[b"log/mqtt_level"].state() == b"warn"
    assert node.entities[b"log/level"].config["ops"] == [
        "critical",
        "error",
        "warn",
        "info",
        "debug",
    ]


async def test_a_command_changes_the_level_and_publishes_it():
    for payload in (b"debug", b"DEBUG", b'{"state": "debug", "id": "x"}'):
        node = await started()
        send(node.entities[b"log/mqtt_level"], payload)
        assert node.log.mqtt_level == 4
        assert node.log.level == 3
        assert node.states[b"log/mqtt_level"] == [b"debug"]
        assert node.stored == {}


async def test_what_is_no_level_is_refused_with_the_known_ones():
    node = await started()
    entity = node.entities[b"log/level"]
    error = raises(ValueError, send, entity, b"loud")
    assert "CRITICAL, DEBUG, ERROR, INFO, WARN" in str(error)
    raises(ValueError, send, entity, b"INFO:3")
    assert node.log.level == 3


async def test_a_level_that_is_kept_is_used_again_after_a_restart():
    node = await started(keep=True)
    send(node.entities[b"log/level"], b"error")
    assert node.stored == {"log.level": 1}
    again = await started(keep=True, kept=node.stored)
    assert again.log.level == 1 and again.log.mqtt_level == 2
    assert (await started(kept=node.stored)).log.level == 3


async def test_no_record_tears_a_dialogue_on_the_console_apart():
    node = await started(keep=True, kept={"log.level": 4, "log.mqtt_level": 4}, level=-1)
    assert (node.log.level, node.log.mqtt_level) == (-1, 4)
    entity = node.entities[b"log/level"]
    assert entity.state() == b"critical"
    assert "dialogue" in str(raises(ValueError, send, entity, b"debug"))
    assert node.log.level == -1 and node.stored["log.level"] == 4
    send(node.entities[b"log/mqtt_level"], b"info")
    assert node.log.mqtt_level == 3

# SPDX-License-Identifier: MIT
"""node/reset_reason.py: why the node restarted is told once, also if that takes several starts."""

import os

from fake_node import FakeNode
from harness import raises, run_until
from node import board, reset_reason
from node.log import Log
from node.log_file import LogFile
from scratch import Scratch


class FakeSession:
    online = False


def started(cause="PWRON_RESET"):
    """Return a node that starts, not yet online; `told` is what reaches the broker."""
    node = FakeNode()
    node.reset_cause = cause
    node.log = Log("critical", "warn")
    node.session = FakeSession()
    node.told = []

    def sink(level, text):
        if node.session.online:
            node.told.append((level, text))
        return node.session.online

    node.log.sink = sink
    reset_reason.report(node)
    return node


async def come_online(node):
    node.session.online = True
    await run_until(lambda: "reset.txt" not in os.listdir(), 3000)


def restart_by_command(reason):
    raises(SystemExit, reset_reason.restart, started(), reason)


def crash(error):
    pauses = []
    real = reset_reason.sleep
    reset_reason.sleep = pauses.append
    try:
        raises(SystemExit, reset_reason.crashed, started(), error)
    finally:
        reset_reason.sleep = real
    return pauses


async def test_nothing_is_told_after_power_on():
    with Scratch():
        node = started()
        assert node.tasks == {} and node.log.flush()
        assert node.reset_cause == "PWRON_RESET"


async def test_a_restart_by_command_is_told_once():
    with Scratch():
        restart_by_command("button of Home Assistant")
        node = started("HARD_RESET")
        assert node.reset_cause == "command"
        await come_online(node)
        assert node.told == [("warn", "reset: command: button of Home Assistant")]
        assert started().log.flush()


def test_lines_that_the_log_file_has_not_written_yet_are_written_before_a_restart():
    with Scratch():
        node = started()
        node.log.file = LogFile(node, 4096)
        node.log.file._busy = True  # it waits for more
        node.log.file("the last words")
        raises(SystemExit, reset_reason.restart, node, "test")
        with open("log.txt") as f:
            written = f.read()
        assert written == "the last words\n"


def fail():
    return [][1]


async def test_a_crash_is_told_with_its_traceback():
    with Scratch():
        try:
            fail()
        except IndexError as e:
            assert crash(e) == [5]
        node = started("HARD_RESET")
        await come_online(node)
        level, text = node.told[0]
        assert level == "error" and node.reset_cause == "crash"
        assert text.startswith("reset: crash: Traceback") and "in fail" in text
        assert text.endswith("IndexError: list index out of range")


async def test_what_could_not_be_told_is_told_after_the_next_start():
    with Scratch():
        crash(ValueError("first"))
        started("HARD_RESET").tasks["node.reset"].cancel()
        node = started("PWRON_RESET")
        await come_online(node)
        assert len(node.told) == 1 and "ValueError: first" in node.told[0][1]


async def test_the_watchdog_and_a_brown_out_are_told():
    for cause, word in (("WDT_RESET", "watchdog"), ("BROWN_OUT_RESET", "brown-out")):
        with Scratch():
            crash(ValueError("earlier"))
            again = started(cause)
            again.tasks["node.reset"].cancel()
            node = started(cause)
            assert node.reset_cause == word
            await come_online(node)
            level, text = node.told[0]
            assert level == "error" and text.startswith("reset: %s: " % word)
            assert text.count(word) == 1 and "ValueError: earlier" in text


def test_a_damaged_file_costs_its_contents_only():
    with Scratch():
        with open("reset.txt", "wb") as f:
            f.write(b"\xff\xfe\x80")
        node = started()
        node.session.online = True
        node.log.flush()
        assert node.told == [("error", "reset: reset.txt is damaged")]
        assert started().log.flush()


def test_a_brown_out_is_read_from_the_register_of_the_chip():
    generic = "Generic ESP32 module with ESP32"
    assert board.browned_out(generic, {0x3FF48034: 0x3000 | 15})
    assert not board.browned_out(generic, {0x3FF48034: 0x3000 | 1})
    assert board.browned_out("Generic ESP32S3 module with ESP32S3", {0x60008038: 15})
    assert not board.browned_out("Board with ESP32C6", {})

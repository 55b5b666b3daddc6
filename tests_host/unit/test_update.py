# SPDX-License-Identifier: MIT
"""An update as the node sees it: what is offered, received, compared and refused."""

import asyncio
import hashlib
import json
import os
import sys
from binascii import hexlify

from hmac_sha256 import hmac_sha256, is_equal

from fake_node import FakeNode
from harness import run_until
from node import switch, update
from power_node import PowerNode
from ram_flash import Flash, Powered, PowerLost, tree

KEY = "a key of this test"
OLD = {
    "boot.py": "boot",
    "main.py": "old main",
    "node/a.mpy": "old a",
    "node/switch.mpy": "switch",
    "lib/b.mpy": "old b" * 900,
    "lib/c.py": "source of c",
    "lib/mine.py": "mine",
    "deployed.txt": "lib/b.mpy\nlib/c.py\nlib/gone.mpy\nmain.py\nnode/a.mpy\nnode/switch.mpy\n",
    "lib/gone.mpy": "gone",
    "config.py": "my config",
}
FILES = {
    "main.py": "new main",
    "node/a.mpy": "new a" * 1000,
    "node/switch.mpy": "switch",
    "lib/b.mpy": "old b" * 900,
    "lib/c.mpy": "compiled c",
    "components/x/y.mpy": "new folder",
}
NEW = dict(FILES)
for name in ("boot.py", "lib/mine.py", "deployed.txt", "config.py"):
    NEW[name] = OLD[name]


class Session:
    online = True


class Node(PowerNode):
    def __init__(self):
        super().__init__()
        self.settings.UPDATE_KEY = KEY
        self.settings.MQTT_PACKET_LIMIT = 1280  # parts of 1024 bytes
        self.session = Session()
        update.begin(self)
        self.data = self.entities[b"update/data"]


def sha256(content):
    return hexlify(hashlib.sha256(content.encode()).digest()).decode()


def manifest(files):
    rows = ["%d %s %s\n" % (len(files[p]), sha256(files[p]), p) for p in sorted(files)]
    return "".join(rows)


def offer(text, number=1, key=KEY, **changes):
    fields = {"id": number, "seconds": 60, "size": len(text), "sha256": sha256(text)}
    fields["version"] = "2.0"
    signed = "hall %d 60 %d %s 2.0" % (number, len(text), sha256(text))
    fields["mac"] = hexlify(hmac_sha256(key.encode(), signed.encode())).decode()
    fields.update(changes)
    return json.dumps(fields).encode()


async def answered(node, before=None):
    """Wait for an answer that is another one than `before`."""
    before = before or {"phase": "idle"}
    await run_until(lambda: node.data.answer != before or node.lost)


async def send_all(node, files, number=1, text=None):
    """Do what `yard update` does; return the last answer, None when power was lost."""
    text = manifest(files) if text is None else text
    contents = [text] + [files[path] for path in sorted(files)]
    before = node.data.answer
    node.send(offer(text, number))
    while True:
        await answered(node, before)
        if node.lost:
            return None
        before = answer = node.data.answer
        if "file" in answer:
            head = b"%d %d %d\n" % (number, answer["file"], answer["offset"])
            part = contents[answer["file"]][answer["offset"] :][: answer["part"]]
            node.send(head + part.encode())
        elif answer.get("phase") != "compare":
            return answer


flash = Flash(64)  # once, because it is large


flash_with = flash.fill


def firmware():
    """Return what import statements see, and the files of the person."""
    ours = (".py", ".mpy", ".txt")
    return {p: c for p, c in tree().items() if p.endswith(ours) and not p.startswith("update")}


class Timer:
    def init(self, **_):
        pass

    def deinit(self):
        pass


switch._timer = Timer

# -- HMAC -----------------------------------------------------------------------------------


def test_hmac_is_that_of_rfc_4231():
    vectors = (
        (
            b"\x0b" * 20,
            b"Hi There",
            b"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            b"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    )
    for key, message, expected in vectors:
        assert hexlify(hmac_sha256(key, message)) == expected


def test_secrets_are_equal_or_not():
    assert is_equal(b"abc", b"abc")
    for other in (b"abd", b"ab", b"abcd", b"", b"bbc"):
        assert not is_equal(b"abc", other)


# -- the way that it should go --------------------------------------------------------------


async def test_the_new_firmware_lies_beside_the_old_and_is_switched_to():
    with Powered(flash_with(OLD)):
        node = Node()
        answer = await send_all(node, FILES)
        assert answer == {"id": 1, "phase": "restart"}
        assert switch.state() == "ready"
        await run_until(lambda: node.restarted, 3000)
        assert {p: c for p, c in firmware().items() if p in OLD} == OLD
        switch.boot()
        assert firmware() == NEW


async def test_only_what_differs_is_asked_for():
    with Powered(flash_with(OLD)):
        node = Node()
        await send_all(node, FILES)
        asked = {json.loads(state).get("file") for state in node.states[b"update/data"]}
        names = [None, "manifest"] + sorted(FILES)
        changed = ("node/a.mpy", "lib/c.mpy", "components/x/y.mpy", "main.py")
        assert asked == {None, 0} | {names.index(path) - 1 for path in changed}


async def test_home_assistant_sees_the_progress():
    with Powered(flash_with(OLD)):
        node = Node()
        await send_all(node, FILES)
        states = [json.loads(state) for state in node.states[b"update/firmware"]]
        percents = [state["update_percentage"] for state in states if state["in_progress"]]
        assert percents == sorted(percents) and percents[0] == 0 and percents[-1] == 100
        assert {state["latest_version"] for state in states if state["in_progress"]} == {"2.0"}


async def test_what_is_there_already_ends_at_once():
    with Powered(flash_with(NEW)):
        answer = await send_all(Node(), FILES)
        assert answer == {"id": 1, "phase": "done"}
        assert "update" not in os.listdir()


async def test_a_new_attempt_goes_on_where_the_last_one_ended():
    with Powered(flash_with(OLD)):
        first = Node()
        text = manifest(FILES)
        first.send(offer(text))
        contents = [text] + [FILES[path] for path in sorted(FILES)]
        for _ in range(6):
            await run_until(lambda: "file" in first.data.answer)
            answer = first.data.answer
            start = answer["offset"]
            part = contents[answer["file"]][start : start + answer["part"]]
            first.send(b"1 %d %d\n" % (answer["file"], start) + part.encode())
            await answered(first, answer)
        first.tasks["update"].cancel()
        second = Node()
        assert (await send_all(second, FILES, 2))["phase"] == "restart"
        assert len(second.states[b"update/data"]) < len(first.states[b"update/data"]) + 6
        switch.boot()
        assert firmware() == NEW


async def test_files_of_another_attempt_do_not_stay():
    with Powered(flash_with(OLD)):
        other = dict(FILES)
        other["lib/other.mpy"] = "of another version"
        node = Node()
        await send_all(node, other)
        switch.become("ready", "new")  # as if it had never been complete
        await send_all(Node(), FILES, 2)
        assert not switch.is_there("lib/other.mpy.new")


async def test_a_confirmed_update_leaves_nothing_behind():
    with Powered(flash_with(OLD)):
        await send_all(Node(), FILES)
        switch.boot()
        sys.modules["update"] = sys.modules["node"]  # where the copy lies
        node = Node()
        await run_until(lambda: node.data.answer == {"id": 1, "phase": "done"})
        del sys.modules["update"]
        left = [path for path in tree() if path.endswith((".new", ".old")) or "update/" in path]
        assert left == []


# -- power ----------------------------------------------------------------------------------


async def attempt(flash, lost_at, number):
    """Send all with power that is lost; return whether it was."""
    with Powered(flash, lost_at):
        try:
            node = Node()
            return await send_all(node, FILES, number) is None
        except PowerLost:
            return True


async def test_power_lost_at_any_write_leaves_the_old_firmware_or_the_new_one():
    flash_with(OLD).keep()
    lost_at = 0
    while True:
        lost_at += 1
        flash.put_back()
        if not await attempt(flash, lost_at, 1):
            break
        with Powered(flash):
            if "update" in os.listdir():
                switch.boot()
            seen = firmware()
            if switch.is_there("update") and switch.state():
                assert seen == NEW, lost_at
                continue
            assert seen == OLD, (lost_at, seen)
            assert (await send_all(Node(), FILES, 2))["phase"] == "restart", lost_at
            switch.boot()
            assert firmware() == NEW, lost_at
        await asyncio.sleep(1.1)  # until the node would have restarted; it takes memory
    assert lost_at > 60, lost_at


def test_a_key_that_can_be_guessed_is_none():
    node = FakeNode()
    node.settings.UPDATE_KEY = "too short"
    update.begin(node)
    assert node.entities == {}
    assert node.log.records == [("error", "settings", "UPDATE_KEY: needs 16 characters or more")]


# -- what is refused ------------------------------------------------------------------------


def refused(message, told, files=OLD):
    with Powered(flash_with(files)):
        node = Node()
        node.send(message)
        assert told in node.data.answer["error"], node.data.answer
        assert "update" not in os.listdir()


def test_an_offer_must_be_signed():
    text = manifest(FILES)
    told = "not signed"
    refused(offer(text, key="another key, not ours"), told)
    refused(offer(text, mac=""), told)
    refused(offer(text, mac=None), told)
    for key, value in (("id", 2), ("seconds", 61), ("size", 5), ("version", "3")):
        refused(offer(text, **{key: value}), told)
    refused(offer(text, sha256="0" * 64), told)


def test_an_offer_must_be_complete():
    refused(b"{", "JSON")
    refused(b"{}", "an offer needs id")
    refused(offer("x", size="1"), "an offer needs size")


async def test_an_offer_counts_once():
    with Powered(flash_with(OLD)):
        await send_all(Node(), FILES, 7)
        switch.become("ready", "new")
        for number in (7, 6):
            node = Node()
            node.send(offer(manifest(FILES), number))
            assert node.data.answer["newest"] == 7
            assert "not newer" in node.data.answer["error"]


async def test_an_offer_that_is_refused_does_not_disturb_the_one_that_is_under_way():
    with Powered(flash_with(OLD)):
        node = Node()
        text = manifest(FILES)
        node.send(offer(text))
        await run_until(lambda: "file" in node.data.answer)
        wanted = node.data.answer
        node.send(offer(text, 2, key="another key that is wrong"))
        assert node.data.answer["id"] == 2 and "not signed" in node.data.answer["error"]
        node.send(b"1 0 9\n")  # as a sender does that has not heard what is wanted
        assert node.data.answer == wanted


async def test_what_is_refused_leaves_nothing_in_memory():
    with Powered(flash_with(OLD)):
        node = Node()
        for message in (offer("x", key="wrong"), b"{}", b"{", b"1 0 0\n"):
            node.send(message)
            assert node.data.receiver is None


async def test_nothing_is_taken_while_an_update_is_on_trial():
    with Powered(flash_with(OLD)):
        await send_all(Node(), FILES)
        switch.boot()
        node = Node()
        node.tasks["update"].cancel()
        node.send(offer(manifest(FILES), 2))
        assert node.data.answer == {"id": 2, "phase": "trial", "trial": 1}


async def test_paths_that_are_not_of_the_firmware_are_refused():
    for path in (
        "credentials.py",
        "config.py",
        "boot.py",
        "components.json",
        "updates.txt",
        "../x.py",
        "/main.py",
        "node/../config.py",
        "node//x.py",
        "update/switch.py",
        "lib/" + "x" * 200,
    ):
        with Powered(flash_with(OLD)):
            text = "1 %s %s\n" % (sha256("x"), path)
            answer = await send_all(Node(), {}, 1, text)
            assert "is no file of the firmware" in answer["error"], path
            assert firmware() == OLD or set(firmware()) - set(OLD) == {"updates.txt"}


async def test_a_manifest_that_is_none_is_refused():
    for text in ("x", "1 2\n", "-1 %s main.py\n" % ("0" * 64), "99999 %s main.py" % ("0" * 64)):
        with Powered(flash_with(OLD)):
            answer = await send_all(Node(), {}, 1, text)
            assert "row 1 of the manifest" in answer["error"], text


async def test_a_file_that_arrives_damaged_is_refused():
    with Powered(flash_with(OLD)):
        node = Node()
        text = manifest({"main.py": "right"})
        node.send(offer(text))
        await run_until(lambda: "file" in node.data.answer)
        node.send(b"1 0 0\n" + text.encode())
        await run_until(lambda: node.data.answer.get("file") == 1)
        node.send(b"1 1 0\nwrong")
        await run_until(lambda: "error" in node.data.answer)
        assert node.data.answer["error"] == "file 1 did not arrive as it was sent"
        assert tree()["main.py"] == "old main"


async def answer_to_first_part(part):
    with Powered(flash_with(OLD)):
        node = Node()
        node.send(offer(manifest({"main.py": "right"})))
        await answered(node)
        node.send(b"1 0 0\n" + part)
        await run_until(lambda: "error" in node.data.answer)
        return node.data.answer["error"]


async def test_a_part_that_does_not_fit_is_refused():
    assert "a part of 0 bytes at 0 does not fit" == await answer_to_first_part(b"")
    assert "a part of 2000 bytes at 0 does not fit" == await answer_to_first_part(b"x" * 2000)


async def test_parts_out_of_turn_change_nothing_and_are_answered_with_what_is_wanted():
    with Powered(flash_with(OLD)):
        node = Node()
        text = manifest(FILES)
        node.send(offer(text))
        await run_until(lambda: "file" in node.data.answer)
        wanted = node.data.answer
        for message in (b"1 0 9\nx", b"1 1 0\nx", b"2 0 0\nx", b"\n", b"", b"ON"):
            count = len(node.states[b"update/data"])
            node.send(message)
            assert node.data.answer == wanted
            assert len(node.states[b"update/data"]) == count + 1
        answers = node.states[b"update/data"]
        count = len(answers)
        node.send(b"1 0 0\n" + text[:1024].encode())
        await run_until(lambda: len(answers) > count)
        answer = json.loads(answers[count])
        assert answer.get("file") == 0 or "phase" in answer


async def test_a_flash_without_room_is_found_out_first():
    with Powered(flash_with(OLD)):
        files = {"lib/f%d.mpy" % n: "x" * 60000 for n in range(8)}
        answer = await send_all(Node(), files)
        assert "KB free, the update needs 480 KB" in answer["error"]
        assert not [path for path in tree() if path.endswith(".new") and "f0" in path]


async def test_firmware_that_lies_elsewhere_takes_no_updates():
    with Powered(flash_with({"config.py": "mine"})):
        os.mkdir("node")
        answer = await send_all(Node(), {"main.py": "new"})
        assert "frozen" in answer["error"]
        assert "main.py" not in os.listdir()

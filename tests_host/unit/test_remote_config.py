# SPDX-License-Identifier: MIT
"""A configuration as the node sees it: what is proposed, checked, tried and taken back."""

import asyncio
import gc
import hashlib
import json
import os
import sys
from binascii import hexlify

from hmac_sha256 import hmac_sha256
from import_once import import_once

from fake_node import FakeNode, FakeSession
from harness import run_until
from node import remote_config, switch
from power_node import PowerNode
from ram_flash import Flash, Powered, PowerLost, tree, write
from scratch import Scratch

KEY = "a key of this test"
ONE = {"package": "json", "component": "loads"}
OLD = json.dumps({"one": ONE})
NEW = json.dumps({"one": ONE, "two": ONE})
FILES = {"components.json": OLD, "config.py": "NODE_NAME = 'old'\n", "node/switch.mpy": "switch"}


class Timer:
    """The hardware timer. Attribute `armed`: its period in ms, None when it does not run."""

    armed = None

    def init(self, period, **_):
        Timer.armed = period

    def deinit(self):
        Timer.armed = None


switch._timer = Timer


class Node(PowerNode):
    base = "home/hall/"

    def __init__(self):
        super().__init__()
        self.settings.CONFIG_KEY = KEY
        self.settings.CONFIG_TRIAL_S = 60
        self.settings.MQTT_PACKET_LIMIT = 512  # parts of 256 bytes
        self.session = FakeSession()
        self.rows = {}
        remote_config.begin(self)
        self.data = self.entities[b"config/proposal"]
        self.outcome = self.entities[b"config/outcome"]
        self.running = self.entities[b"config/running"]

    def ask(self, message):
        text = self.entities[b"config/text"]
        text.command(text.get(message), None, None, None)
        return self.session.sent[-1]


class Settings:
    """What a node would have to be told, so that config.py can be checked."""

    def __enter__(self):
        sys.modules["credentials"] = self

    def __exit__(self, *_):
        sys.modules.pop("credentials", None)


Settings.CONFIG_KEY = KEY
Settings.MQTT_HOST = "broker"


flash = Flash(64)  # once, because it is large


def flash_with(**files):
    return flash.fill({path: files.get(path, FILES[path]) for path in FILES})


def sha256(content):
    return hexlify(hashlib.sha256(content.encode()).digest()).decode()


def offer(text, number=1, file="components.json", key=KEY, digest=None, **changes):
    digest = digest or sha256(text)
    fields = {"id": number, "seconds": 60, "size": len(text), "sha256": digest, "version": file}
    signed = "config hall %d 60 %d %s %s" % (number, len(text), digest, file)
    fields["mac"] = hexlify(hmac_sha256(key.encode(), signed.encode())).decode()
    fields.update(changes)
    return json.dumps(fields).encode()


async def answered(node, before):
    """Wait for an answer that is another one than `before`."""
    await run_until(lambda: node.data.answer != before or node.lost, 5000)


async def propose(node, text, number=1, **more):
    """Do what `yard config push` does; return the last answer, None when power was lost."""
    before = node.data.answer
    node.send(offer(text, number, **more))
    while True:
        await answered(node, before)
        if node.lost:
            return None
        before = answer = node.data.answer
        if "file" in answer:
            at = answer["offset"]
            node.send(b"%d 0 %d\n" % (number, at) + text[at : at + answer["part"]].encode())
        elif answer.get("phase") != "compare":
            return answer


def content(path):
    with open(path) as f:
        return f.read()


async def restarted(number=1, kind=Node):
    """Start the node that a switch has been made for; return it when it has told the outcome."""
    sys.modules["update"] = sys.modules["node"]  # where the copy lies
    try:
        node = kind()
        await run_until(lambda: node.data.answer.get("id") == number or node.lost, 5000)
        return node
    finally:
        del sys.modules["update"]


# -- the way that it should go --------------------------------------------------------------


async def test_a_proposal_waits_beside_the_old_file_until_the_node_restarts():
    with Powered(flash_with()):
        node = Node()
        assert await propose(node, NEW) == {"id": 1, "phase": "restart"}
        assert content("components.json") == OLD
        await run_until(lambda: node.restarted, 3000)
        switch.boot()
        assert content("components.json") == NEW


async def test_what_comes_online_is_kept_and_told():
    with Powered(flash_with()):
        await propose(Node(), NEW)
        switch.boot()
        node = await restarted()
        text = "components.json is on trial, start 1 of 3: it must be online within 60 s"
        assert ("info", "config", text) in node.log.records
        assert node.data.answer["phase"] == "done"
        assert node.outcome.answer["outcome"] == "kept"
        assert node.running.answer["sha256"] == sha256(NEW)
        assert node.running.answer["last"] == ["components.json"]
        assert content("components.json") == NEW and content("components.json.last") == OLD
        assert "update" not in os.listdir()


class Loading(Node):
    """Has not loaded everything when it is asked first."""

    asked = 0

    @property
    def settled(self):
        self.asked += 1
        return self.asked > 2

    @settled.setter
    def settled(self, value):
        self.asked = 0


async def test_nothing_is_kept_before_all_components_are_loaded():
    with Powered(flash_with()):
        await propose(Node(), NEW)
        switch.boot()
        node = await restarted(kind=Loading)
        assert node.data.answer["phase"] == "done"
        assert node.asked > 2


async def test_what_does_not_come_online_in_three_starts_is_rolled_back_and_told():
    with Powered(flash_with()):
        await propose(Node(), NEW)
        for _ in range(4):
            assert content("components.json") == OLD or switch.state().startswith("trial")
            switch.boot()
        node = await restarted()
        assert "did not come online" in node.data.answer["error"]
        assert node.outcome.answer["outcome"] == "rolled back"
        assert tree() == dict(FILES, **{"updates.txt": "1"})


async def test_components_with_faults_are_told_with_the_outcome():
    with Powered(flash_with()):
        await propose(Node(), NEW)
        switch.boot()
        sys.modules["update"] = sys.modules["node"]
        node = Node()
        node.rows = {"one": {"phase": "running"}, "two": {"errors": ["x"]}}
        await run_until(lambda: node.data.answer.get("id") == 1, 5000)
        del sys.modules["update"]
        assert node.outcome.answer["failed"] == node.data.answer["failed"] == ["two"]


async def test_what_was_before_can_be_had_again_without_sending_it():
    with Powered(flash_with()):
        await propose(Node(), NEW)
        switch.boot()
        node = await restarted()
        answer = await propose(node, "-", 2, digest="last")
        assert answer == {"id": 2, "phase": "restart"}
        switch.boot()
        await restarted(2)
        assert content("components.json") == OLD and content("components.json.last") == NEW


async def test_nothing_of_before_is_a_reason_not_to_go_back():
    with Powered(flash_with()):
        answer = await propose(Node(), "-", digest="last")
        assert answer["error"] == "there is no components.json of before"
        assert "components.json.new" not in os.listdir()


async def test_a_first_components_json_may_come_and_go():
    with Powered(flash_with()):
        os.remove("components.json")
        await propose(Node(), NEW)
        for _ in range(4):
            switch.boot()
        await restarted()
        assert "components.json" not in os.listdir()


async def test_firmware_that_lies_elsewhere_is_configured_all_the_same():
    with Powered(flash_with()):
        os.remove("node/switch.mpy")
        assert (await propose(Node(), NEW))["phase"] == "restart"
        scope = {}
        exec(content("update/switch.py"), scope)
        scope["boot"]()
        assert content("components.json") == NEW


# -- what can be read -----------------------------------------------------------------------


async def test_the_text_is_read_in_pieces():
    with Powered(flash_with()):
        text = json.dumps({"c%d" % i: ONE for i in range(40)})
        write("components.json", text)
        node = Node()
        got = b""
        while True:
            head = b"now %d" % len(got)
            topic, payload = node.ask(head)
            assert topic == b"home/hall/config/text/state"
            assert payload[: len(head) + 1] == head + b"\n"
            if len(payload) == len(head) + 1:
                break
            got += payload[len(head) + 1 :]
        assert got.decode() == text


async def test_only_that_file_can_be_read():
    with Powered(flash_with()):
        node = Node()
        for message in (
            b"config.py 0",
            b"",
            b"now",
            b"now -1",
            b"now x",
            b"now 1000000",
            b"../x 0",
        ):
            try:
                node.ask(message)
            except ValueError:
                continue
            raise AssertionError(message)
        assert node.session.sent == []


# -- what is refused ------------------------------------------------------------------------


async def refusal(text, **more):
    with Powered(flash_with()):
        node = Node()
        answer = await propose(node, text, **more)
        left = tree()
        left.pop("updates.txt", None)
        assert left == FILES, left
        return answer["error"]


async def test_proposals_with_faults_are_refused_with_all_of_them():
    lost = dict(ONE, constructor_args={"s": "@three"})
    text = json.dumps({"a": {"package": "json"}, "b": lost, "c": dict(ONE, package="nothing")})
    error = await refusal(text)
    assert "a: component: required, but missing" in error
    assert 'b: s: there is no component "three"' in error
    assert 'c: unknown package "nothing"' in error
    assert "line 1, column" in await refusal("{")
    assert await refusal("{}") == "it names no component"


async def test_answers_fit_into_a_packet_whatever_the_faults_are():
    wrong = {"c%d" % i: dict(ONE, package='"\u20ac"' * 40) for i in range(9)}
    with Powered(flash_with()):
        node = Node()
        text = json.dumps(wrong).replace("\u20ac", "\\u20ac")
        answer = await propose(node, text)
        assert ': unknown package "' in answer["error"]
        assert answer["error"].endswith(" ...")
        for entity in (node.data, node.outcome):
            assert len(entity.state()) <= 900, len(entity.state())


async def test_of_many_components_with_faults_the_first_are_named():
    with Powered(flash_with()):
        await propose(Node(), NEW)
        switch.boot()
        sys.modules["update"] = sys.modules["node"]
        node = Node()
        for i in range(128):
            node.rows["component_with_a_long_name_%03d" % i] = {"errors": ["x"]}
        await run_until(lambda: node.data.answer.get("id") == 1, 5000)
        del sys.modules["update"]
        failed = node.outcome.answer["failed"]
        assert failed[0] == "component_with_a_long_name_000" and failed[-1] == "and 112 more"
        assert len(node.outcome.state()) <= 900 and len(node.data.state()) <= 900


async def test_the_examples_have_no_faults():
    here = __file__.rpartition("/")[0]
    for path in (
        "/../examples/single-file.json",
        "/../examples/ram.json",
        "/../../components.json.example",
    ):
        text = content(here + path)
        with Scratch() as folder:
            folder.write("components.json.new", text)
            check = import_once("node.config_check")
            assert await check.find_faults(Node(), switch, "components.json") == [], path


async def test_a_class_that_the_package_does_not_have_is_a_fault():
    error = await refusal(json.dumps({"a": dict(ONE, component="burst")}))
    assert error == 'a: component: there is no "burst" in json'


async def test_components_that_wait_for_each_other_are_a_fault():
    one = dict(ONE, constructor_args={"s": "@two"})
    two = dict(ONE, constructor_args={"s": "@one"})
    error = await refusal(json.dumps({"one": one, "two": two, "three": ONE}))
    assert error == "waiting for each other: one, two"


async def test_an_order_that_would_cost_a_component_is_a_fault():
    two = dict(ONE, constructor_args={"s": "@one"})
    for order, fault in (
        ({}, "_order: expected a list"),
        (["one", "one"], '_order: "one" is there twice'),
        (["one", "tow"], '_order: there is no component "tow"; known are one, two'),
        ([["one"]], "_order: there is no component \"['one']\""),
        (["two", "one"], 'two: "one" is loaded later; _order must name it earlier'),
        (["two"], 'two: "one" is loaded later; _order must name it earlier'),
    ):
        error = await refusal(json.dumps({"_order": order, "one": ONE, "two": two}))
        assert error.startswith(fault), error
    with Powered(flash_with()):
        text = json.dumps({"_order": ["one"], "two": two, "one": ONE})
        assert (await propose(Node(), text))["phase"] == "restart"


async def checked(module):
    """Return what the node says of a proposal whose package has this code."""
    proposed = json.dumps({"one": dict(ONE, package="proposed")})
    with Scratch() as folder:
        folder.write("proposed.py", module)
        folder.write("components.json.new", proposed)
        check = import_once("node.config_check")
        return await check.find_faults(Node(), switch, "components.json")


async def test_a_hardware_timer_waits_while_code_of_a_proposal_is_imported():
    sys.modules["the_timer"] = Timer
    try:
        code = "import the_timer\nraise ValueError(the_timer.armed)\n"
        assert await checked(code) == ["one: ValueError: 60000"]
        assert Timer.armed is None
    finally:
        del sys.modules["the_timer"]


async def test_code_of_a_proposal_that_wants_to_end_the_node_is_a_fault():
    assert await checked("raise SystemExit\n") == ["one: SystemExit: "]
    assert Timer.armed is None
    error = await refusal("raise SystemExit\n", file="config.py")
    assert error == "config.py line 1: SystemExit"


EATS = """
loads = []
size = 1 << 20
while size:
    try:
        loads.append(bytearray(size))
    except MemoryError:
        size //= 2
"""


async def test_code_of_a_proposal_that_takes_all_memory_gives_it_back():
    gc.collect()
    free = gc.mem_free()
    for fault in await checked(EATS):
        assert fault.startswith("one: MemoryError")
    gc.collect()
    assert gc.mem_free() > free // 2


async def test_references_are_to_the_proposal_and_not_to_what_runs():
    text = json.dumps({"a": dict(ONE, constructor_args={"s": "@running"})})
    with Powered(flash_with()):
        node = Node()
        node.components = {"running": object()}
        answer = await propose(node, text)
        assert 'there is no component "running"' in answer["error"]


async def test_settings_are_checked_and_their_secrets_not_told():
    with Settings():
        assert 'unknown setting "NODE_NAM"' in await refusal("NODE_NAM = 1\n", file="config.py")
        error = await refusal("# one\nX = 'secret' +\n", file="config.py")
        assert error == "config.py line 2: SyntaxError"
        error = await refusal("def f():\n    return {}['secret']\n\nf()\n", file="config.py")
        assert error == "config.py line 2: KeyError"


async def test_settings_that_would_be_the_last_are_refused():
    error = await refusal("NODE_NAME = 'x'\n", file="config.py")
    assert error == (
        "config.py: without CONFIG_KEY there would be no way back; "
        "config.py: without MQTT_HOST there would be no way back"
    )


async def test_settings_without_faults_are_tried():
    with Powered(flash_with()), Settings():
        answer = await propose(Node(), "NODE_NAME = 'x'\n", file="config.py")
        assert answer == {"id": 1, "phase": "restart"}


async def test_what_is_no_configuration_is_refused():
    for file in ("credentials.py", "main.py", "node/app.py", "x"):
        with Powered(flash_with()):
            node = Node()
            node.send(offer(NEW, file=file))
            assert "a configuration is components.json or config.py" == node.data.answer["error"]


async def test_signatures_that_are_wrong_or_of_an_update_are_refused():
    update = "hall 1 60 %d %s components.json" % (len(NEW), sha256(NEW))
    mac = hexlify(hmac_sha256(KEY.encode(), update.encode())).decode()
    for message in (offer(NEW, key="another"), offer(NEW, mac=mac), offer(NEW, size=1)):
        with Powered(flash_with()):
            node = Node()
            node.send(message)
            assert "not signed with the CONFIG_KEY" in node.data.answer["error"]
            assert node.outcome.answer is None


async def test_nothing_is_taken_while_a_firmware_is_on_trial():
    with Powered(flash_with()):
        write("update/plan.trial1", "7 60 2.0\n")
        node = Node()
        node.send(offer(NEW))
        assert "a firmware is on trial" in node.data.answer["error"]
        assert content("components.json") == OLD


async def test_a_key_that_is_too_short_is_none():
    class Short(Node):
        def __init__(self):
            FakeNode.__init__(self)
            self.settings.CONFIG_KEY = "short"
            remote_config.begin(self)

    node = Short()
    assert not node.entities
    assert "CONFIG_KEY: needs 16" in node.log.records[0][2]


# -- power ----------------------------------------------------------------------------------


async def attempt(lost_at, number):
    """Propose, restart and settle with power that is lost; return whether it was."""
    with Powered(flash, lost_at):
        try:
            if "update" in os.listdir() and switch.state():
                switch.boot()
                return (await restarted(1)).lost
            node = Node()
            if await propose(node, NEW, number) is None:
                return True
            switch.boot()
            return (await restarted(number)).lost
        except PowerLost:
            return True


async def test_power_lost_at_any_write_leaves_one_configuration_or_the_other():
    flash_with().keep()
    lost_at = 0
    cut = True
    while cut:
        lost_at += 1
        flash.put_back()
        cut = await attempt(lost_at, 1)
        with Powered(flash):
            if "update" in os.listdir():
                switch.boot()
                if switch.state():
                    await restarted(1)
            assert content("components.json") in (OLD, NEW), lost_at
            assert (await propose(Node(), OLD, 9))["phase"] == "restart", lost_at
            switch.boot()
            node = await restarted(9)
            assert node.outcome.answer["outcome"] == "kept", lost_at
            left = [p for p in tree() if p.endswith((".new", ".old")) or "update/" in p]
            assert left == [], (lost_at, left)
            assert content("components.json") == OLD
        await asyncio.sleep(1.1)  # until these nodes would have restarted; they take memory
    assert lost_at > 20

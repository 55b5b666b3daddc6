# SPDX-License-Identifier: MIT
"""node/first_boot.py with scripted answers: what is asked, refused, shown and stored."""

import random

from line_editor import LineEditor

from node import credentials
from node.first_boot import FirstBoot
from node.terminal import Abandoned
from scratch import Scratch

ANSWERS = ("home", "password", "broker", "", "", "", "", "yes")
DEFAULTS = {"MQTT_PORT": "1883", "NODE_ID": "sy-1"}


class Script:
    """A Terminal on which bytes have been typed; it keeps what was shown."""

    def __init__(self, typed):
        self.typed = typed
        self.at = 0
        self.pieces = []
        self.editor = LineEditor(1024)

    def say(self, text):
        self.pieces.append(text)

    async def ask(self, prompt, shown=True):
        self.pieces.append(prompt)
        self.editor.begin(shown)
        while self.at < len(self.typed):
            self.at += 1
            line, echo = self.editor.feed(self.typed[self.at - 1])
            if len(echo) == 1 and echo != b"\a":
                self.pieces.append(chr(echo[0]))  # enough to see a secret
            if line is not None:
                return line
        raise Abandoned


class Dialogue:
    """Runs the dialogue. `stored`: what it stored, or None; `tried`: how often it tried."""

    def __init__(self, typed, known=None, faults=(), networks=()):
        self.terminal = Script(typed)
        self.answers = dict(DEFAULTS if known is None else known)
        self.faults = list(faults)
        self.networks = networks
        self.stored = None
        self.tried = 0

    async def run(self):
        async def networks():
            return self.networks

        async def trial(answers, say):
            self.tried += 1
            return self.faults.pop(0) if self.faults else None

        def store(values):
            self.stored = values

        await FirstBoot(self.terminal, self.answers, networks, trial, store).run()
        return self

    @property
    def shown(self):
        return "".join(self.terminal.pieces)


def lines(*texts):
    return "".join(text + "\r" for text in texts).encode()


async def test_the_answers_are_stored_after_yes():
    dialogue = await Dialogue(lines(*ANSWERS)).run()
    assert dialogue.stored == {
        "WIFI_SSID": "home",
        "WIFI_PASSWORD": "password",
        "MQTT_HOST": "broker",
        "MQTT_PORT": 1883,
        "MQTT_USER": "",
        "MQTT_PASSWORD": "",
        "NODE_ID": "sy-1",
    }
    assert dialogue.tried == 1


async def test_a_network_is_chosen_by_its_number():
    found = (("near", -40), ("far", -80))
    dialogue = await Dialogue(lines("2", *ANSWERS[1:]), networks=found).run()
    assert dialogue.stored["WIFI_SSID"] == "far"
    assert "near" in dialogue.shown and "-40 dBm" in dialogue.shown


async def test_a_number_that_no_network_has_is_a_name():
    dialogue = await Dialogue(lines("7", *ANSWERS[1:]), networks=(("near", -40),)).run()
    assert dialogue.stored["WIFI_SSID"] == "7"


async def test_secrets_are_never_shown():
    typed = lines("home", "secret wifi", "broker", "", "user", "secret mqtt", "", "yes")
    dialogue = await Dialogue(typed).run()
    assert "secret" not in dialogue.shown
    assert dialogue.shown.count("********") == 2
    assert dialogue.stored["MQTT_PASSWORD"] == "secret mqtt"


async def test_a_wrong_answer_gives_a_line_and_is_asked_again():
    typed = lines(
        *("", "x" * 33, "home", "short", "x" * 64, "password", "", "a b", "broker"),
        *("0", "65536", "http", "8883", "", "", "a/b", "x" * 33, "node", "perhaps", "yes"),
    )
    dialogue = await Dialogue(typed).run()
    for part in ("a name is needed", "33 bytes", "8 to 63", "name or an address", 'not " "'):
        assert part in dialogue.shown, part
    assert dialogue.shown.count("a port is a number from 1 to 65535") == 3
    assert '"/"' in dialogue.shown
    assert dialogue.stored["MQTT_PORT"] == 8883
    assert dialogue.stored["NODE_ID"] == "node"


async def test_no_asks_again_and_enter_keeps_what_was_said():
    typed = lines(*ANSWERS[:-1]) + lines("no", "", "", "other", "", "", "", "", "yes")
    dialogue = await Dialogue(typed).run()
    assert dialogue.stored["WIFI_SSID"] == "home"
    assert dialogue.stored["WIFI_PASSWORD"] == "password"
    assert dialogue.stored["MQTT_HOST"] == "other"
    assert dialogue.tried == 1


async def test_a_dash_takes_an_answer_back():
    known = dict(DEFAULTS, WIFI_SSID="home", WIFI_PASSWORD="password", MQTT_HOST="broker")
    dialogue = await Dialogue(lines("", "-", "", "", "", "", "", "yes"), known).run()
    assert dialogue.stored["WIFI_PASSWORD"] == ""


async def test_what_does_not_work_is_named_and_can_be_stored_all_the_same():
    dialogue = Dialogue(lines(*ANSWERS) + lines("yes"), faults=["broker b: refused"])
    await dialogue.run()
    assert "That did not work: broker b: refused." in dialogue.shown
    assert dialogue.stored["MQTT_HOST"] == "broker"


async def test_what_does_not_work_can_be_changed():
    again = lines("no", "", "", "better", "", "", "", "", "yes")
    dialogue = Dialogue(lines(*ANSWERS) + again, faults=["broker b: refused"])
    await dialogue.run()
    assert dialogue.tried == 2
    assert dialogue.stored["MQTT_HOST"] == "better"


async def test_nothing_is_stored_when_nobody_answers():
    dialogue = Dialogue(lines(*ANSWERS[:-1]))
    try:
        await dialogue.run()
        raise AssertionError("it ended")
    except Abandoned:
        assert dialogue.stored is None


async def test_ctrl_c_leaves_and_nothing_is_stored():
    dialogue = Dialogue(lines(*ANSWERS[:3]) + b"\x03")
    try:
        await dialogue.run()
        raise AssertionError("it ended")
    except KeyboardInterrupt:
        assert dialogue.stored is None


def hostile():
    """Return what a cat on the keyboard, a wrong paste or an attacker types."""
    pieces = (
        lines(*ANSWERS),
        b"\r",
        b"yes\r",
        b"no\r",
        b"x" * 2000 + b"\r",  # twice what a line may have
        b"'\"\\'''\"\"\"#{}%s\r",
        "ü€😀\r".encode(),
        b"\x00\x00\r",
        b"\x15\x08\x7f",
        b"password\n",
        b"1883\r",
        b"home\r\n",
        b"\x1b[A\x1b[201~",
    )
    typed = b""
    for _ in range(4 + random.getrandbits(4)):
        if random.getrandbits(2):
            typed += pieces[random.getrandbits(8) % len(pieces)]
        else:
            size = random.getrandbits(6)
            typed += bytes(random.getrandbits(8) for _ in range(size)).replace(b"\x03", b"")
    return typed


async def test_500_hostile_inputs_store_what_was_confirmed_or_nothing():
    random.seed(20261121)
    stored = 0
    with Scratch():
        for _ in range(500):
            credentials.forget()
            dialogue = Dialogue(hostile())
            try:
                await dialogue.run()
            except Abandoned:
                assert dialogue.stored is None
            if dialogue.stored is not None:
                credentials.store(dialogue.stored)
                expected = dict(dialogue.answers)
                expected["MQTT_PORT"] = int(expected["MQTT_PORT"])
                assert credentials.read() == expected
                stored += 1
    assert 20 < stored < 480

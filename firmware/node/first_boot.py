# SPDX-License-Identifier: MIT
"""Asks on the serial console for what a node must know: its network, its broker, its name."""

from node.terminal import Abandoned

_INTRO = """
This board needs to know its Wi-Fi and its MQTT broker.
Backspace and Ctrl-U correct a line; Ctrl-C leaves to the REPL.
"""
_YES = ("yes", "y")
_NO = ("no", "n")


def _ssid(text):
    if not text:
        return "a name is needed"
    size = len(text.encode())
    return "%d bytes are too many for a network's name (32)" % size if size > 32 else None


def _wifi_password(text):
    if text and not 8 <= len(text.encode()) <= 63:
        return "a Wi-Fi password has 8 to 63 characters; none for an open network"
    return None


def _host(text):
    if not text:
        return "a name or an address is needed"
    if len(text) > 253:
        return "a host name has at most 253 characters"
    for c in text:
        if not (c.isalpha() or c.isdigit() or c in "-._:") or ord(c) > 126:
            return 'a host name has letters, digits, "-" and ".", not "%s"' % c
    return None


def _port(text):
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        return "a port is a number from 1 to 65535"
    return None


def _user(text):
    return "at most 256 bytes" if len(text.encode()) > 256 else None


def _password(text):
    return "at most 1024 bytes" if len(text.encode()) > 1024 else None


def _node_id(text):
    if not 1 <= len(text) <= 32:
        return "a node's name has 1 to 32 characters"
    for c in text:
        if not (c.isalpha() or c.isdigit() or c in "-_") or ord(c) > 126:
            return 'only letters, digits, "_" and "-" are allowed, not "%s"' % c
    return None


# (setting, question, what is wrong with an answer, what is not to be seen)
QUESTIONS = (
    ("WIFI_SSID", "Wi-Fi network", _ssid, False),
    ("WIFI_PASSWORD", "Wi-Fi password", _wifi_password, True),
    ("MQTT_HOST", "MQTT broker", _host, False),
    ("MQTT_PORT", "MQTT port", _port, False),
    ("MQTT_USER", "MQTT user", _user, False),
    ("MQTT_PASSWORD", "MQTT password", _password, True),
    ("NODE_ID", "Name of this node", _node_id, False),
)
_HINTS = {
    "WIFI_SSID": "number or name",
    "WIFI_PASSWORD": "not shown",
    "MQTT_USER": "empty: none",
    "MQTT_PASSWORD": "not shown",
}


class FirstBoot:
    """The dialogue.

    terminal: a Terminal. answers: name of the setting -> text that Enter alone stands for.
    networks: coroutine function that returns [(name, signal in dBm)], the strongest first.
    trial: coroutine function (answers, say) that tries them and returns None or what failed.
    store: function (settings) that keeps them.
    """

    def __init__(self, terminal, answers, networks, trial, store):
        self._terminal = terminal
        self._answers = answers
        self._networks = networks
        self._trial = trial
        self._store = store
        self._found = ()

    async def run(self):
        """Ask until something has been stored.

        Raises Abandoned when nobody answers, KeyboardInterrupt after Ctrl-C.
        """
        say = self._terminal.say
        say(_INTRO)
        while True:
            await self._show_networks()
            for question in QUESTIONS:
                await self._ask(*question)
            self._show_answers()
            if not await self._agrees("Is that right"):
                continue
            fault = await self._trial(self._answers, say)
            if fault:
                say("That did not work: %s.\n" % fault)
                if not await self._agrees("Store it all the same"):
                    continue
            values = dict(self._answers)
            values["MQTT_PORT"] = int(values["MQTT_PORT"])
            self._store(values)
            say("Stored.\n")
            return

    async def _show_networks(self):
        self._terminal.say("Looking for networks ...\n")
        self._found = await self._networks()
        for number, (name, signal) in enumerate(self._found, 1):
            self._terminal.say("%4d  %-32s %4d dBm\n" % (number, name, signal))
        if not self._found:
            self._terminal.say("No network in reach; its name can be typed all the same.\n")

    async def _ask(self, name, question, check, secret):
        known = self._answers.get(name, "")
        hint = _HINTS.get(name, "")
        if known:
            hint = "Enter keeps the one from before" if secret else "Enter for " + known
            if name in ("MQTT_USER", "MQTT_PASSWORD", "WIFI_PASSWORD"):
                hint += ", - for none"
        prompt = "%s (%s): " % (question, hint) if hint else question + ": "
        while True:
            text = await self._terminal.ask(prompt, shown=not secret)
            if not text:
                text = known
            elif text == "-" and name != "NODE_ID":
                text = ""
            elif not secret:
                text = text.strip()
            if name == "WIFI_SSID":
                text = self._chosen(text)
            fault = check(text)
            if not fault:
                self._answers[name] = text
                return
            self._terminal.say("  %s\n" % fault)

    def _chosen(self, text):
        """Return the name of the network that a number stands for."""
        if text.isdigit() and 1 <= int(text) <= len(self._found):
            return self._found[int(text) - 1][0]
        return text

    def _show_answers(self):
        self._terminal.say("\n")
        for name, question, _, secret in QUESTIONS:
            text = self._answers[name]
            if secret:
                text = "*" * 8 if text else ""
            self._terminal.say("  %-18s %s\n" % (question, text or "(none)"))

    async def _agrees(self, question):
        while True:
            answer = (await self._terminal.ask(question + " (yes or no)? ")).strip().lower()
            if answer in _YES:
                return True
            if answer in _NO:
                return False
            self._terminal.say("  yes or no\n")


__all__ = ("Abandoned", "FirstBoot")

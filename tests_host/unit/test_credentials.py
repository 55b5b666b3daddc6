# SPDX-License-Identifier: MIT
"""node/credentials.py: all of it is stored, or nothing has changed."""

import os

from harness import raises
from node import credentials
from ram_flash import Flash, Powered, PowerLost, tree
from scratch import Scratch

NASTY = (
    "",
    "'",
    '"',
    "\\",
    "a'b\"c\\d",
    "ü€😀",
    "#",
    "%s",
    "{}",
    "\\n",
    "'''",
    " x ",
    "\x7f",
    "\u2028",
)


def test_every_text_is_read_back_as_it_was():
    with Scratch():
        for text in NASTY:
            values = {"WIFI_SSID": text, "MQTT_PORT": 1883}
            credentials.store(values)
            assert credentials.read() == values, repr(text)


def test_what_the_dialogue_does_not_ask_for_is_kept():
    with Scratch():
        with open("credentials.py", "w") as f:
            f.write('CONFIG_KEY = "k"\nWIFI_SSID = "old"\n')
        credentials.store({"WIFI_SSID": "new"})
        assert credentials.read() == {"CONFIG_KEY": "k", "WIFI_SSID": "new"}


def test_a_damaged_file_counts_as_nothing():
    with Scratch():
        with open("credentials.py", "w") as f:
            f.write("WIFI_SSID = (\n")
        assert credentials.read() == {}
        credentials.store({"WIFI_SSID": "a"})
        assert credentials.read() == {"WIFI_SSID": "a"}


def test_forgetting_tells_whether_there_was_something():
    with Scratch():
        credentials.store({"WIFI_SSID": "a"})
        assert credentials.forget()
        assert not credentials.forget()
        assert credentials.read() == {}


class Failing:
    """A file that loses power after `count` characters."""

    def __init__(self, file, count):
        self.file = file
        self.left = count

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, text):
        self.file.write(text[: self.left])
        self.left -= len(text)
        if self.left < 0:
            raise PowerLost


def test_power_lost_at_any_byte_leaves_the_old_file():
    old = {"WIFI_SSID": "old", "WIFI_PASSWORD": "old password"}
    new = {"WIFI_SSID": "new 'one'", "WIFI_PASSWORD": "new password", "MQTT_PORT": 1}
    with Scratch():
        credentials.store(old)
        lost = 0
        for count in range(300):

            def failing(path, mode="r", count=count):
                file = open(path, mode)
                return Failing(file, count) if mode == "w" else file

            credentials.open = failing
            try:
                credentials.store(new)
                break
            except PowerLost:
                lost += 1
            finally:
                del credentials.open
            assert credentials.read() == old
        assert lost > 100
        assert credentials.read() == new
        assert "credentials.new" not in os.listdir()


def test_power_lost_before_the_rename_leaves_the_old_file():
    with Scratch():
        credentials.store({"WIFI_SSID": "old"})
        renamed = []

        class Os:
            def rename(self, *names):
                renamed.append(names)
                raise PowerLost

        credentials.os = Os()
        try:
            raises(PowerLost, credentials.store, {"WIFI_SSID": "new"})
        finally:
            credentials.os = os
        assert renamed == [("credentials.new", "credentials.py")]
        assert credentials.read() == {"WIFI_SSID": "old"}


def powered(flash, work, lost_at=None):
    """Return whether `work()` came to its end before power was lost."""
    with Powered(flash, lost_at):
        try:
            work()
            return True
        except PowerLost:
            return False


def cuts(before, work, after):
    """Cut `work()` at each write, to a file that sets `before`; return how many there are."""
    flash = Flash(16).fill({})
    if before:
        powered(flash, lambda: credentials.store(before))
    flash.keep()
    lost_at = 1
    while not powered(flash, work, lost_at):
        with Powered(flash):
            assert credentials.read() in (before, after), lost_at
            credentials.store(before)
            assert credentials.read() == before
            assert list(tree()) == ["credentials.py"], lost_at
        flash.put_back()
        lost_at += 1
    with Powered(flash):
        assert credentials.read() == after
    return lost_at - 1


def test_power_lost_at_any_write_of_the_flash_leaves_the_old_file_or_the_new_one():
    old = {"WIFI_SSID": "old", "MQTT_PASSWORD": "p" * 1024}
    new = {"WIFI_SSID": "new", "MQTT_PASSWORD": "q" * 1024}
    assert cuts({}, lambda: credentials.store(new), new) > 5
    assert cuts(old, lambda: credentials.store(new), new) > 5
    assert cuts(old, credentials.forget, {}) > 0

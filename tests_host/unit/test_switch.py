# SPDX-License-Identifier: MIT
"""node/switch.py: the new firmware or the old one, never something in between."""

import os

from node import switch
from ram_flash import Flash, Powered, PowerLost, tree, write

OLD = {
    "main.py": "old main",
    "node/a.mpy": "old a",
    "node/gone.mpy": "old",
    "lib/b.mpy": "old b",
    "config.py": "mine",
}
NEW = {
    "main.py": "new main",
    "node/a.mpy": "new a",
    "node/more.mpy": "new",
    "lib/b.mpy": "old b",
    "config.py": "mine",
}
PLAN = """\
7 60 1.0
= 1 0 - main.py
= 2 0 - node/a.mpy
+ 3 0 - node/more.mpy
- 4 0 - node/gone.mpy
"""


class Timer:
    def __init__(self):
        self.period = None

    def init(self, mode, period, callback):
        self.period = period

    def deinit(self):
        self.period = None


timer = Timer()
switch._timer = lambda: timer


def ready():
    """Return a flash with the old firmware, and the new one beside it."""
    files = {path + ".new": NEW[path] for path in ("main.py", "node/a.mpy", "node/more.mpy")}
    files.update(OLD)
    files["update/plan.ready"] = PLAN
    return Flash().fill(files)


def firmware():
    """Return what a node and its import statements see."""
    ours = (".py", ".mpy")
    return {path: text for path, text in tree().items() if path.endswith(ours)}


def start(flash, lost_at=None):
    """Power on and run boot.py; return (firmware, state), or None when power was lost."""
    timer.period = None
    with Powered(flash, lost_at):
        try:
            switch.boot()
            return firmware(), switch.state()
        except PowerLost:
            return None


def test_the_first_start_puts_the_new_files_in_their_places():
    assert start(ready()) == (NEW, "trial1")
    assert timer.period == 60000


def test_the_old_files_come_back_after_three_starts_without_confirmation():
    flash = ready()
    for count in (1, 2, 3):
        assert start(flash) == (NEW, "trial%d" % count)
    assert start(flash) == (OLD, "failed")
    assert timer.period is None
    assert start(flash) == (OLD, "failed")


def test_what_is_confirmed_stays():
    flash = ready()
    start(flash)
    with Powered(flash):
        switch.confirm("trial1")
    assert timer.period is None
    for _ in range(5):
        assert start(flash) == (NEW, "done")


def test_nothing_happens_while_files_are_missing():
    flash = ready()
    with Powered(flash):
        switch.become("ready", "new")
    assert start(flash) == (OLD, None)


def until_not_lost(flash, states):
    """Lose power at every single write of one start, and start again; the state that follows."""
    flash.keep()
    lost = 0
    while True:
        flash.put_back()
        seen = start(flash, lost + 1)
        if seen is not None:
            break
        lost += 1
        again = start(flash)
        assert again in states, (lost, again)
    assert seen == states[0]
    return lost


def test_power_lost_at_any_write_of_the_switch_ends_with_the_new_firmware():
    # A start that was cut off after the count counts.
    assert until_not_lost(ready(), [(NEW, "trial1"), (NEW, "trial2")]) >= 8


def test_power_lost_at_any_write_of_the_way_back_ends_with_the_old_firmware():
    flash = ready()
    for _ in range(3):
        start(flash)
    assert until_not_lost(flash, [(OLD, "failed")]) >= 6


def test_power_lost_again_and_again_ends_with_one_of_both():
    for first in range(1, 12):
        for second in range(1, 6):
            flash = ready()
            start(flash, first)
            start(flash, second)
            for _ in range(5):
                seen = start(flash)
            assert seen == (OLD, "failed"), (first, second, seen)


def test_what_cannot_be_switched_is_taken_back():
    flash = ready()
    with Powered(flash):
        # A folder where a file should go, as if somebody had been there in between.
        os.remove("node/gone.mpy")
        os.mkdir("node/more.mpy")
        write("node/more.mpy/x", "x")
    files, state = start(flash)
    assert state == "failed"
    assert files["main.py"] == "old main" and files["node/a.mpy"] == "old a"

# SPDX-License-Identifier: MIT
"""What `yard deploy` runs on a board, on littlefs: all of the old files or all of the new ones."""

import os

from ram_flash import Flash, Powered, PowerLost, tree

FOLDER = __file__.rsplit("/", 3)[0] + "/tools/yard/boards/on_board/"
WAITING = "deploy.tmp/"
OLD = {
    "boot.py": "old boot",
    "main.py": "old main",
    "node/a.mpy": "old a",
    "node/deep/gone.mpy": "old",
    "lib/b.mpy": "b",
    "config.py": "mine",
}
NEW = {
    "boot.py": "new boot",
    "main.py": "new main",
    "node/a.mpy": "new a",
    "node/more/c.mpy": "new c",
    "lib/b.mpy": "b",
    "config.py": "mine",
}


def source(name):
    with open(FOLDER + name) as f:
        return f.read()


AGENT = source("agent.py")
FINISH = source("finish.py")


def board():
    """Return a flash with the old files."""
    return Flash().fill(OLD)


def stage():
    """Do what the host does: the new files beside the old, then the one that puts them there."""
    agent = {"print": lambda *_: None}
    exec(AGENT, agent)

    def put(path, content):
        agent["begin"](path)
        agent["writing"].write(content)
        agent["end"](path)

    agent["remove_folder"]("deploy.tmp")
    for path, content in NEW.items():
        if content != OLD.get(path) and path != "main.py":
            put(WAITING + "files/" + path, content)
    put(WAITING + "remove.txt", "node/deep/gone.mpy\n")
    put(WAITING + "main.py", NEW["main.py"])
    put(WAITING + "finish.py", FINISH)
    os.rename(WAITING + "finish.py", "main.py")


def start():
    """Do what a start does; return the files that the node has then."""
    with open("main.py") as f:
        text = f.read()
    if text == FINISH:
        exec(text, {})
    return {path: text for path, text in tree().items() if not path.startswith(WAITING)}


def powered(flash, work, lost_at=None):
    """Do `work` with the power on; return what it returns, None when power was lost."""
    with Powered(flash, lost_at):
        try:
            return work() or True
        except PowerLost:
            return None


def test_what_was_brought_is_in_place_after_one_start():
    flash = board()
    powered(flash, stage)
    assert powered(flash, start) == NEW
    assert powered(flash, tree) == NEW


def test_power_lost_while_files_are_brought_leaves_the_old_ones_or_the_new_ones():
    flash = board()
    flash.keep()
    lost_at = 1
    seen = set()
    while powered(flash, stage, lost_at) is None:
        found = powered(flash, start)
        assert found in (OLD, NEW), lost_at
        seen.add(found["main.py"])
        powered(flash, stage)
        assert powered(flash, start) == NEW, lost_at
        flash.put_back()
        lost_at += 1
    assert lost_at > 30
    assert "old main" in seen


def test_power_lost_while_they_are_put_in_place_is_made_good_by_the_next_start():
    flash = board()
    powered(flash, stage)
    flash.keep()
    lost_at = 1
    while powered(flash, start, lost_at) is None:
        assert powered(flash, start) == NEW, lost_at
        flash.put_back()
        lost_at += 1
    assert lost_at > 10


def test_power_may_be_lost_again_and_again():
    flash = board()
    powered(flash, stage)
    for lost_at in range(3, 40):
        if powered(flash, start, lost_at):
            break
    assert powered(flash, start) == NEW

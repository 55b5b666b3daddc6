# SPDX-License-Identifier: MIT
"""Which component a task belongs to, and what its row says when the task died."""

from micropython import const

_LONGEST = const(200)  # of an error in a row; the log has the whole


def note(node, task, error):
    """Tell in the row of its component that a task has died and is started again."""
    for name in node.rows:
        if is_of(task, name):
            row = node.rows[name]
            errors = row.setdefault("errors", [])
            if row.get("phase") == "task":
                errors.pop()  # that of the last time
            errors.append(cut("%s: %s" % (type(error).__name__, error)))
            row["phase"] = "task"
            row["crashes"] = row.get("crashes", 0) + 1
            node.rows_changed()
            return


def cut(text):
    """Return as much of an error as has its place in a row: the topic has those of all."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def is_of(task, component):
    """Return whether a task, by its name, belongs to the component of a name."""
    if task.startswith(component) and task[len(component) :][:1] in ("", ".", "/"):
        return True
    kind, _, name = task.partition(" ")
    return name == component and kind in ("bus", "pins", "edges", "outputs", "commands")

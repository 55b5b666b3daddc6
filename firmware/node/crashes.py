# SPDX-License-Identifier: MIT
"""Which component a task belongs to, and what its row says when the task died."""


def note(node, task, error):
    """Tell in the row of its component that a task has died and is started again."""
    for name in node.rows:
        if is_of(task, name):
            row = node.rows[name]
            errors = row.setdefault("errors", [])
            if row.get("phase") == "task":
                errors.pop()  # that of the last time
            errors.append("%s: %s" % (type(error).__name__, error))
            row["phase"] = "task"
            row["crashes"] = row.get("crashes", 0) + 1
            node.rows_changed()
            return


def is_of(task, component):
    """Return whether a task, by its name, belongs to the component of a name."""
    if task.startswith(component) and task[len(component) :][:1] in ("", ".", "/"):
        return True
    kind, _, name = task.partition(" ")
    return name == component and kind in ("bus", "pins", "edges", "outputs", "commands")

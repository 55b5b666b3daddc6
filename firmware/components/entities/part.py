# SPDX-License-Identifier: MIT
"""A further pin of an entity that has several."""


class Part:
    """The user of one pin of `owner`, which is told whatever happens to it.

    owner: has `applied(tag)`, `dropped(reason, tag)` and `changed()`.
    """

    alone = True

    def __init__(self, owner, pin):
        self.owner = owner
        self.pin = pin

    def applied(self, tag):
        self.owner.applied(tag)

    def dropped(self, reason, tag):
        self.owner.dropped(reason, tag)

    def changed(self):
        self.owner.changed()

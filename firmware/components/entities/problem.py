# SPDX-License-Identifier: MIT
"""Tells Home Assistant that an entity does not do what it should."""

from node.component import Entity


class Problem(Entity):
    """Shows the attribute `problem` of the entity `owner`."""

    platform = "binary_sensor"
    config = {"dev_cla": "problem", "ent_cat": "diagnostic"}

    def __init__(self, owner):
        name = owner.name or owner.object_id
        super().__init__(owner.object_id + "_problem", name + " problem")
        self.owner = owner

    def state(self):
        return b"ON" if self.owner.problem else b"OFF"

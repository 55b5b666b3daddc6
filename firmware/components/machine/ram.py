# SPDX-License-Identifier: MIT
"""The memory that the node has left."""

import gc

from micropython import const

from components.sensors.base import Sensor

_ANY = const(1000000000)
_SMALLEST = const(64)


class RAM(Sensor):
    """Free bytes of MicroPython's heap, and the largest block of them.

    interval: s from one publication to the next. name: for people.
    """

    def __init__(self, interval=600, name=None):
        super().__init__(None, interval, interval)
        described = "B", "data_size", 0
        self.measures("ram", 0, _ANY, object_id="free", title=name, described=described)
        title = (name or "RAM") + ", largest block"
        self.measures("block", 0, _ANY, object_id="largest", title=title, described=described)
        for quantity in self.quantities.values():
            quantity.options["ent_cat"] = "diagnostic"

    async def read(self):
        # What waits to be collected is free as well.
        gc.collect()
        free = gc.mem_free()
        return {"free": free, "largest": _largest(free)}


def _largest(free):
    """Return how large a block can be had, at most an eighth too low. Takes some ms."""
    gc.disable()  # each attempt in vain would collect once more
    try:
        size = free
        while size > _SMALLEST:
            try:
                bytearray(size)
                break
            except MemoryError:
                size -= size >> 3
    finally:
        gc.enable()
    gc.collect()
    return size


ram = RAM  # as pysmartnode calls it

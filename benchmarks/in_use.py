# SPDX-License-Identifier: MIT
"""How much heap a node with 128 entities has in use, on a 32-bit MicroPython.

`make bench-memory` tells more about it, `make bench` only this.
"""

from __future__ import annotations

from benchmarks import micropython32, node
from benchmarks.deployed import deployed
from benchmarks.figures import Sample, name_of
from benchmarks.memory_figures import Memory, measure_use
from benchmarks.probed import NodeFailed
from benchmarks.process import Broken

HEAP_32 = "heap in use, 128 entities announced, 32-bit, bytes"


async def measure() -> Sample:
    """Return the figure.

    Raises:
        Broken: there is no such MicroPython, or the node did not start on it.
    """
    memory = Memory()
    try:
        micropython32.find()
        with deployed() as deployment:
            await measure_use(deployment, memory)
    except (micropython32.Unavailable, NodeFailed) as reason:
        raise Broken(str(reason)) from reason
    return {name_of(node.NAME, HEAP_32): float(memory.figures["128 entities, announced"])}

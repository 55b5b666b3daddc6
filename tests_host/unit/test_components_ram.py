# SPDX-License-Identifier: MIT
"""components/machine/ram.py: what memory is left, and in one piece."""

import gc

from components.machine import ram_args
from components.machine.ram import RAM
from sensor_desk import Desk


async def measured():
    with Desk() as desk:
        ram = await desk.start(RAM, ram_args)
        await ram.update()
        return ram.quantities["free"].value, ram.quantities["largest"].value


async def test_a_fresh_heap_has_a_large_block():
    free, largest = await measured()
    assert 0 < largest <= free
    assert abs(free - gc.mem_free()) < free // 2


async def test_a_heap_in_pieces_has_no_large_block():
    before = (await measured())[1]
    gc.collect()
    pieces = [bytearray(4096) for _ in range(gc.mem_free() * 9 // 10 // 4096)]
    for i in range(0, len(pieces), 2):
        pieces[i] = None
    free, largest = await measured()
    assert largest < before // 2
    assert largest < free
    assert len(pieces) > 10


async def test_the_collector_works_again_afterwards():
    await measured()
    assert gc.isenabled()


async def test_both_are_diagnostic_sizes():
    with Desk() as desk:
        ram = await desk.start(RAM, ram_args, name="Memory")
        for quantity in ram.quantities.values():
            assert quantity.options["dev_cla"] == "data_size"
            assert quantity.options["ent_cat"] == "diagnostic"
        assert ram.quantities["largest"].name == "Memory, largest block"

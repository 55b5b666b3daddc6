# SPDX-License-Identifier: MIT
"""components/machine/i2c.py on the simulated board."""

import asyncio

import machine
import schema
from board_link import attach
from bus_device import BusDevice

from components.machine.i2c import I2C
from components.machine.i2c_args import ARGS
from fake_node import FakeNode
from harness import run_until
from node.component import ConfigError
from yard.model.board import Board


class Desk:
    """A board with two chips and a node; `with` stops the components that were started."""

    def __init__(self, addresses=(0x20, 0x21)):
        self.board = attach(Board(addresses))
        self.node = FakeNode()
        self._started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for component in self._started:
            component.stop()

    async def start(self, name="i2c", **args):
        args = schema.apply(dict({"scl": 22, "sda": 21}, **args), {"keys": ARGS["I2C"]})
        component = await self.node.start(name, I2C(**args))
        self._started.append(component)
        return component

    async def refused(self, name, **args):
        """Return the (key, message) with which a second bus is refused."""
        try:
            await self.start(name, **args)
        except ConfigError as e:
            return e.key, str(e)
        raise AssertionError("not refused")


class Probe(BusDevice):
    """Reads one register every 5 ms."""

    def __init__(self, worker, address=0x20):
        super().__init__("probe", address)
        self.bus = worker
        self.buffer = bytearray(1)

    def connect(self, now):
        self.bus.readfrom_mem_into(self.address, 0, self.buffer)
        return True

    def service(self, now):
        self.due = now + 5
        return self.connect(now)


async def test_the_table_of_what_answers_is_logged_at_start():
    with Desk() as desk:
        await desk.start()
        assert ("info", "i2c", "scan: 0x20 0x21") in desk.node.log.records


async def test_an_empty_bus_is_reported_with_what_to_look_at():
    with Desk(()) as desk:
        await desk.start()
        ((level, source, text),) = desk.node.log.records
        assert (level, source) == ("warn", "i2c")
        assert "nothing answers" in text


async def test_a_stuck_bus_does_not_stop_the_start():
    with Desk() as desk:
        desk.board.bus.stuck_sda = True
        await desk.start()
        assert [level for level, _, _ in desk.node.log.records] == ["error"]
        assert list(desk.node.tasks) == ["bus i2c"]


async def test_the_scan_lets_other_tasks_run():
    with Desk() as desk:
        passes = 0

        async def count():
            nonlocal passes
            while True:
                passes += 1
                await asyncio.sleep_ms(0)

        task = asyncio.create_task(count())
        await desk.start()
        task.cancel()
        assert passes > 100


async def test_the_frequency_reaches_the_bus():
    with Desk() as desk:
        await desk.start(freq=400000)
        assert desk.board.bus.frequency == 400000


async def test_a_bus_by_software_works_too():
    with Desk() as desk:
        bus = await desk.start(software=True, scl=5, sda=4)
        probe = Probe(bus.worker)
        bus.worker.add(probe)
        await run_until(lambda: probe.online)
        assert isinstance(bus.worker._i2c, machine.SoftI2C)


async def test_two_buses_on_one_pin_are_refused():
    with Desk() as desk:
        await desk.start("first")
        refused = await desk.refused("second", scl=5, sda=21, id=1)
        assert refused == ("sda", 'GPIO 21 is used by "first" already')


async def test_two_buses_on_one_peripheral_are_refused():
    with Desk() as desk:
        await desk.start("first")
        refused = await desk.refused("second", scl=5, sda=4)
        assert refused == ("id", 'I2C peripheral 0 is used by "first" already')


async def test_a_refused_bus_keeps_no_pin():
    with Desk() as desk:
        await desk.start("first")
        await desk.refused("second", scl=5, sda=21, id=1)
        await desk.start("third", scl=5, sda=4, id=1)


async def test_the_task_of_a_stopped_bus_ends_and_another_can_take_its_place():
    with Desk() as desk:
        bus = await desk.start("first")
        await asyncio.sleep_ms(1)
        bus.stop()
        await run_until(desk.node.tasks["bus first"].done)
        desk.node.free("first")
        await desk.start("second")


async def test_one_pin_for_both_lines_is_refused():
    with Desk() as desk:
        assert (await desk.refused("i2c", scl=5, sda=5))[0] == "sda"


async def test_a_pin_that_the_chip_does_not_have_is_refused():
    with Desk() as desk:
        key, text = await desk.refused("i2c", scl=24, sda=5)
        assert key == "scl"
        assert "24" in text


async def test_a_clearable_stuck_bus_is_clocked_free_and_used_again():
    with Desk() as desk:
        bus = await desk.start()
        probe = Probe(bus.worker)
        bus.worker.add(probe)
        await run_until(lambda: probe.online)
        desk.board.bus.clearable = desk.board.bus.stuck_sda = True
        await run_until(lambda: bus.worker.stuck_count == 1)
        await run_until(lambda: not bus.worker.stuck)
        assert probe.online
        assert desk.board.bus.stuck_sda is False


async def test_a_bus_alive_is_one_on_which_a_chip_answers():
    with Desk() as desk:
        bus = await desk.start()
        assert bus.alive()
        for address in (0x20, 0x21):
            bus.worker.add(Probe(bus.worker, address))
        await run_until(bus.alive)
        desk.board.bus.nack.add(0x20)
        await run_until(lambda: bus.worker.devices[0].online is False)
        assert bus.alive()
        desk.board.bus.stuck_sda = True
        await run_until(lambda: not bus.alive())


async def test_a_transfer_that_is_repeated_is_counted_for_the_status_topic():
    with Desk() as desk:
        bus = await desk.start()
        probe = Probe(bus.worker)
        bus.worker.add(probe)
        await run_until(lambda: probe.online)
        assert bus.statistics()["i2c_retries"] == 0
        desk.board.bus.fail_next(0x20, 1)
        await run_until(lambda: bus.statistics()["i2c_retries"])
        transfers = bus.worker.transfers
        await run_until(lambda: bus.worker.transfers > transfers + 2)
        statistics = bus.statistics()
        assert (statistics["i2c_retries"], statistics["i2c_errors"], probe.online) == (1, 1, True)


async def test_counters_are_there_for_the_status_topic():
    with Desk() as desk:
        bus = await desk.start()
        desk.board.bus.nack.add(0x20)
        bus.worker.add(Probe(bus.worker))
        await run_until(lambda: bus.worker.errors)
        statistics = bus.statistics()
        assert statistics["i2c_errors"] == 1
        assert statistics["i2c_transfers"] == 1
        assert statistics["i2c_longest_us"] == statistics["queue_high_water"] == 0
        desk.board.bus.nack.clear()
        await run_until(lambda: bus.statistics()["i2c_longest_us"] > 0, 2500)
        bus.worker.buffer.put(None, 0, 0, 0, None)
        bus.worker.buffer.remove(0)
        assert bus.statistics()["queue_high_water"] == 1
        assert statistics["dropped"] == statistics["i2c_stuck"] == 0

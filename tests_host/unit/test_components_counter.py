# SPDX-License-Identifier: MIT
"""components/machine/counter.py on the simulated board."""

import asyncio

import machine
import schema
from board_link import attach

from components.machine.claims import claim
from components.machine.counter import Counter
from components.machine.counter_args import ARGS
from fake_node import FakeNode
from harness import run_until
from node.component import ConfigError
from yard.model.board import Board


class Desk:
    """A board and a node with one counter at GPIO 27; `with` stops it.

    stored: the total that was kept. hardware: whether `machine.Counter` exists.
    """

    def __init__(self, stored=None, hardware=True):
        self.board = attach(Board([]))
        self.board.drive_pin(27, 1)
        self.node = FakeNode()
        if stored is not None:
            self.node.stored["pulses meter"] = stored
        self._hardware = machine.Counter
        if not hardware:
            machine.Counter = None
        self.counter = None

    async def start(self, **args):
        args["pin"] = 27
        spec = {"type": "dict", "keys": ARGS["Counter"]}
        assert schema.check(args, spec, "") == []
        counter = Counter(**schema.apply(args, spec))
        await self.node.start("meter", counter)
        self.counter = counter
        await run_until(lambda: self.totals)
        return counter

    @property
    def totals(self):
        return self.node.states[b"meter/total"]

    async def pulse(self, count=1, ms=0):
        """Give pulses of a contact to ground; ms: length of each and of the pause after it."""
        for _ in range(count):
            self.board.drive_pin(27, 0)
            await asyncio.sleep_ms(ms)
            self.board.drive_pin(27, 1)
            await asyncio.sleep_ms(ms)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        machine.Counter = self._hardware
        if self.counter:
            self.counter.stop()
        for task in self.node.tasks.values():
            task.cancel()


async def test_pulses_of_a_bouncing_contact_are_counted_once():
    with Desk() as desk:
        counter = await desk.start(debounce=10, interval=0.1)
        for _ in range(3):
            await desk.pulse(5)  # bounces
            await desk.pulse(1, 40)
            await desk.pulse(5)
        await run_until(lambda: counter.pulses == 3)
        await run_until(lambda: desk.totals[-1] == b"3")


async def test_any_number_of_pulses_is_no_chatter():
    with Desk() as desk:
        counter = await desk.start(debounce=1)
        await desk.pulse(60, 6)
        await run_until(lambda: counter.pulses == 60)


async def test_without_a_debounce_time_the_hardware_counts():
    with Desk() as desk:
        counter = await desk.start(debounce=0)
        assert isinstance(counter._hardware, machine.Counter)
        await desk.pulse(100)
        assert counter.pulses == 100


async def test_without_that_hardware_interrupts_count():
    with Desk(hardware=False) as desk:
        counter = await desk.start(debounce=0)
        await desk.pulse(100)
        assert counter.pulses == 100
        counter.stop()
        await desk.pulse()
        assert counter.pulses == 100


async def test_the_other_edge_counts_for_a_pulse_to_the_supply():
    for hardware in (True, False):
        with Desk(hardware=hardware) as desk:
            counter = await desk.start(debounce=0, invert=False, pull_down=True)
            assert desk.board.pin(27).pull == 2
            desk.board.drive_pin(27, 0)
            assert counter.pulses == 0
            desk.board.drive_pin(27, 1)
            assert counter.pulses == 1


async def test_a_total_is_shown_in_units_without_rounding():
    with Desk(123456789) as desk:
        await desk.start(debounce=0, per_unit=800, digits=3, unit="kWh", device_class="energy")
        assert desk.totals == [b"154320.986"]
        sensor = desk.node.entities[b"meter/total"]
        keys = {"unit_of_meas": "kWh", "dev_cla": "energy", "stat_cla": "total_increasing"}
        assert sensor.options == keys


async def test_the_rate_is_in_units_per_minute():
    with Desk() as desk:
        await desk.start(debounce=0, interval=0.1, rate=True, per_unit=10)
        rates = desk.node.states[b"meter/rate"]
        await desk.pulse(50)
        await run_until(lambda: len(rates) >= 2)
        # 5 units in little more than 0.1 s
        assert 300 < float(max(rates)) <= 3000, rates
        assert rates[-1] == b"0.000"


async def test_a_total_goes_on_after_a_restart():
    with Desk(41) as desk:
        counter = await desk.start(debounce=0, interval=0.1, keep=0)
        assert desk.totals == [b"41"]
        await desk.pulse()
        await run_until(lambda: desk.totals[-1] == b"42")
        counter.stop()
        assert desk.node.stored["pulses meter"] == 41, "it was not to be kept"
    with Desk(41) as desk:
        counter = await desk.start(debounce=0)
        await desk.pulse()
        counter.stop()
        assert desk.node.stored["pulses meter"] == 42


async def test_a_total_is_kept_from_time_to_time():
    with Desk() as desk:
        await desk.start(debounce=0, interval=0.4, keep=1)
        await desk.pulse(7)
        await run_until(lambda: desk.node.stored.get("pulses meter") == 7, 3000)


async def test_what_is_kept_but_no_number_counts_as_nothing():
    with Desk("x") as desk:
        await desk.start(debounce=0)
        assert desk.totals == [b"0"]


async def test_a_pin_or_a_hardware_that_is_used_is_refused():
    for debounce in (0, 20):
        error = await refusal(["GPIO 27"], debounce=debounce)
        assert (error.key, str(error)) == ("pin", 'GPIO 27 is used by "other" already')
    error = await refusal(["pulse counter %d" % unit for unit in range(8)], debounce=0)
    assert error.key == "debounce" and "counters of the chip are used" in str(error)


async def refusal(taken, **args):
    """Return the ConfigError that starting gives when another component has what is `taken`."""
    with Desk() as desk:
        for what in taken:
            claim(what, "other", "pin")
        try:
            await desk.start(**args)
        except ConfigError as e:
            return e
    raise AssertionError("not refused")

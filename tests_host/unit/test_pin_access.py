# SPDX-License-Identifier: MIT
"""lib/pin_access.py, bus_jobs.py, chip_watch.py: pins by name, read now, listed with their age."""

import asyncio
import errno
import random

from board_link import attach
from bus_jobs import answers, on_bus, scan, table
from chip_watch import ChipWatch, ages
from pin_access import command, find_component, find_pin, number, read, rows

from components.machine.gpio import GPIO
from fake_node import FakeNode
from harness import raises, run_until
from i2c_desk import Desk
from yard.model.board import Board


class Named:
    """A component with a chip."""

    def __init__(self, name, chip):
        self.name = name
        self.chip = chip


async def carried_out(desk, coroutine):
    """Return the result of a coroutine that needs the bus of a desk in simulated time."""
    bus = asyncio.create_task(stepping(desk))
    try:
        return await coroutine
    finally:
        bus.cancel()


async def stepping(desk):
    while True:
        desk.step(desk.clock.us + 1000)
        await asyncio.sleep_ms(0)


# -- reading --------------------------------------------------------------------------------


async def test_reading_now_takes_no_press_away():
    random.seed(7)
    desk = Desk(frequency=400_000)
    pin = desk.inputs(numbers=range(7), debounce_ms=2)[3].pin
    chip = desk.chips[0x20]
    wire = desk.wire()
    chip.check_ms = 5000
    desk.run(2000)
    edges = []
    pin.irq(lambda pin: edges.append(pin.value()))
    pressed = []
    for i in range(200):
        level = i & 1
        desk.models[0x20].drive(3, level)
        pressed.append(level)
        desk.clock.us += random.randrange(400)
        before = desk.bus.traffic_of[0x20].transactions
        inputs, levels = await carried_out(desk, read(chip))
        # The others are for the interrupt.
        assert desk.bus.traffic_of[0x20].transactions - before <= 3
        assert (inputs, levels >> 3 & 1) == (0x7F7F, level)
        desk.run(random.randrange(100, 200))  # faster would be chatter
    assert edges == pressed
    assert chip.reader.missed == 0 and not wire.line.polling


async def test_a_transfer_that_fails_once_is_repeated():
    desk = Desk()
    desk.run(60)
    desk.bus.fail_next(0x20, 1)
    assert await carried_out(desk, read(desk.chips[0x20])) == (0x7F7F, 0x7F7F)


async def test_a_chip_that_does_not_answer_is_a_reason():
    desk = Desk()
    desk.run(60)
    desk.models[0x20].power(False)
    try:
        await carried_out(desk, read(desk.chips[0x20]))
        raise AssertionError("it has answered")
    except ValueError as e:
        assert str(e) == "0x20 does not answer"


async def test_a_chip_that_lost_power_meanwhile_is_not_believed_before_it_is_set_up_again():
    desk = Desk()
    desk.outputs(numbers=(0,), restore="on")
    desk.run(60)
    for _ in range(5):
        desk.models[0x20].power(False)
        desk.models[0x20].power(True)
        try:
            inputs, levels = await carried_out(desk, read(desk.chips[0x20]))
            assert (inputs & 1, levels & 1) == (0, 1)
        except ValueError as e:
            assert str(e) == "0x20 does not answer"
        desk.run(60)
    assert (await carried_out(desk, read(desk.chips[0x20])))[1] & 1 == 1


# -- single transfers -----------------------------------------------------------------------


async def test_jobs_wait_their_turn_and_leave_nothing_behind():
    desk = Desk((0x20, 0x22))
    desk.run(60)
    done = []

    def note(i):
        done.append(i)
        return i

    jobs = []
    for i in range(5):
        jobs.append(asyncio.create_task(on_bus(desk.worker, lambda now, i=i: note(i))))
    await asyncio.sleep_ms(0)
    assert len(desk.worker.devices) == 3
    desk.run(10)
    for i in range(5):
        assert await jobs[i] == done[i] == i
    assert [device.address for device in desk.worker.devices] == [0x20, 0x22]


async def test_a_job_whose_turn_does_not_come_is_given_up():
    desk = Desk()
    try:
        await on_bus(desk.worker, lambda now: None, 50)
        raise AssertionError("carried out by nobody")
    except OSError as e:
        assert e.errno == errno.ETIMEDOUT
    assert len(desk.worker.devices) == 1


async def test_a_job_that_finds_the_bus_stuck_lets_the_worker_free_it():
    desk = Desk()
    desk.run(60)
    desk.bus.stuck_sda = desk.bus.clearable = True
    try:
        await carried_out(desk, answers(desk.worker, 0x20))
        raise AssertionError("a stuck bus has answered")
    except OSError as e:
        assert e.errno == errno.ETIMEDOUT
    desk.run(300)
    assert desk.recoveries and desk.chips[0x20].ready
    assert await carried_out(desk, answers(desk.worker, 0x20))


async def test_a_scan_finds_all_that_answers_and_only_that():
    desk = Desk((0x20, 0x27))
    desk.run(60)
    assert await carried_out(desk, scan(desk.worker)) == [0x20, 0x27]
    assert len(list(table([]))) == 9


# -- names ----------------------------------------------------------------------------------


def test_numbers_are_whole_numbers_or_text_of_them():
    for value, expected in ((5, 5), ("5", 5), ("0x20", 32), (" 0X1f ", 31), ("-1", -1)):
        assert number(value) == expected
    for value in (True, None, 1.0, "", "0x", "1.0", "five", [], {}):
        assert "number" in str(raises(ValueError, number, value))


def test_a_chip_is_found_by_name_or_address_and_on_two_buses_by_name_only():
    one, two = Desk().chips[0x20], Desk().chips[0x20]
    components = {"a": Named("a", one), "b": Named("b", two), "c": object()}
    assert find_component(components, "b").chip is two
    error = raises(ValueError, find_component, components, "0x20")
    assert str(error) == "0x20 is on two buses; say which: a, b"
    for board in ("c", "", "0x21", 0x28, None):
        raises(ValueError, find_component, components, board)


def test_a_pin_is_found_by_number_or_by_the_key_of_its_entity():
    desk = Desk()
    (target,) = desk.outputs(numbers=(5,))
    components = {"a": Named("a", desk.chips[0x20])}
    entities = {b"a/lamp": target, b"a/other": object()}
    assert find_pin(components, entities, "a.5") is target.pin
    assert find_pin(components, entities, "a/lamp") is target.pin
    assert find_pin(components, entities, "0x20.0x5") is target.pin
    assert find_pin(components, entities, "a.6").mask == 64
    for text in ("a", "a.", ".5", "a.16", "b.1", "a/x", "a/other", ""):
        raises(ValueError, find_pin, components, entities, text)


# -- changes --------------------------------------------------------------------------------


def test_a_watch_tells_the_pins_that_have_changed_until_it_ends():
    desk = Desk()
    targets = desk.outputs()
    desk.run(60)
    chip = desk.chips[0x20]
    seen, some = [], []
    watch = ChipWatch(chip, -1, lambda chip, place: seen.append(place))
    ChipWatch(chip, 0b10, lambda chip, place: some.append(place))
    for place in (5, 1, 1, 15):
        targets[place].pin.toggle()
        desk.run(20)
    watch.stop()
    targets[1].pin.toggle()
    desk.run(20)
    assert (seen, some) == ([5, 1, 1, 15], [1, 1, 1])


def test_the_age_of_a_change_is_told_for_five_days():
    desk = Desk(start_ms=(1 << 30) - 5000)
    targets = desk.outputs()
    desk.run(60)
    chip = desk.chips[0x20]
    since = ages(chip, desk.clock)
    assert ages(chip) is since and since.age(3) is None
    targets[3].pin.on()
    desk.run(20)
    for seconds, age in ((0, 0), (10, 10), (86400 * 2, 172810), (86400 * 3, None)):
        desk.clock.us += seconds * 1_000_000
        assert since.age(3) == age
    # Forgotten for good, also when the ticks have wrapped.
    desk.clock.us += 86400 * 8 * 1_000_000
    assert since.age(3) is None


# -- pins of the node's own chip ------------------------------------------------------------


async def test_native_pins_are_listed_read_and_set_by_the_number_of_the_gpio():
    board = attach(Board([]))
    node = FakeNode()
    table = [
        {"pin": 21, "type": "switch", "name": "Pump", "invert": True},
        {"pin": 25, "type": "input", "invert": True},
    ]
    component = await node.start("esp", GPIO(table))
    try:
        components = {"esp": component}
        pump = find_pin(components, {}, "esp.21")
        reasons = []
        command(pump, 1, None, 1500, reasons.append)
        await run_until(lambda: reasons)
        board.drive_pin(25, 0)
        inputs, levels = await read(component.chip)
        listed = list(rows(component, (inputs, levels)))
        assert reasons == [""] and (inputs, levels) == (0b10, 0)
        assert [(row["pin"], row["key"], row["state"]) for row in listed] == [
            (21, "esp/pump", "ON"),
            (25, None, "OFF"),  # until it is debounced
        ]
        error = raises(ValueError, command, find_pin(components, {}, "esp.25"), 1, None, 9, None)
        assert str(error) == "25 is an input, which cannot be set"
        raises(ValueError, find_pin, components, {}, "esp.26")
    finally:
        component.stop()
        for task in node.tasks.values():
            task.cancel()

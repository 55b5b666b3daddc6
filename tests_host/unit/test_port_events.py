# SPDX-License-Identifier: MIT
"""tools/yard/port: interrupts and timers wake an event loop that sleeps."""

import asyncio
import gc
from time import ticks_diff, ticks_ms

import machine
from board_link import attach
from machine import WDT, Pin, Timer

from harness import raises, run_until
from yard.model.board import Board


async def press(board, delay_ms):
    await asyncio.sleep_ms(delay_ms)
    board.drive_pin(5, 1)


async def test_a_flag_that_a_handler_sets_wakes_the_task():
    board = attach(Board([]))
    flag = asyncio.ThreadSafeFlag()
    Pin(5, Pin.IN).irq(lambda p: flag.set())
    task = asyncio.create_task(press(board, 20))
    started = ticks_ms()
    await flag.wait()
    assert ticks_diff(ticks_ms(), started) >= 20
    assert task.done()


async def test_a_flag_that_is_set_already_does_not_wait_and_clears_itself():
    attach(Board([]))
    flag = asyncio.ThreadSafeFlag()
    flag.set()
    await flag.wait()
    try:
        await asyncio.wait_for_ms(flag.wait(), 20)
    except asyncio.TimeoutError:
        return
    raise AssertionError("the flag was still set")


async def test_of_many_flags_those_wake_that_are_set():
    attach(Board([]))
    flags = [asyncio.ThreadSafeFlag() for _ in range(5)]
    woken = []

    async def wait(number):
        await flags[number].wait()
        woken.append(number)

    tasks = [asyncio.create_task(wait(number)) for number in range(5)]
    await asyncio.sleep_ms(0)
    for number in (1, 4, 0):
        flags[number].set()
    await asyncio.sleep_ms(10)
    assert sorted(woken) == [0, 1, 4]
    flags[2].set()
    flags[3].set()
    await asyncio.sleep_ms(10)
    assert sorted(woken) == [0, 1, 2, 3, 4]
    assert all(task.done() for task in tasks)


async def test_a_loop_that_runs_allocates_nothing_for_the_port():
    attach(Board([]))
    flag = asyncio.ThreadSafeFlag()
    task = asyncio.create_task(flag.wait())
    poller = asyncio.core._io_queue.poller
    await asyncio.sleep_ms(0)
    flag.set()
    poller.ipoll(0)
    flag.clear()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(20):
        assert not poller.ipoll(0)
    flag.set()
    for _ in range(20):
        assert poller.ipoll(10)[0][0] is flag
    flag.clear()
    allocated = gc.mem_alloc() - before
    task.cancel()
    assert allocated == 0


async def test_waiting_for_a_flag_can_be_cancelled():
    attach(Board([]))
    flag = asyncio.ThreadSafeFlag()
    task = asyncio.create_task(flag.wait())
    await asyncio.sleep_ms(0)
    task.cancel()
    await asyncio.sleep_ms(0)
    assert task.done()
    flag.set()
    await asyncio.wait_for_ms(flag.wait(), 100)


async def test_a_periodic_timer_calls_until_it_is_stopped():
    attach(Board([]))
    calls = []
    timer = Timer(0)
    timer.init(period=5, mode=Timer.PERIODIC, callback=calls.append)
    await run_until(lambda: len(calls) >= 3)
    assert calls[0] is timer
    timer.deinit()
    count = len(calls)
    await asyncio.sleep_ms(20)
    assert len(calls) == count


async def test_a_one_shot_timer_calls_once():
    attach(Board([]))
    calls = []
    Timer(1, mode=Timer.ONE_SHOT, period=5, callback=calls.append)
    await asyncio.sleep_ms(30)
    assert len(calls) == 1


def test_a_timer_alone_wakes_a_loop_that_waits_without_end():
    attach(Board([]))
    flag = asyncio.ThreadSafeFlag()
    Timer(2, mode=Timer.ONE_SHOT, period=10, callback=lambda t: flag.set())
    asyncio.run(flag.wait())


def test_timers_have_numbers():
    attach(Board([]))
    assert Timer(3) is Timer(3)
    raises(ValueError, Timer, 4)
    raises(TypeError, lambda: Timer(0, period=5, priority=1))


def test_a_timer_ends_with_its_board():
    attach(Board([]))
    calls = []
    Timer(0, period=1, callback=calls.append)
    attach(Board([]))
    asyncio.run(pause(10))
    assert calls == []


async def pause(duration_ms):
    await asyncio.sleep_ms(duration_ms)


def test_idle_lets_interrupts_of_timers_through():
    attach(Board([]))
    calls = []
    Timer(0, mode=Timer.ONE_SHOT, period=1, callback=calls.append)
    started = ticks_ms()
    while not calls and ticks_diff(ticks_ms(), started) < 1000:
        machine.idle()
    assert calls


def test_the_watchdog_is_armed_and_fed():
    import board_link

    attach(Board([]))
    watchdog = WDT(timeout=3000)
    watchdog.feed()
    assert (board_link.link().watchdog_ms, board_link.link().feeds) == (3000, 1)
    raises(ValueError, lambda: WDT(timeout=0))
    raises(ValueError, WDT, 1)
    assert not hasattr(watchdog, "deinit")


def test_reset_and_deep_sleep_end_the_process_with_their_status():
    attach(Board([]))
    assert raises(SystemExit, machine.reset).args[0] == 75
    assert raises(SystemExit, machine.soft_reset).args[0] == 75
    assert raises(SystemExit, machine.deepsleep, 1).args[0] == 76


def test_reset_in_a_task_ends_the_loop():
    attach(Board([]))

    async def task():
        await asyncio.sleep_ms(1)
        machine.reset()

    async def main():
        await asyncio.gather(task(), pause(1000))

    started = ticks_ms()
    assert raises(SystemExit, asyncio.run, main()).args[0] == 75
    assert ticks_diff(ticks_ms(), started) < 900


def test_the_chip_tells_what_it_is():
    board = attach(Board([]))
    assert machine.unique_id() == board.unique_id
    assert machine.reset_cause() == machine.PWRON_RESET == 1
    machine.freq(240_000_000)
    assert machine.freq() == 240_000_000
    raises(ValueError, machine.freq, 1)

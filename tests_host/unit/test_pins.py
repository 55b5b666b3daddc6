# SPDX-License-Identifier: MIT
"""lib/pins.py and lib/pin_irq.py on an expander."""

import asyncio

from harness import raises
from i2c_desk import Desk


def edges(pin, trigger=3):
    """Return (list of the levels that a handler at `pin` saw, its PinIrq)."""
    seen = []
    return seen, pin.irq(lambda pin: seen.append(pin.value()), trigger)


def press(desk, levels):
    for level in levels:
        desk.models[0x20].drive(3, level)
        desk.run(60)


def start():
    desk = Desk()
    pin = desk.inputs(numbers=(3,), invert=True)[0].pin
    desk.run(60)
    return desk, pin


def test_a_handler_is_called_for_the_edges_that_it_wants():
    desk, pin = start()
    both, on, off = edges(pin)[0], edges(pin, 1)[0], edges(pin, 2)[0]
    press(desk, (0, 1, 0))
    assert (both, on, off) == ([1, 0, 1], [1, 1], [0])


def test_a_handler_is_called_for_commands_too():
    desk = Desk()
    target = desk.outputs(numbers=(5,))[0]
    desk.run(60)
    seen, _ = edges(target.pin)
    target.pin.toggle()
    desk.run(60)
    target.pin.off()
    target.pin.off()
    desk.run(60)
    assert seen == [1, 0]


def test_a_level_that_becomes_known_is_no_edge():
    desk = Desk()
    seen, _ = edges(desk.inputs(numbers=(3,), invert=True)[0].pin)
    desk.models[0x20].drive(3, 0)
    desk.run(60)
    assert seen == []


def test_handlers_end_one_by_one_or_all_at_once():
    desk, pin = start()
    first, watch = edges(pin)
    second, _ = edges(pin)
    watch.stop()
    press(desk, (0,))
    pin.irq()
    press(desk, (1,))
    assert (first, second) == ([], [1])


def test_a_handler_can_end_itself():
    desk, pin = start()
    seen = []

    def once(pin):
        seen.append(1)
        watch.stop()

    watch = pin.irq(once)
    others, _ = edges(pin)
    press(desk, (0, 1))
    assert (seen, others) == ([1], [1, 0])


async def test_a_handler_that_fails_is_reported_and_the_others_are_called():
    reported = []
    asyncio.get_event_loop().set_exception_handler(lambda loop, c: reported.append(c["exception"]))
    desk, pin = start()
    error = ValueError("x")

    def fail(pin):
        raise error

    pin.irq(fail)
    seen, _ = edges(pin)
    press(desk, (0,))
    asyncio.get_event_loop().set_exception_handler(None)
    assert (reported, seen) == ([error], [1])


def test_an_input_cannot_be_set():
    _, pin = start()
    assert "input" in str(raises(ValueError, pin.on))

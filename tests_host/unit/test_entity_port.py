# SPDX-License-Identifier: MIT
"""components/entities/port.py: all pins of a chip as one number."""

import asyncio
import json
import random

from entity_desk import Desk
from harness import raises, run_until

KEY = b"chip20/port"


def outputs(count=16, **more):
    return [dict({"pin": pin, "type": "switch"}, **more) for pin in range(count)]


def command(**fields):
    return json.dumps(fields).encode()


async def test_there_is_none_unless_it_is_wanted():
    with Desk() as desk:
        await desk.chip(outputs(2))
        assert KEY not in desk.node.entities


async def test_all_pins_of_the_mask_change_in_one_write():
    with Desk() as desk:
        await desk.chip(outputs(), port=True)
        bus = desk.board.bus.traffic_of[0x20]
        desk.send(KEY, command(mask=0xFF0F, value=0x120A))
        before = bus.transactions
        await run_until(lambda: desk.latch() == 0x120A)
        assert bus.transactions == before + 1
        desk.send(KEY, command(mask="0xF00F", value="0x8005"))
        await run_until(lambda: desk.latch() == 0x8205)
        assert bus.transactions == before + 2


async def test_bits_of_the_value_outside_the_mask_do_not_matter():
    with Desk() as desk:
        await desk.chip(outputs(), port=True)
        desk.send(KEY, command(mask="3", value=0xFFFF))
        await run_until(lambda: desk.latch() == 3)


async def test_the_state_is_every_level_as_a_person_sees_it_once_per_write():
    with Desk() as desk:
        desk.models[0x20].drive(8, 0)
        rows = outputs(4, invert=True) + [{"pin": 8, "type": "binary_sensor", "invert": True}]
        await desk.chip(rows, port=True)
        states = desk.node.states[KEY]
        assert states[-1] == b"256"
        count = len(states)
        desk.send(KEY, command(mask=15, value=5))
        await run_until(lambda: desk.latch() & 15 == 10)
        assert states[count:] == [b"261"]
        desk.models[0x20].drive(8, 1)
        await run_until(lambda: states[-1] == b"5")


async def test_the_entities_of_the_pins_show_it():
    with Desk() as desk:
        await desk.chip(outputs(4), port=True)
        desk.send(KEY, command(mask=15, value=6))
        for pin, state in enumerate((b"OFF", b"ON", b"ON", b"OFF")):
            key = b"chip20/pin%d" % pin
            await run_until(lambda key=key, state=state: desk.node.states[key][-1] == state)


async def test_a_pulse_ends_with_a_write_of_its_pin():
    with Desk() as desk:
        await desk.chip(outputs(4), port=True)
        desk.send(b"chip20/pin1", b"PULSE:60")
        await run_until(lambda: desk.latch() == 2)
        desk.send(KEY, command(mask=3, value=3))
        await run_until(lambda: desk.latch() == 3)
        await asyncio.sleep_ms(150)
        assert desk.latch() == 3


async def test_pins_that_may_not_be_set_are_refused_with_the_reason_and_nothing_changes():
    with Desk() as desk:
        rows = [
            {"pin": 0, "type": "switch"},
            {"pin": 1, "type": "binary_sensor"},
            {"pin": 2, "type": "cover", "id": "blind", "close_pin": 3},
            {"pin": 4, "type": "switch", "interlock": "a"},
            {"pin": 5, "type": "light", "interlock": "a"},
            {"pin": 6, "type": "button", "id": "gate"},
        ]
        rows[2].update({"travel_up": 1, "travel_down": 1})
        await desk.chip(rows, port=True)
        assert desk.faults() == []
        error = raises(ValueError, desk.send, KEY, command(mask=0xFF, value=1))
        assert str(error) == (
            "pin 1 is an input, pin 2 belongs to chip20/blind, pin 3 belongs to chip20/blind,"
            " pin 4 is interlocked, pin 5 is interlocked, pin 6 is a button,"
            " pin 7 is not in the pin table"
        )
        assert desk.latches == []


async def test_a_refusal_says_what_would_be_right():
    with Desk() as desk:
        await desk.chip(outputs(), port=True)
        for payload, reason in (
            (b"7", 'a command for a port is {"mask": ..., "value": ...}'),
            (b"{", "not valid JSON"),
            (b'{"mask": 3}', 'a command for a port is {"mask": ..., "value": ...}'),
            (command(mask=0, value=0), '"mask" names no pin'),
            (command(mask=65536, value=0), '"mask" must be a number from 0 to 65535, also as'),
            (command(mask="0xfg", value=0), '"mask" must be a number from 0 to 65535, also as'),
            (command(mask=True, value=0), '"mask" must be a number from 0 to 65535, also as'),
            (command(mask=1, value=-1), '"value" must be a number from 0 to 65535, also as'),
            (command(mask=1, value=1, x=1), "unknown key 'x'; known are mask, value, ttl, id"),
        ):
            assert str(raises(ValueError, desk.send, KEY, payload)).startswith(reason)


async def test_a_command_that_expires_is_told_by_its_id_and_the_state_published_again():
    with Desk() as desk:
        await desk.chip(outputs(), port=True)
        count = len(desk.node.states[KEY])
        desk.board.bus.nack.add(0x20)
        desk.send(KEY, command(mask=3, value=1, ttl=60, id="x7"))
        told = ("warn", "command", "chip20/port: x7 dropped, expired")
        await run_until(lambda: told in desk.node.log.records)
        await run_until(lambda: desk.node.states[KEY][count:] == [b"0", b"0"])
        assert desk.latch() == 0


async def test_a_command_with_an_id_is_named_in_the_log_when_it_is_done():
    with Desk() as desk:
        await desk.chip(outputs(), port=True)
        desk.send(KEY, command(mask=3, value=1, id="x7"))
        done = ("info", "command", "chip20/port: x7 done")
        await run_until(lambda: done in desk.node.log.records)


async def test_mixed_with_other_commands_the_order_holds():
    random.seed(5)
    with Desk() as desk:
        await desk.chip(outputs(), port=True)
        wanted = 0
        for _ in range(20):
            pin = random.randrange(16)
            desk.send(b"chip20/pin%d" % pin, b"TOGGLE")
            wanted ^= 1 << pin
            mask, value = random.getrandbits(16) | 1, random.getrandbits(16)
            desk.send(KEY, command(mask=mask, value=value))
            wanted = wanted & ~mask | value & mask
        await run_until(lambda: desk.latch() == wanted)
        assert desk.node.states[KEY][-1] == b"%d" % wanted

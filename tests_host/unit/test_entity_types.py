# SPDX-License-Identifier: MIT
"""fan, lock, valve, siren and sensed_switch on the simulated board."""

import asyncio
import random
import time

from entity_desk import Desk
from harness import raises, run_until


def warnings(desk):
    return [text for level, source, text in desk.node.log.records if level == "warn"]


# -- fan ------------------------------------------------------------------------------------


def fan(**more):
    return dict({"pin": 0, "type": "fan", "id": "fan"}, **more)


async def test_a_fan_of_one_pin_is_on_or_off():
    with Desk() as desk:
        await desk.chip([fan()])
        entity = desk.node.entities[b"chip20/fan"]
        assert (entity.platform, entity.options) == ("fan", None)
        assert desk.shown(b"chip20/fan") == b"OFF"
        desk.send(b"chip20/fan", b"ON")
        await run_until(lambda: desk.shown(b"chip20/fan") == b"ON")
        assert desk.latch() == 1


async def test_a_fan_of_several_pins_has_a_speed_for_each():
    with Desk() as desk:
        await desk.chip([fan(speeds=[1, 2], pause=20)])
        entity = desk.node.entities[b"chip20/fan"]
        assert entity.options["spd_rng_max"] == 3
        assert desk.shown(b"chip20/fan") == {"state": "OFF", "speed": 0}
        for payload, speed in (
            (b"ON", 1),
            (b"SPEED:3", 3),
            (b'{"speed": 2}', 2),
            (b"TOGGLE", 0),
            (b"ON", 2),
            (b"SPEED:0", 0),
            (b'{"state": "ON", "speed": 1}', 1),
            (b"OFF", 0),
        ):
            desk.send(b"chip20/fan", payload)
            state = {"state": "ON" if speed else "OFF", "speed": speed}
            await run_until(lambda state=state: desk.shown(b"chip20/fan") == state)
            assert desk.latch() == (1 << speed - 1 if speed else 0)


async def test_between_two_speeds_all_pins_are_off_for_the_pause():
    with Desk() as desk:
        await desk.chip([fan(speeds=[1, 2], pause=60)])
        times = []
        desk.models[0x20].on_latch_change = lambda chip, old, new: times.append(
            (new, time.ticks_ms())
        )
        desk.send(b"chip20/fan", b"ON")
        await run_until(lambda: desk.latch() == 1)
        desk.send(b"chip20/fan", b"SPEED:3")
        await run_until(lambda: desk.latch() == 4)
        assert [latch for latch, _ in times] == [1, 0, 4]
        assert time.ticks_diff(times[2][1], times[1][1]) >= 59


async def test_whatever_is_commanded_at_most_one_speed_is_on():
    random.seed(4)
    with Desk() as desk:
        await desk.chip([fan(speeds=[1, 2, 3], pause=5)])
        for _ in range(60):
            payload = random.choice((b"ON", b"OFF", b"TOGGLE", b"SPEED:%d" % random.randrange(5)))
            desk.send(b"chip20/fan", payload)
            await asyncio.sleep_ms(random.randrange(12))
        desk.send(b"chip20/fan", b"SPEED:4")
        await run_until(lambda: desk.latch() == 8)
        assert len(desk.latches) > 20
        assert all(latch in (0, 1, 2, 4, 8) for _, latch in desk.latches)


async def test_a_speed_that_the_fan_does_not_have_is_refused():
    with Desk() as desk:
        await desk.chip([fan(speeds=[1])])
        for payload in (b"SPEED:3", b"SPEED"):
            error = raises(ValueError, desk.send, b"chip20/fan", payload)
            assert str(error) == "SPEED takes 0 to 2, as in SPEED:1"


async def test_two_speeds_that_are_found_on_are_switched_off():
    with Desk((0x20,)) as desk:
        rows = [{"pin": pin, "type": "switch"} for pin in (0, 1)]
        await desk.chip(rows)
        desk.send(b"chip20/pin0", b"ON")
        desk.send(b"chip20/pin1", b"ON")
        await run_until(lambda: desk.latch() == 3)
        desk.stop()
        desk.restart()
        await desk.chip([fan(speeds=[1])])
        await run_until(lambda: desk.latch() == 0)


# -- lock and valve -------------------------------------------------------------------------


async def test_a_lock_without_feedback_shows_its_output():
    with Desk() as desk:
        await desk.chip([{"pin": 0, "type": "lock", "id": "door"}])
        entity = desk.node.entities[b"chip20/door"]
        assert (entity.platform, entity.options) == ("lock", None)
        assert desk.shown(b"chip20/door") == b"LOCKED"
        desk.send(b"chip20/door", b"UNLOCK")
        await run_until(lambda: desk.shown(b"chip20/door") == b"UNLOCKED")
        assert desk.latch() == 1
        desk.send(b"chip20/door", b"LOCK")
        await run_until(lambda: desk.shown(b"chip20/door") == b"LOCKED")
        assert desk.keys("chip20") == [b"chip20/door"]


async def test_a_door_opener_gives_one_pulse():
    with Desk() as desk:
        await desk.chip([{"pin": 0, "type": "lock", "id": "door", "pulse": 40}])
        assert desk.node.entities[b"chip20/door"].options == {"pl_open": "OPEN"}
        desk.send(b"chip20/door", b"OPEN")
        await run_until(lambda: desk.latches == [(0x20, 1), (0x20, 0)])
        await run_until(lambda: desk.node.states[b"chip20/door"][-1] == b"LOCKED")
        assert b"UNLOCKED" in desk.node.states[b"chip20/door"]


async def test_a_lock_with_feedback_tells_the_way_and_when_it_is_jammed():
    with Desk() as desk:
        row = {"pin": 0, "type": "lock", "id": "door", "feedback": 8, "timeout": 150}
        desk.models[0x20].drive(8, 0)
        await desk.chip([row])
        door, problem = b"chip20/door", b"chip20/door_problem"
        assert (desk.shown(door), desk.shown(problem)) == (b"LOCKED", b"OFF")
        desk.send(door, b"UNLOCK")
        await run_until(lambda: desk.latch() == 1)
        assert desk.shown(door) == b"UNLOCKING"
        desk.models[0x20].drive(8, 1)
        await run_until(lambda: desk.shown(door) == b"UNLOCKED")
        desk.send(door, b"LOCK")
        await run_until(lambda: desk.shown(door) == b"JAMMED", 3000)
        assert desk.latch() == 0
        assert desk.shown(problem) == b"ON"
        assert desk.node.states[problem][-1] == b"ON"
        assert warnings(desk) == ["chip20/door: no effect within 150 ms, tries: 1"]
        # Somebody helps it by hand.
        desk.models[0x20].drive(8, 0)
        await run_until(lambda: desk.node.states[door][-1] == b"LOCKED")
        await run_until(lambda: desk.node.states[problem][-1] == b"OFF")


async def test_a_valve_shows_its_output_or_its_feedback():
    with Desk() as desk:
        rows = [
            {"pin": 0, "type": "valve", "id": "a"},
            {"pin": 1, "type": "valve", "id": "b", "feedback": {"pin": 8, "invert": True}},
        ]
        await desk.chip(rows)
        assert (desk.shown(b"chip20/a"), desk.shown(b"chip20/b")) == (b"closed", b"closed")
        desk.send(b"chip20/a", b"OPEN")
        desk.send(b"chip20/b", b"OPEN")
        await run_until(lambda: desk.latch() == 3)
        assert (desk.shown(b"chip20/a"), desk.shown(b"chip20/b")) == (b"open", b"opening")
        desk.models[0x20].drive(8, 0)
        await run_until(lambda: desk.node.states[b"chip20/b"][-1] == b"open")
        desk.send(b"chip20/a", b"STOP")
        desk.send(b"chip20/b", b"CLOSE")
        await run_until(lambda: desk.latch() == 0)
        assert (desk.shown(b"chip20/a"), desk.shown(b"chip20/b")) == (b"closed", b"closing")


# -- siren ----------------------------------------------------------------------------------


async def test_a_siren_takes_what_home_assistant_sends():
    with Desk() as desk:
        await desk.chip([{"pin": 0, "type": "siren", "id": "siren"}])
        siren = desk.node.entities[b"chip20/siren"]
        asked = []
        siren.pin.chip.submit = lambda target, *rest: asked.append(rest[:2])
        for payload in (
            b'{"state":"ON"}',
            b'{"state":"OFF"}',
            b'{"state":"ON","duration":10}',
            b"DURATION:2",
            b"ON",
        ):
            desk.send(b"chip20/siren", payload)
        assert asked == [(1, 0), (0, 0), (3, 10000), (3, 2000), (1, 0)]
        for payload in (b'{"state":"ON","duration":0}', b"DURATION:3601", b"DURATION"):
            error = raises(ValueError, desk.send, b"chip20/siren", payload)
            assert str(error) == "DURATION takes 1 to 3600 s, as in DURATION:10"


async def test_a_siren_is_off_after_a_restart_of_the_node():
    with Desk() as desk:
        row = {"pin": 0, "type": "siren", "id": "siren"}
        await desk.chip([dict(row)])
        desk.send(b"chip20/siren", b"DURATION:100")
        await run_until(lambda: desk.latch() == 1)
        desk.stop()
        desk.restart()
        await desk.chip([dict(row)])
        assert desk.latch() == 0


# -- sensed_switch --------------------------------------------------------------------------


class PulseRelay:
    """A relay at pin 0 that changes with each pulse, and its contact at pin 8.

    stuck: pulses that it does not follow.
    """

    def __init__(self, model, on=False, stuck=0):
        self.on = on
        self.pulses = 0
        self.stuck = stuck
        self._model = model
        model.on_latch_change = self._changed
        self._drive()

    def _drive(self):
        self._model.drive(8, 1 if self.on else 0)

    def _changed(self, chip, old, new):
        if new & ~old & 1:
            self.pulses += 1
            if self.stuck:
                self.stuck -= 1
            else:
                self.on = not self.on
                self._drive()


def sensed(**more):
    row = {"pin": 0, "type": "sensed_switch", "id": "hall", "feedback": 8}
    row.update({"pulse": 20, "timeout": 120})
    row.update(more)
    return row


async def test_a_pulse_is_given_only_if_the_sensed_state_is_another():
    with Desk() as desk:
        relay = PulseRelay(desk.models[0x20], on=True)
        await desk.chip([sensed()])
        key = b"chip20/hall"
        assert desk.shown(key) == b"ON"
        shown = len(desk.node.states[key])
        desk.send(key, b"ON")
        assert len(desk.node.states[key]) == shown + 1
        desk.send(key, b"OFF")
        await run_until(lambda: desk.node.states[key][-1] == b"OFF")
        await run_until(lambda: desk.latch() == 0)
        assert (relay.on, relay.pulses) == (False, 1)
        desk.send(key, b"OFF")
        desk.send(key, b"TOGGLE")
        await run_until(lambda: desk.shown(key) == b"ON" and desk.latch() == 0)
        assert (relay.on, relay.pulses) == (True, 2)


async def test_somebody_elses_switching_is_seen():
    with Desk() as desk:
        relay = PulseRelay(desk.models[0x20])
        await desk.chip([sensed()])
        desk.models[0x20].drive(8, 1)
        await run_until(lambda: desk.node.states[b"chip20/hall"][-1] == b"ON")
        assert relay.pulses == 0


async def test_a_pulse_without_effect_is_repeated_within_limits():
    with Desk() as desk:
        relay = PulseRelay(desk.models[0x20], stuck=2)
        await desk.chip([sensed()])
        desk.send(b"chip20/hall", b"ON")
        await run_until(lambda: desk.node.states[b"chip20/hall"][-1] == b"ON", 3000)
        await run_until(lambda: desk.latch() == 0)
        assert (relay.pulses, relay.on) == (3, True)
        assert desk.shown(b"chip20/hall_problem") == b"OFF"
        assert warnings(desk) == []


async def test_a_relay_that_never_follows_is_a_problem_until_it_does():
    with Desk() as desk:
        relay = PulseRelay(desk.models[0x20], stuck=3)
        await desk.chip([sensed(retries=2)])
        key, problem = b"chip20/hall", b"chip20/hall_problem"
        desk.send(key, b"ON")
        await run_until(lambda: desk.node.states[problem][-1:] == [b"ON"], 3000)
        assert (relay.pulses, relay.on) == (3, False)
        # Home Assistant falls back to what is real.
        assert desk.node.states[key][-1] == b"OFF"
        assert warnings(desk) == ["chip20/hall: no effect within 120 ms, tries: 3"]
        desk.send(key, b"ON")
        await run_until(lambda: desk.node.states[problem][-1] == b"OFF")
        assert desk.node.states[key][-1] == b"ON"


async def test_a_new_command_ends_the_tries_of_the_old():
    with Desk() as desk:
        relay = PulseRelay(desk.models[0x20], stuck=99)
        await desk.chip([sensed(timeout=60)])
        desk.send(b"chip20/hall", b"ON")
        await run_until(lambda: relay.pulses == 1)
        desk.send(b"chip20/hall", b"OFF")
        await asyncio.sleep_ms(200)
        assert relay.pulses == 1
        assert desk.shown(b"chip20/hall_problem") == b"OFF"


async def test_a_command_that_expires_on_a_dead_bus_is_not_tried_again():
    with Desk() as desk:
        relay = PulseRelay(desk.models[0x20])
        await desk.chip([sensed(timeout=100, ttl=60)])
        desk.board.bus.nack.add(0x20)
        desk.send(b"chip20/hall", b"ON")
        await run_until(lambda: len(warnings(desk)) == 2, 3000)
        assert "chip20/hall: a command dropped, expired" in warnings(desk)
        desk.board.bus.nack.clear()
        await run_until(lambda: desk.node.available["chip20"][-1], 5000)
        await asyncio.sleep_ms(150)
        assert relay.pulses == 0


async def test_nothing_is_done_before_the_state_has_been_sensed():
    with Desk(()) as desk:
        await desk.chip([sensed()])
        error = raises(ValueError, desk.send, b"chip20/hall", b"ON")
        assert str(error) == "its feedback is not known yet"

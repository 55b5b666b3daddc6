# SPDX-License-Identifier: MIT
"""components/sensors/base.py: when a sensor measures, what it returns, publishes and reports."""

import asyncio
import json
import random
import time

from components.sensors import base, common_args
from components.sensors.base import Sensor
from harness import raises, run_until
from node.command import parse
from sensor_desk import Desk


class Description:
    ARGS = {"Room": common_args.common()}


class Room(Sensor):
    """A sensor whose readings the test chooses. Attribute `readings`: how many there were."""

    takes_ms = 0
    answer = None

    def __init__(self, **common):
        super().__init__(**common)
        self.measures("temperature", -40, 125)
        self.measures("humidity", 0, 100, digits=0, offset=2)
        self.readings = 0

    async def read(self):
        self.readings += 1
        await asyncio.sleep_ms(self.takes_ms)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or {"temperature": 21.26, "humidity": 40}


async def started(desk, answer=None, **args):
    """Start a Room that has measured once."""
    Room.answer = answer
    try:
        room = await desk.start(Room, Description, **args)
        await run_until(lambda: room._available is not None)
    finally:
        Room.answer = None
    return room


def command(desk, payload):
    """Do what the session does with a command for the intervals."""
    entity = desk.node.entities[b"x/interval"]
    entity.command(*parse(entity.words, payload))


# -- values ---------------------------------------------------------------------------------


async def test_a_quantity_is_a_coroutine_whatever_the_chip():
    with Desk() as desk:
        room = await started(desk)
        assert await room.temperature() == 21.26
        assert await room.humidity() == 42, "with its offset"
        raises(AttributeError, getattr, room, "pressure")


async def test_a_value_that_is_young_enough_is_not_measured_again():
    with Desk() as desk:
        room = await started(desk)
        await room.temperature()
        await room.temperature(max_age=60)
        assert room.readings == 1


async def test_a_value_that_is_too_old_is_measured_again():
    with Desk() as desk:
        room = await started(desk)
        room.answer = {"temperature": 22}
        assert await room.temperature(max_age=0) == 22
        await asyncio.sleep_ms(20)
        room.answer = {"temperature": 23}
        assert await room.temperature(max_age=0.01) == 23
        assert room.readings == 3


async def test_two_who_ask_at_once_share_one_reading():
    with Desk() as desk:
        room = await started(desk)
        room.takes_ms = 20
        asked = [room.temperature(max_age=0), room.humidity(max_age=0)]
        assert await asyncio.gather(*asked) == [21.26, 42]
        assert room.readings == 2, "the first one at start"


async def test_without_a_good_reading_the_value_is_none():
    with Desk() as desk:
        room = await started(desk, OSError("0x40 does not answer"))
        room.answer = OSError("0x40 does not answer")
        assert await room.temperature() is None
        assert await room.humidity(publish=True) is None
        assert desk.states("humidity") == []


async def test_one_failed_reading_does_not_cost_a_value_that_is_young_enough():
    with Desk() as desk:
        room = await started(desk)
        room.answer = OSError("gone")
        assert await room.temperature(max_age=0) is None
        assert await room.temperature() == 21.26


async def test_a_value_is_forgotten_when_it_is_too_old():
    with Desk() as desk:
        room = await started(desk, max_age=1)
        room.quantities["temperature"].at = time.ticks_add(time.ticks_ms(), -1100)
        room.answer = OSError("gone")
        assert await room.temperature() is None
        assert desk.node.entities[b"x/temperature"].state() is None
        assert desk.node.entities[b"x/humidity"].state() == b"42"


async def test_what_the_chip_cannot_give_is_an_error():
    with Desk() as desk:
        room = await started(desk, {"temperature": 125.1, "humidity": 40})
        room.answer = {"temperature": float("nan"), "humidity": 101}
        assert await room.temperature() is None
        assert await room.humidity() == 42
        assert desk.warnings() == [
            "cannot be measured: temperature 125.1 is not within -40 and 125"
        ]
        assert room.statistics() == {"sensor_errors": 2}


async def test_a_text_in_place_of_a_value_costs_only_that_quantity():
    with Desk() as desk:
        room = await started(desk, {"temperature": "no answer", "humidity": 40})
        assert await room.humidity() == 42
        assert desk.warnings() == ["cannot be measured: no answer"]


async def test_a_fault_is_reported_once_and_so_is_its_end():
    with Desk() as desk:
        room = await started(desk, ValueError("checksum is wrong"))
        room.answer = ValueError("checksum is wrong")
        for _ in range(5):
            await room.update()
        room.answer = None
        assert await room.temperature() == 21.26
        texts = [text for _, _, text in desk.node.log.records]
        assert texts == ["cannot be measured: checksum is wrong", "is measured again"]
        assert room.statistics() == {"sensor_errors": 6}


async def test_a_fault_that_comes_and_goes_is_reported_now_and_then():
    with Desk() as desk:
        room = await started(desk)
        for number in range(60):
            room.answer = ValueError("loose wire") if number % 2 else None
            await room.update()
        assert 2 <= len(desk.warnings()) <= 4


async def test_a_reading_that_is_cancelled_leaves_the_sensor_usable():
    with Desk() as desk:
        room = await started(desk)
        room.takes_ms = 1000
        task = asyncio.create_task(room.update())
        await run_until(lambda: room.readings == 2)
        task.cancel()
        await asyncio.sleep_ms(0)
        room.takes_ms = 0
        assert await room.temperature(max_age=0) == 21.26


async def test_of_several_quantities_of_a_kind_none_is_meant_by_the_kind():
    class Pipes(Room):
        def __init__(self):
            Sensor.__init__(self)
            self.measures("temperature", -40, 125, object_id="flow")
            self.measures("temperature", -40, 125, object_id="return")
            self.measures("humidity", 0, 100, object_id="damp")

    pipes = Pipes()
    raises(AttributeError, getattr, pipes, "temperature")
    for name in ("flow", "return", "damp", "humidity"):
        assert hasattr(pipes, name), name


# -- publishing -----------------------------------------------------------------------------


async def test_home_assistant_knows_unit_class_and_when_a_value_expires():
    with Desk() as desk:
        await started(desk, name="Bath")
        entity = desk.node.entities[b"x/temperature"]
        assert (entity.platform, entity.name, entity.words) == ("sensor", "Bath temperature", None)
        assert entity.options == {
            "unit_of_meas": "°C",
            "dev_cla": "temperature",
            "stat_cla": "measurement",
            "exp_aft": 1261,
        }


async def test_the_first_value_is_published_at_once_with_its_digits():
    with Desk() as desk:
        await started(desk)
        await run_until(lambda: desk.states("humidity"))
        assert desk.states("temperature") == [b"21.3"]
        assert desk.states("humidity") == [b"42"]


async def test_a_first_value_that_comes_late_is_published_when_it_comes():
    with Desk() as desk:
        Room.answer = OSError("not yet")
        room = await desk.start(Room, Description, interval_reading=1)
        await run_until(lambda: room.readings == 1)
        Room.answer = None
        await run_until(lambda: desk.states("temperature") == [b"21.3"], 3000)


async def test_a_value_is_published_when_somebody_asks_for_that():
    with Desk() as desk:
        room = await started(desk)
        await run_until(lambda: desk.states("humidity"))
        await room.temperature(publish=True)
        assert (desk.states("temperature"), room.readings) == ([b"21.3", b"21.3"], 1)
        room.answer = {"temperature": 19}
        await room.temperature(max_age=0, publish=True)
        assert desk.states("temperature") == [b"21.3", b"21.3", b"19.0"]
        assert desk.states("humidity") == [b"42"]


class Clock:
    """The clock of the base: whoever pauses moves it. Attribute `now`, in ms."""

    def __init__(self):
        self.now = 0

    def __enter__(self):
        self._before = base.ticks_ms, base.asyncio
        base.ticks_ms, base.asyncio = lambda: self.now, self
        return self

    def __exit__(self, *_):
        base.ticks_ms, base.asyncio = self._before

    async def sleep_ms(self, ms):
        self.now += ms
        await asyncio.sleep_ms(0)


async def test_reading_and_publishing_have_intervals_of_their_own():
    with Desk() as desk:
        room = await started(desk, interval_reading=20, interval_publish=50)
        with Clock() as clock:
            read, published = [], []

            async def reading():
                read.append(clock.now)
                clock.now += 3000  # that it takes moves nothing
                return {"temperature": 20}

            room.read = reading
            room.quantities["temperature"].publish = lambda: published.append(clock.now)
            desk.node.spawn("x", room._run)
            await run_until(lambda: clock.now > 150000)
            room.stop()
            await run_until(desk.node.tasks["x"].done)
        assert read[:8] == [0, 20000, 40000, 60000, 80000, 100000, 120000, 140000]
        assert published[:4] == [3000, 50000, 103000, 150000], "after a reading that is due, too"


async def test_intervals_are_changed_over_mqtt():
    with Desk() as desk:
        room = await started(desk)
        command(desk, b'{"reading": 30}')
        command(desk, b"PUBLISH:60")
        assert room.intervals() == (30, 60)
        assert json.loads(desk.states("interval")[-1]) == {"reading": 30, "publish": 60}
        assert desk.node.entities[b"x/temperature"].options["exp_aft"] == 127
        assert desk.node.announcements == 2
        await run_until(lambda: room.readings > 1)


async def test_changed_intervals_survive_a_reload_and_a_restart():
    with Desk() as desk:
        await started(desk)
        command(desk, b"READING:30")
        command(desk, b"PUBLISH:60")
        before = desk.node.stored
    for stored in (before, json.loads(json.dumps(before))):
        with Desk() as desk:
            desk.node.stored = stored
            room = await started(desk)
            assert room.intervals() == (30, 60)
            assert desk.node.entities[b"x/temperature"].options["exp_aft"] == 127


async def test_intervals_of_a_configuration_that_is_new_count_more_than_those_of_before():
    with Desk() as desk:
        await started(desk)
        command(desk, b"READING:30")
        stored = desk.node.stored
    with Desk() as desk:
        desk.node.stored = stored
        room = await started(desk, interval_publish=300)
        assert room.intervals() == (120, 300)


async def test_intervals_that_are_as_configured_are_not_kept():
    with Desk() as desk:
        await started(desk)
        command(desk, b"READING:30")
        command(desk, b"READING:120")
        assert [value for value in desk.node.stored.values() if value is not None] == []


async def test_what_is_kept_but_no_intervals_counts_as_nothing():
    for kept in (7, {}, [], [120, 600], [120, 600, 30]):
        with Desk() as desk:
            desk.node.stored = {"intervals x": kept}
            room = await started(desk)
            assert room.intervals() == (120, 600), kept


async def test_an_interval_that_cannot_be_is_refused():
    with Desk() as desk:
        room = await started(desk)
        for payload in (b"READING:0", b"PUBLISH:86401", b"READING"):
            assert "1 to 86400 s" in str(raises(ValueError, command, desk, payload))
        assert room.intervals() == (120, 600)


async def test_a_stopped_sensor_measures_no_more():
    with Desk() as desk:
        room = await started(desk)
        room._intervals.update({4: 0.01, 5: 0.01})
        desk.node.spawn("x", room._run)
        await run_until(lambda: room.readings > 3)
        room.stop()
        await run_until(desk.node.tasks["x"].done)


async def test_by_reference_a_quantity_is_a_sensor_of_its_kind():
    with Desk() as desk:
        await started(desk)
        entity = desk.node.entities[b"x/temperature"]
        assert await entity.temperature() == 21.26
        assert not hasattr(entity, "humidity")


# -- availability ---------------------------------------------------------------------------


async def test_a_sensor_with_a_device_of_its_own_says_whether_it_can_be_measured():
    with Desk() as desk:
        Room.device = {"mdl": "Room"}
        try:
            room = await started(desk, OSError("gone"))
            assert desk.node.available["x"] == [False]
            assert await room.temperature(max_age=0) == 21.26
            assert desk.node.available["x"] == [False, True]
            for quantity in room.quantities.values():
                quantity.at = time.ticks_add(time.ticks_ms(), -300000)
            room.answer = OSError("gone")
            await room.update()
            assert desk.node.available["x"] == [False, True, False]
        finally:
            Room.device = None


async def test_measuring_again_and_again_leaves_no_memory_behind():
    import gc

    with Desk() as desk:
        room = await started(desk)
        await run_until(lambda: desk.states("humidity"))

        async def some(count):
            for _ in range(count):
                await room.update()
            gc.collect()
            return gc.mem_alloc()

        before = await some(20)
        assert await some(100) - before < 512


async def test_whatever_the_readings_are_a_value_is_good_young_and_told_truly():
    """A thousand readings, good and bad, while time passes."""
    random.seed(5)
    answers = (
        {"temperature": 20.0, "humidity": 50},
        {"temperature": 21.0},
        {"humidity": 150},
        {"temperature": -40.1, "humidity": 30},
        {"temperature": float("nan"), "humidity": 30},
        {"temperature": "broken", "humidity": "broken"},
        {},
        ValueError("checksum is wrong"),
        OSError("gone"),
    )
    with Desk() as desk:
        Room.device = {"mdl": "Room"}
        try:
            room = await started(desk, max_age=100)
        finally:
            Room.device = None
        room.device = {"mdl": "Room"}
        errors = 0
        good = {"temperature": 0, "humidity": 0}  # s since the last good reading
        for _ in range(1000):
            answer = random.choice(answers)
            passed = random.choice((0, 10, 70))
            for name, quantity in room.quantities.items():
                quantity.at = time.ticks_add(quantity.at, -1000 * passed)
                good[name] += passed
            bad = isinstance(answer, Exception)
            for name, value in () if bad else answer.items():
                lowest, highest = room.quantities[name].limits
                if not isinstance(value, str) and lowest <= value <= highest:
                    good[name] = 0
                else:
                    bad = True
            errors += bool(bad)
            room.read = lambda answer=answer: answered(answer)
            await room.update()
            for name, quantity in room.quantities.items():
                if good[name] < 100:
                    assert quantity.value is not None, name
                elif good[name] > 100:
                    assert quantity.value is None and quantity.state() is None, name
            known = any(quantity.value is not None for quantity in room.quantities.values())
            assert desk.node.available["x"][-1] is known
        assert room.statistics() == {"sensor_errors": errors}
        told = desk.node.available["x"]
        assert all(a is not b for a, b in zip(told, told[1:])), "only changes are told"
        assert 5 < len(desk.warnings()) <= 1000 // 10 + 1


async def answered(answer):
    if isinstance(answer, Exception):
        raise answer
    return answer

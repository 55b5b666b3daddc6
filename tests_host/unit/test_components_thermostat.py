# SPDX-License-Identifier: MIT
"""components/devices/thermostat.py on the simulated board."""

import asyncio

import schema

from components.devices import thermostat_args
from components.devices.thermostat import Thermostat
from entity_desk import Desk as EntityDesk
from harness import raises, run_until
from node.component import ConfigError

KEY = b"room/climate"


class Sensor:
    """Measures what the test says; an exception is raised. Attribute `asked`: how often."""

    def __init__(self, value):
        self.value = value
        self.asked = 0

    async def temperature(self):
        self.asked += 1
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Desk(EntityDesk):
    """A thermostat whose heater is pin 0 and whose cooler is pin 1 of a chip, unless told."""

    async def room(self, value, **args):
        self.sensor = args.pop("sensor", None) or Sensor(value)
        if "chip20" not in self.components:
            rows = [{"pin": pin, "type": "output"} for pin in (0, 1)]
            await self.chip(rows + [{"pin": 2, "type": "input"}])
        pins = self.components["chip20"]
        if "heater" not in args and "cooler" not in args:
            args.update(heater=pins.pin(0), cooler=pins.pin(1))
        args["sensor"] = self.sensor
        spec = {"type": "dict", "keys": thermostat_args.ARGS["Thermostat"]}
        assert schema.check(args, spec, "") == []
        room = Thermostat(**schema.apply(args, spec))
        room._interval = 0.005
        await self.node.start("room", room)
        self.components["room"] = room
        await run_until(lambda: self.sensor.asked)
        return room

    async def at(self, value):
        """Let the sensor measure `value`, until that has been taken account of."""
        self.sensor.value = value
        asked = self.sensor.asked
        await run_until(lambda: self.sensor.asked > asked + 1)

    async def until(self, latch):
        await run_until(lambda: self.latch() == latch)


def stop(desk):
    desk.components.pop("room").stop()


async def test_it_heats_below_the_target_until_it_is_above():
    with Desk() as desk:
        await desk.room(19, hysteresis=0.5)
        desk.send(KEY, b"heat")
        await desk.until(1)
        await run_until(lambda: desk.shown(KEY)["action"] == "heating")
        await desk.at(20.4)
        assert desk.latch() == 1
        await desk.at(20.5)
        await desk.until(0)
        await desk.at(19.6)
        assert desk.latch() == 0
        assert desk.shown(KEY) == {"mode": "heat", "target": 20, "current": 19.6, "action": "idle"}
        await desk.at(19.5)
        await desk.until(1)


async def test_it_cools_above_the_target_and_never_does_both():
    with Desk() as desk:
        await desk.room(25)
        desk.send(KEY, b"cool")
        await desk.until(2)
        await run_until(lambda: desk.shown(KEY)["action"] == "cooling")
        desk.send(KEY, b"30")
        await desk.until(0)
        desk.send(KEY, b"heat")
        await desk.until(1)
        assert 3 not in [latch for _, latch in desk.latches]


async def test_off_is_off_at_once_although_it_has_a_shortest_time():
    with Desk() as desk:
        await desk.room(10, min_on=3600)
        desk.send(KEY, b"HEAT")
        await desk.until(1)
        await desk.at(30)
        assert desk.latch() == 1  # the shortest time
        desk.send(KEY, b"off")
        await desk.until(0)
        assert desk.shown(KEY)["action"] == "off"


async def test_after_the_start_it_stays_off_for_the_shortest_time():
    with Desk() as desk:
        await desk.room(10, min_off=3600)
        desk.send(KEY, b"heat")
        await desk.at(9)
        assert desk.latch() == 0
        assert desk.shown(KEY)["action"] == "idle"


async def test_without_a_value_everything_is_off_until_there_is_one():
    with Desk() as desk:
        await desk.room(10, min_on=3600)
        desk.send(KEY, b"heat")
        await desk.until(1)
        await desk.at(None)
        await desk.until(0)
        assert desk.shown(KEY)["current"] is None
        await desk.at(None)
        await desk.at(10)
        await desk.until(1)
        texts = [text for _, source, text in desk.node.log.records if source == "room"]
        assert texts == [
            "the sensor gives no temperature; all is off",
            "the sensor gives a temperature again",
        ]


async def test_a_sensor_that_never_answers_is_as_one_without_a_value():
    class Deaf(Sensor):
        async def temperature(self):
            self.asked += 1
            if self.value is None:
                await asyncio.Event().wait()
            return self.value

    limits = []
    wait_for_ms = asyncio.wait_for_ms
    asyncio.wait_for_ms = lambda measured, ms: limits.append(ms) or wait_for_ms(measured, 10)
    try:
        with Desk() as desk:
            await desk.room(10, sensor=Deaf(10))
            desk.send(KEY, b"heat")
            await desk.until(1)
            await desk.at(None)
            await desk.until(0)
    finally:
        asyncio.wait_for_ms = wait_for_ms
    assert set(limits) == {10000}


async def test_when_its_task_fails_everything_is_off():
    with Desk() as desk:
        await desk.room(10)
        desk.send(KEY, b"heat")
        await desk.until(1)
        desk.sensor.value = TypeError("a fault of the sensor")
        task = desk.node.tasks["room"]
        fault = None
        try:
            await task
        except TypeError as e:
            fault = e
        assert fault
        await desk.until(0)


async def test_an_output_that_lost_its_level_is_switched_again():
    with Desk() as desk:
        await desk.room(10)
        desk.send(KEY, b"heat")
        await desk.until(1)
        chip = desk.components["chip20"].chip
        desk.components["chip20"].pin(0).off()
        await run_until(lambda: (0x20, 0) in desk.latches[1:])
        await desk.until(1)
        await run_until(lambda: chip.level & 1)


async def test_mode_and_target_survive_a_restart():
    with Desk() as desk:
        await desk.room(20)
        desk.send(KEY, b'{"mode": "heat", "target": 22.5}')
        stored = desk.node.stored
        desk.stop()
        desk.restart(stored)
        await desk.room(20)
        await desk.until(1)
        assert desk.shown(KEY)["target"] == 22.5
        stop(desk)
        pin = desk.components["chip20"].pin(1)
        desk.node.entities.clear()
        await desk.room(20, cooler=pin)  # which cannot heat
        assert desk.shown(KEY)["mode"] == "off"


async def test_what_cannot_be_is_refused_in_one_line():
    with Desk() as desk:
        await desk.room(20)
        for payload, reason in (
            (b"warm", "'warm' is neither a mode nor a temperature"),
            (b"99", "target is from 5 to 35"),
            (b"nan", "target is from 5 to 35"),
            (b'{"mode": "dry"}', "mode is one of off, cool, heat"),
            (b'{"target": "20"}', "target is from 5 to 35"),
            (b'{"target": null}', "target is from 5 to 35"),
            (b'{"fan": 1}', 'a command has "mode", "target", or both'),
            (b"{}", 'a command has "mode", "target", or both'),
        ):
            assert str(raises(ValueError, desk.send, KEY, payload)) == reason
        assert desk.shown(KEY)["mode"] == "off"


async def test_it_works_with_a_gpio_and_gives_it_back():
    with Desk() as desk:
        await desk.room(10, heater=25, invert=True)
        assert desk.board.pin(25).output == 1
        desk.send(KEY, b"heat")
        await run_until(lambda: desk.board.pin(25).output == 0)
        stop(desk)
        assert desk.board.pin(25).output == 1
        desk.node.entities.clear()
        await desk.room(10, heater=25)


async def test_when_it_is_unloaded_its_outputs_are_off_and_free():
    with Desk() as desk:
        await desk.room(10)
        desk.send(KEY, b"heat")
        await desk.until(1)
        stop(desk)
        await desk.until(0)
        desk.node.entities.clear()
        await desk.room(10)


async def test_what_is_no_sensor_and_no_free_output_is_refused():
    with Desk() as desk:
        await desk.room(10)
        pins = desk.components["chip20"]
        sensor = desk.sensor
        assert raises(ConfigError, Thermostat, object(), 5).key == "sensor"
        assert raises(ConfigError, Thermostat, sensor).key == "heater"
        assert raises(ConfigError, lambda: Thermostat(sensor, 5, target=50)).key == "target"
        for pin, text in (
            (pins.pin(0), "used already"),
            (pins.pin(2), "no output"),
            ("x", "GPIO"),
        ):
            fault = None
            try:
                await desk.node.start("other", Thermostat(sensor, pin))
            except ConfigError as e:
                fault = e
            assert fault.key == "heater" and text in str(fault), fault
        stop(desk)
        for args in ({"heater": 25, "cooler": 25}, {"heater": pins.pin(0), "cooler": pins.pin(0)}):
            fault = None
            try:
                await desk.node.start("other", Thermostat(sensor, **args))
            except ConfigError as e:
                fault = e
            assert fault.key == "cooler"
            desk.node.entities.clear()
            await desk.room(10, heater=args["heater"])  # what it took is free again
            stop(desk)


async def test_one_that_is_refused_leaves_the_outputs_to_the_other():
    with Desk() as desk:
        await desk.room(10)
        desk.send(KEY, b"heat")
        await desk.until(1)
        pins = desk.components["chip20"]
        for given in ({"heater": pins.pin(0)}, {"heater": 25, "cooler": pins.pin(0)}):
            other = Thermostat(desk.sensor, **given)
            try:
                await desk.node.start("other", other)
            except ConfigError as e:
                assert "used already" in str(e)
            else:
                raise AssertionError("not refused")
            other.stop()  # as the loader does then
        await desk.at(10)
        assert desk.latch() == 1


async def test_home_assistant_gets_modes_and_range():
    with Desk() as desk:
        await desk.room(10, heater=25, name="Bath", lowest=7, highest=28)
        entity = desk.node.entities[KEY]
        assert entity.platform == "climate"
        assert entity.options == {"modes": ["off", "heat"], "min_temp": 7, "max_temp": 28}
        assert entity.name == "Bath"

# SPDX-License-Identifier: MIT
"""components/machine/adc.py, pwm.py and servo.py on the simulated board."""

import json

import machine
import schema
from board_link import attach

from components.machine import adc_args, pwm_args, servo_args
from components.machine.adc import ADC
from components.machine.claims import claim
from components.machine.gpio import GPIO
from components.machine.pwm import PWM
from components.machine.servo import Servo
from fake_node import FakeNode
from harness import raises, run_until
from node.command import parse
from node.component import ConfigError
from yard.model.board import Board

_DESCRIPTIONS = {ADC: adc_args, PWM: pwm_args, Servo: servo_args}


class Desk:
    """A board and a node; `with` stops what was started."""

    def __init__(self):
        self.board = attach(Board([]))
        self.node = FakeNode()
        self.started = []

    async def start(self, cls, **args):
        """Start a component "x" with arguments that fit its description, defaults from there."""
        spec = {"type": "dict", "keys": _DESCRIPTIONS[cls].ARGS[cls.__name__]}
        assert schema.check(args, spec, "") == []
        component = cls(**schema.apply(args, spec))
        await self.node.start("x", component)
        self.started.append(component)
        return component

    def command(self, key, payload):
        """Do what the session does with a command."""
        entity = self.node.entities[key]
        entity.command(*parse(entity.words, payload))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for component in self.started:
            component.stop()
        for task in self.node.tasks.values():
            task.cancel()


async def refusal(cls, **args):
    """Return (key, text) of the ConfigError that starting gives."""
    with Desk() as desk:
        try:
            await desk.start(cls, **args)
        except ConfigError as e:
            return e.key, str(e)
    raise AssertionError("not refused")


# -- ADC ------------------------------------------------------------------------------------


async def test_a_voltage_is_published():
    with Desk() as desk:
        desk.board.analog[34] = 0x8000
        await desk.start(ADC, pin=34, name="Battery", device_class="voltage")
        await run_until(lambda: desk.node.states[b"x/value"])
        assert desk.node.states[b"x/value"] == [b"1.23"], "half of 2.45 V"
        sensor = desk.node.entities[b"x/value"]
        assert (sensor.platform, sensor.name, sensor.words) == ("sensor", "Battery", None)
        keys = {"unit_of_meas": "V", "dev_cla": "voltage", "stat_cla": "measurement"}
        keys["exp_aft"] = 64
        assert sensor.options == keys


async def test_a_value_is_scaled_shifted_and_rounded():
    with Desk() as desk:
        desk.board.analog[34] = 0xFFFF
        args = {"attenuation": "0dB", "scale": 100, "offset": -50.5, "digits": 1, "unit": "°C"}
        await desk.start(ADC, pin=34, **args)
        await run_until(lambda: desk.node.states[b"x/value"] == [b"44.5"])


async def test_a_value_is_the_mean_of_several_readings():
    with Desk() as desk:
        adc = await desk.start(ADC, pin=34, samples=4, digits=0)
        readings = [1000000, 2000000, 3000000, 4000000]
        adc._adc = machine.ADC(34)
        adc._adc.read_uv = readings.pop
        assert await adc.read() == {"value": 2.5}


async def test_a_value_is_published_at_its_interval():
    with Desk() as desk:
        await desk.start(ADC, pin=34, interval=0.1)
        await run_until(lambda: len(desk.node.states[b"x/value"]) == 3)


async def test_a_change_beyond_the_threshold_is_published_at_once():
    with Desk() as desk:
        await desk.start(ADC, pin=34, threshold=0.5, check_ms=10)
        states = desk.node.states[b"x/value"]
        await run_until(lambda: states == [b"0.00"])
        desk.board.analog[34] = 0x1000  # 0.15 V
        desk.board.analog[34] = 0x8000
        await run_until(lambda: states == [b"0.00", b"1.23"])


async def test_what_cannot_be_measured_is_logged_and_counted():
    with Desk() as desk:
        adc = await desk.start(ADC, pin=34, interval=0.1)
        await run_until(lambda: desk.node.states[b"x/value"])

        class Broken:
            def read_uv(self):
                raise OSError(5)

        adc._adc = Broken()
        await run_until(lambda: adc.statistics()["sensor_errors"] > 1)
        assert desk.node.log.records == [("warn", "x", "cannot be measured: [Errno 5] EIO")]


async def test_by_reference_it_is_a_sensor_of_what_it_stands_for():
    with Desk() as desk:
        desk.board.analog[34] = 0xFFFF
        args = {"device_class": "temperature", "unit": "°C", "scale": 100, "offset": -50}
        adc = await desk.start(ADC, pin=34, **args)
        assert abs(await adc.temperature() - 195) < 0.001
        assert not hasattr(adc, "humidity")


async def test_a_pin_that_wifi_takes_or_that_does_not_exist_is_refused():
    for gpio in (4, 27):
        key, text = await refusal(ADC, pin=gpio)
        assert key == "pin" and "while Wi-Fi is on; only 32 to 39 can" in text
    assert await refusal(ADC, pin=48) == ("pin", "GPIO 48: invalid pin")


# -- PWM ------------------------------------------------------------------------------------


def shown(desk):
    """Return the newest state of the light, and what is on its pin."""
    return json.loads(desk.node.states[b"x/light"][-1]), desk.board.pin(21).pwm


async def test_a_light_is_off_at_the_start_and_takes_a_brightness():
    with Desk() as desk:
        await desk.start(PWM, pin=21, name="Shelf", freq=500)
        assert desk.board.pin(21).pwm == (500, 0)
        for payload, state, brightness, duty in (
            (b'{"state":"ON"}', "ON", 255, 65535),
            (b'{"state":"ON","brightness":128}', "ON", 128, 128 * 257),
            (b"OFF", "OFF", 128, 0),
            (b"TOGGLE", "ON", 128, 128 * 257),
            (b"BRIGHTNESS:1", "ON", 1, 257),
            (b'{"brightness":0}', "OFF", 1, 0),
            (b"ON", "ON", 1, 257),
        ):
            desk.command(b"x/light", payload)
            expected = {"state": state, "brightness": brightness}
            assert shown(desk) == (expected, (500, duty)), payload


async def test_a_light_is_announced_with_brightness():
    with Desk() as desk:
        await desk.start(PWM, pin=21, icon="mdi:lamp")
        light = desk.node.entities[b"x/light"]
        assert (light.platform, light.options) == ("light", {"ic": "mdi:lamp"})
        assert light.config["schema"] == "json" and light.config["brightness"]
        assert light.config["trns"] is light.config["flsh"] is False, "no command has them"


async def test_an_inverted_light_is_off_at_a_high_level_from_the_first_moment():
    with Desk() as desk:
        duties = []
        desk.board.pin(21)
        before = machine.PWM

        class Noted(before):
            def _init(self, freq, duty, duty_u16, duty_ns):
                duties.append(duty_u16)
                super()._init(freq, duty, duty_u16, duty_ns)

        machine.PWM = Noted
        try:
            await desk.start(PWM, pin=21, invert=True)
        finally:
            machine.PWM = before
        assert duties == [65535]
        desk.command(b"x/light", b"BRIGHTNESS:255")
        assert desk.board.pin(21).pwm[1] == 0


async def test_a_light_can_be_on_at_the_start():
    with Desk() as desk:
        await desk.start(PWM, pin=21, restore="on")
        assert desk.board.pin(21).pwm[1] == 65535


async def test_a_light_can_be_what_it_was_before_the_restart():
    stored = {}
    for at_start, command in (
        (0, b"BRIGHTNESS:20"),
        (20 * 257, b"OFF"),
        (0, b"ON"),
        (20 * 257, b"TOGGLE"),
    ):
        with Desk() as desk:
            desk.node.stored = json.loads(json.dumps(stored))
            await desk.start(PWM, pin=21, restore="last")
            assert desk.board.pin(21).pwm[1] == at_start
            desk.command(b"x/light", command)
            stored = desk.node.stored


async def test_a_brightness_that_cannot_be_changes_nothing():
    with Desk() as desk:
        await desk.start(PWM, pin=21)
        for payload in (b"BRIGHTNESS:256", b"BRIGHTNESS"):
            assert "0 to 255" in str(raises(ValueError, desk.command, b"x/light", payload))
        assert desk.board.pin(21).pwm[1] == 0


async def test_a_pin_that_cannot_be_a_light_is_refused():
    assert await refusal(PWM, pin=35) == ("pin", "GPIO 35 can only be an input")
    key, text = await refusal(PWM, pin=12)
    assert key == "pin" and '"allow_unsafe" overrides this' in text
    with Desk() as desk:
        await desk.start(PWM, pin=12, allow_unsafe=True)
        desk.started.append(await desk.node.start("esp", GPIO([{"pin": 12, "type": "switch"}])))
        assert len(desk.node.faults) == 1
        claim("GPIO 12", "x", "pin")


# -- servo ----------------------------------------------------------------------------------


def pulse_us(desk):
    """Return the length of the pulses on the pin of the servo, to 10 us."""
    freq, duty = desk.board.pin(19).pwm
    assert freq == 50
    return round(duty * 20000 / 65535, -1)


async def test_a_servo_moves_only_when_it_is_told_to():
    with Desk() as desk:
        await desk.start(Servo, pin=19, name="Flap")
        assert desk.board.pin(19).pwm is None
        assert desk.node.entities[b"x/angle"].state() is None
        for payload, us, state in (
            (b"ANGLE:90", 1500, b"90"),
            (b"ANGLE:0", 1000, b"0"),
            (b'{"angle":180}', 2000, b"180"),
        ):
            desk.command(b"x/angle", payload)
            assert (pulse_us(desk), desk.node.states[b"x/angle"][-1]) == (us, state)


async def test_a_servo_has_the_ranges_that_it_is_given():
    with Desk() as desk:
        await desk.start(Servo, pin=19, angle=270, min_us=2500, max_us=500, restore=0)
        assert pulse_us(desk) == 2500
        desk.command(b"x/angle", b"ANGLE:270")
        assert pulse_us(desk) == 500
        number = desk.node.entities[b"x/angle"]
        assert number.platform == "number"
        assert number.config == {"cmd_tpl": "ANGLE:{{ value }}", "mode": "slider"}
        assert number.options == {"min": 0, "max": 270, "unit_of_meas": "°"}


async def test_a_servo_can_be_without_power_after_a_move():
    with Desk() as desk:
        await desk.start(Servo, pin=19, off_ms=30)
        desk.command(b"x/angle", b"ANGLE:90")
        assert pulse_us(desk) == 1500
        await run_until(lambda: desk.board.pin(19).pwm == (50, 0))
        desk.command(b"x/angle", b"ANGLE:0")
        assert pulse_us(desk) == 1000


async def test_an_angle_that_cannot_be_changes_nothing():
    with Desk() as desk:
        await desk.start(Servo, pin=19)
        assert "0 to 180" in str(raises(ValueError, desk.command, b"x/angle", b"ANGLE:181"))
        assert "ANGLE:90" in str(raises(ValueError, desk.command, b"x/angle", b"ANGLE"))
        assert desk.board.pin(19).pwm is None
    assert "more than the angle" in str(raises(ConfigError, lambda: Servo(19, restore=181)))


async def test_a_servo_on_a_pin_of_another_component_is_refused():
    with Desk() as desk:
        claim("GPIO 19", "other", "pin")
        try:
            await desk.start(Servo, pin=19)
            raise AssertionError("not refused")
        except ConfigError as e:
            assert (e.key, str(e)) == ("pin", 'GPIO 19 is used by "other" already')

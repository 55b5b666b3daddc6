# SPDX-License-Identifier: MIT
"""components/devices/led.py and buzzer.py on the simulated board."""

import asyncio

import schema

from components.devices import buzzer_args, led_args
from components.devices.buzzer import Buzzer
from components.devices.led import LED
from entity_desk import Desk as EntityDesk
from harness import raises, run_until
from node.component import ConfigError

GPIO = 25
LED_KEY, BUZZER_KEY = b"x/led", b"x/buzzer"


class Desk(EntityDesk):
    """Attribute `edges`: the levels of GPIO 25 in order."""

    def __init__(self):
        super().__init__()
        self.edges = []
        self.board.pin_listeners.append(self._edge)

    def _edge(self, gpio, level):
        if gpio == GPIO:
            self.edges.append(level)

    async def device(self, cls, description, **args):
        args.setdefault("pin", GPIO)
        spec = {"type": "dict", "keys": description.ARGS[cls.__name__]}
        assert schema.check(args, spec, "") == []
        device = cls(**schema.apply(args, spec))
        self.components["x"] = await self.node.start("x", device)
        return device

    async def led(self, **args):
        return await self.device(LED, led_args, **args)

    async def buzzer(self, **args):
        return await self.device(Buzzer, buzzer_args, **args)

    def level(self):
        return self.board.pin(GPIO).level()


async def test_a_led_is_a_light():
    with Desk() as desk:
        await desk.led(name="Eye")
        entity = desk.node.entities[LED_KEY]
        assert (entity.platform, entity.name) == ("light", "Eye")
        assert entity.options == {"fx_list": ["blink", "fast", "flash"]}
        for word, level in ((b"ON", 1), (b"off", 0), (b"TOGGLE", 1), (b'{"state": "OFF"}', 0)):
            desk.send(LED_KEY, word)
            assert desk.level() == level
            assert desk.shown(LED_KEY) == (b"ON" if level else b"OFF")


async def test_a_pattern_is_played_and_shown_as_on_until_it_ends():
    with Desk() as desk:
        await desk.led(patterns={"Three": [4, 3, 6]})
        desk.send(LED_KEY, b"three")
        await run_until(lambda: desk.edges == [1, 0] * 3)
        assert desk.node.states[LED_KEY] == [b"OFF", b"ON", b"OFF"]


async def test_it_blinks_until_it_is_switched_off_or_does_something_else():
    with Desk() as desk:
        led = await desk.led(patterns={"blink": [3, 0, 3], "once": [5, 1, 5]})
        led.play("blink")
        await run_until(lambda: len(desk.edges) > 20)
        desk.send(LED_KEY, b"ON")
        assert desk.shown(LED_KEY) == b"ON"
        desk.edges.clear()
        led.play("once")
        await run_until(lambda: desk.shown(LED_KEY) == b"OFF")
        assert desk.edges == [0, 1, 0]
        led.play("blink")
        await run_until(lambda: len(desk.edges) > 9)
        led.off()
        assert (desk.level(), desk.shown(LED_KEY)) == (0, b"OFF")


async def test_it_works_on_a_pin_of_a_chip_and_with_an_inverted_gpio():
    with Desk() as desk:
        chip = await desk.chip([{"pin": 3, "type": "output"}])
        led = await desk.led(pin=chip.pin(3), patterns={"two": [5, 2, 5]})
        led.play("two")
        await run_until(lambda: len(desk.latches) >= 4)
        assert [latch for _, latch in desk.latches] == [8, 0, 8, 0]
        desk.components.pop("x").stop()
        desk.node.entities.clear()
        await desk.led(invert=True)
        assert desk.level() == 1
        desk.send(LED_KEY, b"ON")
        assert desk.level() == 0


async def test_what_a_led_does_not_know_is_refused():
    with Desk() as desk:
        led = await desk.led()
        known = "known are on, off, toggle, blink, fast, flash"
        for payload, reason in (
            (b"glow", "unknown command 'glow'; " + known),
            (b'{"state": "ON", "duration": 3}', "unknown key duration"),
        ):
            assert str(raises(ValueError, desk.send, LED_KEY, payload)) == reason
        assert "no pattern" in str(raises(ValueError, led.play, "glow"))
        for pattern in ([1, 2], [0, 1, 1], [1, -1, 1], [1, 1, "2"], 5, [1, True, 1]):
            fault = raises(ConfigError, LED, GPIO, None, {"p": pattern})
            assert fault.key == "patterns", pattern


async def test_an_output_that_is_used_already_is_refused():
    with Desk() as desk:
        chip = await desk.chip([{"pin": 3, "type": "switch"}, {"pin": 4, "type": "input"}])
        for pin in (chip.pin(3), chip.pin(4), "x"):
            fault = None
            try:
                await desk.node.start("y", LED(pin))
            except ConfigError as e:
                fault = e
            assert fault and fault.key == "pin"


async def test_one_that_is_refused_leaves_the_output_to_the_other():
    with Desk() as desk:
        chip = await desk.chip([{"pin": 3, "type": "output"}])
        for pin, level in ((chip.pin(3), lambda: desk.latch() >> 3 & 1), (GPIO, desk.level)):
            led = await desk.led(pin=pin)
            led.on()
            await run_until(level)
            other = Buzzer(pin)
            try:
                await desk.node.start("y", other)
            except ConfigError as e:
                assert e.key == "pin"
            else:
                raise AssertionError("not refused")
            other.stop()  # as the loader does then
            await asyncio.sleep_ms(30)
            assert level() and desk.shown(LED_KEY) == b"ON"
            led.off()
            await run_until(lambda: desk.shown(LED_KEY) == b"OFF")
            desk.components.pop("x").stop()
            desk.node.entities.clear()


async def test_a_buzzer_is_a_siren_with_tones():
    with Desk() as desk:
        buzzer = await desk.buzzer(patterns={"alarm": [4, 0, 4], "beep": [5, 1, 5]})
        entity = desk.node.entities[BUZZER_KEY]
        assert (entity.platform, entity.options) == ("siren", {"av_tones": ["alarm", "beep"]})
        desk.send(BUZZER_KEY, b'{"state": "ON", "tone": "beep"}')
        await run_until(lambda: desk.edges == [1, 0])
        desk.send(BUZZER_KEY, b"ON")
        await run_until(lambda: len(desk.edges) > 8)
        assert desk.shown(BUZZER_KEY) == b"ON"
        desk.send(BUZZER_KEY, b"TOGGLE")
        assert (desk.level(), desk.shown(BUZZER_KEY)) == (0, b"OFF")
        desk.send(BUZZER_KEY, b"TOGGLE")
        assert desk.shown(BUZZER_KEY) == b"ON"
        desk.send(BUZZER_KEY, b"OFF")
        desk.edges.clear()
        buzzer.play("beep")
        await run_until(lambda: desk.edges == [1, 0])


async def test_a_duration_ends_a_tone():
    with Desk() as desk:
        await desk.buzzer(patterns={"alarm": [100, 0, 150], "tone": [60000, 1, 1]})
        desk.send(BUZZER_KEY, b'{"state": "ON", "duration": 1}')
        await run_until(lambda: desk.edges == [1, 0] * 4, 2000)
        await run_until(lambda: desk.shown(BUZZER_KEY) == b"OFF")
        desk.edges.clear()
        desk.send(BUZZER_KEY, b'{"tone": "tone", "duration": 1}')
        await run_until(lambda: desk.edges == [1, 0], 2000)


async def test_what_a_buzzer_does_not_know_is_refused():
    with Desk() as desk:
        await desk.buzzer()
        for payload, reason in (
            (b'{"tone": "song"}', "there is no tone song"),
            (b'{"tone": ["beep"]}', "there is no tone ['beep']"),
            (b'{"duration": 0}', "duration is 1 to 3600 s"),
            (b'{"volume_level": 1}', "unknown key volume_level"),
        ):
            assert str(raises(ValueError, desk.send, BUZZER_KEY, payload)) == reason
        assert raises(ConfigError, Buzzer, GPIO, None, None, "song").key == "tone"

# SPDX-License-Identifier: MIT
"""components/machine: the buttons restart and identify, and the status LED."""

import asyncio

import schema
from board_link import attach

from components.machine import identify, restart_args, status_led, status_led_args
from components.machine.gpio import GPIO
from components.machine.identify import Identify
from components.machine.identify_args import ARGS
from components.machine.restart import Restart
from components.machine.status_led import StatusLED
from fake_node import FakeNode
from harness import run_until
from node.component import ConfigError
from scripted_time import ScriptedTime
from yard.model.board import Board


class FakeBus:
    def __init__(self):
        self.answers = True

    def alive(self):
        return self.answers


class Link:
    """Stands for Wi-Fi and session."""

    def __init__(self):
        self.connected = asyncio.Event()
        self.online = False


class Desk:
    """A board and a node with a link and a bus. Attribute `edges`: (GPIO, level)."""

    def __init__(self):
        self.board = attach(Board([]))
        self.edges = []
        self.board.pin_listeners.append(lambda gpio, level: self.edges.append((gpio, level)))
        self.node = FakeNode()
        self.link = self.node.wifi = self.node.session = Link()
        self.bus = FakeBus()
        self.node.components = {"i2c": self.bus, "plain": object()}
        self.started = []

    async def start(self, name, component):
        await self.node.start(name, component)
        self.started.append(component)
        return component

    def press(self, key):
        entity = self.node.entities[key]
        entity.command(entity.words[b"PRESS"], None, None, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for task in self.node.tasks.values():
            task.cancel()
        for component in reversed(self.started):
            component.stop()


async def test_the_restart_button_restarts_after_what_is_to_be_sent_has_left():
    with Desk() as desk:
        reasons = []
        desk.node.restart = reasons.append
        await desk.start("again", Restart())
        button = desk.node.entities[b"again/restart"]
        assert (button.platform, button.leaf) == ("button", None)
        assert button.options["dev_cla"] == "restart"
        desk.press(b"again/restart")
        assert reasons == []
        await run_until(lambda: reasons)
        assert reasons == ["button again"]
        assert desk.node.log.records == [("warn", "again", "the node restarts")]


async def test_the_lamp_blinks_and_is_then_as_it_was():
    with Desk() as desk:
        esp = await desk.start("esp", GPIO([{"pin": 21, "type": "switch", "id": "lamp"}]))
        await desk.start("find", Identify(esp.pin(21), seconds=1))
        lamp = desk.node.entities[b"esp/lamp"]
        for level in (0, 1):
            lamp.pin.value(level)
            desk.edges.clear()
            desk.press(b"find/identify")
            await run_until(desk.node.tasks["find"].done, 3000)
            assert lamp.pin.value() == level
            assert desk.edges.count((21, 1)) >= 4


async def test_a_second_press_while_it_blinks_leaves_the_lamp_as_it_was_too():
    with Desk() as desk:
        await desk.start("find", Identify(21, seconds=1))
        desk.press(b"find/identify")
        await run_until(lambda: desk.edges and desk.edges[-1] == (21, 1))
        desk.press(b"find/identify")
        await run_until(desk.node.tasks["find"].done, 3000)
        assert desk.edges[-1] == (21, 0)


async def test_a_lamp_may_be_on_when_its_gpio_is_low():
    with Desk() as desk:
        await desk.start("find", Identify(21, invert=True, seconds=1))
        desk.edges.clear()
        desk.press(b"find/identify")
        await run_until(lambda: desk.edges)
        assert desk.edges[0] == (21, 0)


async def test_a_lamp_is_off_from_the_start():
    with Desk() as desk:
        await desk.start("find", Identify(21, invert=True))
        assert desk.board.pin_read(21) == 1 and (21, 0) not in desk.edges
        await desk.start("other", Identify(19))
        assert desk.board.pin_read(19) == 0


async def test_a_gpio_that_cannot_drive_is_refused():
    with Desk() as desk:
        try:
            await desk.start("find", Identify(34))
        except ConfigError as e:
            assert e.key == "pin"
        else:
            raise AssertionError("not refused")
        assert desk.node.entities == {}


async def test_the_status_led_tells_what_is_missing_the_nearest_first():
    with Desk() as desk:
        led = await desk.start("led", StatusLED(2))
        desk.bus.answers = False
        assert led.code() == 2
        desk.link.connected.set()
        assert led.code() == 3
        desk.link.online = True
        assert led.code() == 4
        desk.bus.answers = True
        assert led.code() == 1
        desk.link.connected.clear()
        assert led.code() == 2
        desk.node.wifi = None  # the MQTT client sees to the network
        assert led.code() == 1
        desk.node.session = None
        assert led.code() == 3


async def test_the_status_led_flashes_its_code_and_goes_on_after_identify():
    with Desk() as desk, ScriptedTime(identify, status_led) as clock:

        async def until_the_pause():
            await run_until(lambda: 1500 in clock.pauses)
            return clock.pauses[: clock.pauses.index(1500)]

        await desk.start("led", StatusLED(4, seconds=1))
        assert await until_the_pause() == [100, 300] * 2
        first = desk.edges.index((4, 1))
        assert desk.edges[first : first + 4] == [(4, 1), (4, 0)] * 2
        desk.press(b"led/identify")
        clock.pauses.clear()
        desk.link.connected.set()
        assert await until_the_pause() == [100, 100] * 5 + [100, 300] * 3


def test_the_arguments_are_described():
    for args in (ARGS["Identify"], status_led_args.ARGS["StatusLED"]):
        spec = {"type": "dict", "keys": args}
        assert schema.check({"pin": "@esp.2", "invert": True, "seconds": 5}, spec, "") == []
        assert schema.check({"pin": 2, "seconds": 0}, spec, "") != []
        assert schema.check({}, spec, "") == ["pin: required, but missing"]
    assert restart_args.ARGS == {"Restart": {}}

# SPDX-License-Identifier: MIT
"""components/entities/event.py and components/pins/presses.py on the simulated board."""

import asyncio
import json
import time

from harness import run_until
from test_components_mcp23017 import Desk, row

ALL = ["single", "double", "triple", "long", "long_release"]


class Session:
    """What an event needs of a session; `room`: how many messages it takes."""

    def __init__(self):
        self.online = True
        self.room = 99
        self.sent = []

    def send(self, topic, payload):
        if not self.online or not self.room:
            return False
        self.room -= 1
        self.sent.append((topic.decode(), json.loads(payload)["event_type"]))
        return True

    def kinds(self):
        return [kind for _, kind in self.sent]


class Pressed(Desk):
    """A desk with a session, whose button is on pin 3."""

    def __init__(self):
        super().__init__()
        self.node.session = self.session = Session()
        self.node.base = "home/desk/"
        self.counts = {}
        self.node.count = lambda name, amount=1: self.counts.__setitem__(name, amount)

    async def start(self, kind="event", **more):
        await self.chip([row(3, kind, id="bell", invert=True, debounce=0, **more)], poll_ms=1)

    async def press(self, ms):
        for level, pause in ((0, ms), (1, 20)):
            self.models[0x20].drive(3, level)
            await asyncio.sleep_ms(pause)

    def config(self, key):
        entity = self.node.entities[key]
        return entity.platform, entity.options


async def faults(**more):
    with Pressed() as desk:
        await desk.start(**more)
        return [text for _, _, text in desk.node.faults], sorted(desk.node.entities)


async def test_a_row_of_the_type_event_tells_presses_with_events_of_its_own():
    with Pressed() as desk:
        await desk.start(long=100, double=50)
        assert not desk.node.faults, desk.node.faults
        assert desk.config(b"chip20/bell") == ("event", {"evt_typ": ALL})
        await desk.press(20)
        await run_until(lambda: desk.session.sent)
        await desk.press(200)
        await run_until(lambda: len(desk.session.sent) == 3)
        assert desk.session.kinds() == ["single", "long", "long_release"]
        assert {topic for topic, _ in desk.session.sent} == {"home/desk/chip20/bell/event"}
        assert desk.node.entities[b"chip20/bell"].state() is None


async def test_a_binary_sensor_can_have_events_beside_it():
    with Pressed() as desk:
        await desk.start("binary_sensor", name="Bell", events=["press", "release"])
        assert not desk.node.faults, desk.node.faults
        assert desk.config(b"chip20/bell")[0] == "binary_sensor"
        assert desk.config(b"chip20/bell_presses")[1]["evt_typ"] == ["press", "release"]
        await desk.press(20)
        await run_until(lambda: len(desk.session.sent) == 2)
        assert desk.session.sent[0] == ("home/desk/chip20/bell_presses/event", "press")
        assert desk.node.states[b"chip20/bell"][-2:] == [b"ON", b"OFF"]


async def test_the_device_class_of_the_row_counts():
    with Pressed() as desk:
        await desk.start(device_class="doorbell")
        assert desk.config(b"chip20/bell")[1]["dev_cla"] == "doorbell"


async def test_no_event_is_kept_while_there_is_no_link():
    with Pressed() as desk:
        await desk.start(events=["press"])
        desk.session.online = False
        await desk.press(20)
        desk.session.online = True
        await desk.press(20)
        await run_until(lambda: desk.session.sent)
        await asyncio.sleep_ms(60)
        assert desk.session.kinds() == ["press"]


async def test_a_node_without_broker_has_buttons_all_the_same():
    with Pressed() as desk:
        desk.node.session = None
        await desk.start(events=["press"])
        await desk.press(20)


async def test_events_for_which_there_is_no_room_follow_in_order():
    with Pressed() as desk:
        await desk.start(events=["press", "release"])
        desk.session.room = 0
        await desk.press(20)
        desk.session.room = 99
        await run_until(lambda: len(desk.session.sent) == 2)
        assert desk.session.kinds() == ["press", "release"]


async def test_events_for_which_there_is_no_room_for_long_are_forgotten_and_counted():
    with Pressed() as desk:
        await desk.start(events=["press"])
        desk.session.room = 0
        start = time.ticks_ms()
        await desk.press(20)
        await run_until(lambda: desk.counts, 5000)
        assert desk.counts == {"events_lost": 1}
        assert time.ticks_diff(time.ticks_ms(), start) >= 1000
        desk.session.room = 99
        await desk.press(20)
        await run_until(lambda: desk.session.sent)
        assert desk.session.kinds() == ["press"]


async def test_triggers_are_announced_with_the_event():
    with Pressed() as desk:
        await desk.start(events=["single", "press"], triggers=True)
        found = dict(desk.node.entities[b"chip20/bell"].announce("home/desk/"))
        assert sorted(found) == ["chip20_bell_press", "chip20_bell_single"]
        assert found["chip20_bell_single"] == {
            "p": "device_automation",
            "atype": "trigger",
            "t": "home/desk/chip20/bell/event",
            "type": "button_short_press",
            "stype": "bell",
            "val_tpl": "{{ value_json.event_type }}",
            "pl": "single",
        }
        assert found["chip20_bell_press"]["type"] == "press"


async def test_without_triggers_none_are_announced():
    with Pressed() as desk:
        await desk.start()
        assert list(desk.node.entities[b"chip20/bell"].announce("home/desk/")) == []


async def test_the_times_of_a_pin_count_without_events_too():
    with Pressed() as desk:
        await desk.start("input", long=70, double=60)
        pin = desk.started[-1].pin(3)
        presses = desk.node.presses.of(pin)
        assert (pin.number, presses.long_ms, presses.double_ms) == (3, 70, 60)


async def test_a_table_without_presses_starts_nothing_for_them():
    with Pressed() as desk:
        await desk.start("binary_sensor")
        assert desk.node.presses is None and "presses" not in desk.node.tasks


async def test_a_wrong_list_of_events_is_refused():
    for events in (["quadruple"], [], "single", 3):
        (fault,), _ = await faults(kind="event", events=events)
        assert fault.startswith("pins[0].events: expected true or a list of some of press, ")
    (fault,), _ = await faults(kind="event", events=False)
    assert fault.startswith("pins[0].events: ")


async def test_an_input_without_entity_has_no_events():
    (fault,), _ = await faults(kind="input", events=True)
    assert fault.startswith("pins[0].events: ") and "binary_sensor" in fault


async def test_triggers_need_events():
    (fault,), _ = await faults(kind="binary_sensor", triggers=True)
    assert fault == 'pins[0].triggers: goes with "events"'
    assert (await faults(kind="binary_sensor", triggers=False))[0] == []


async def test_an_output_has_no_presses():
    (fault,), _ = await faults(kind="switch", long=500)
    assert "input" in fault

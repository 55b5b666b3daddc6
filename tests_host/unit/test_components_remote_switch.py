# SPDX-License-Identifier: MIT
"""components/devices/remote_switch.py and lib/remote_port.py."""

import pin_access
import schema
from command_buffer import ON, PULSE
from remote_port import RemotePort

from components.devices import remote_switch_args
from components.devices.remote_switch import RemoteSwitch
from components.logic.bindings import Bindings
from entity_desk import Desk as EntityDesk
from fake_node import FakeSession
from harness import raises, run_until
from i2c_desk import PERIOD, Clock
from node.component import ConfigError

TOPIC = "home/attic/chip20/fan"


class Desk(EntityDesk):
    async def far(self, **args):
        self.node.session = FakeSession()
        args["topic"] = TOPIC
        spec = {"type": "dict", "keys": remote_switch_args.ARGS["RemoteSwitch"]}
        assert schema.check(args, spec, "") == []
        far = RemoteSwitch(**schema.apply(args, spec))
        self.components["far"] = await self.node.start("far", far)
        return far

    def state(self, payload, retained=False):
        self.node.arrive(TOPIC + "/state", payload, retained)

    def sent(self):
        return [payload for _, payload in self.node.session.sent]


async def test_commands_are_messages_and_the_level_is_what_is_reported():
    with Desk() as desk:
        pin = (await desk.far()).pin(0)
        assert pin.value() is None
        desk.state(b"OFF", retained=True)
        assert pin.value() == 0
        pin.on()
        assert desk.node.session.sent == [(b"home/attic/chip20/fan/set", b"ON")]
        assert pin.value() == 0
        desk.state(b"ON")
        assert pin.value() == 1
        pin.off()
        pin.toggle()
        pin.submit(pin, PULSE, 250, None, None)
        pin.submit(pin, PULSE, (100, 3, 50), None, None)
        pulses = [b"PULSE:250", b'{"pulse":100,"repeat":3,"gap":50}']
        assert desk.sent() == [b"ON", b"OFF", b"TOGGLE"] + pulses


async def test_other_spellings_are_understood_and_nonsense_changes_nothing():
    with Desk() as desk:
        pin = (await desk.far()).pin(0)
        for payload, level in ((b"on", 1), (b"0", 0), (b"true", 1), (b" Off\n", 0), (b"what", 0)):
            desk.state(payload)
            assert pin.value() == level, payload
        assert desk.node.log.records == [("warn", "far", "b'what' is neither ON nor OFF")]


async def test_it_is_an_output_of_a_table_and_shows_what_becomes_of_commands():
    with Desk() as desk:
        far = await desk.far()
        await desk.table([{"pin": far.pin(0), "type": "switch", "id": "fan"}])
        desk.state(b"OFF")
        assert desk.shown(b"table/fan") == b"OFF"
        desk.send(b"table/fan", b'{"state": "ON", "id": "x"}')
        assert desk.shown(b"table/fan") == b"OFF"
        desk.state(b"ON")
        assert desk.node.states[b"table/fan"][-1] == b"ON"
        assert ("info", "command", "table/fan: x done") in desk.node.log.records
        desk.node.session.online = False
        desk.send(b"table/fan", b"OFF")
        assert ("warn", "command", "table/fan: a command dropped, offline") in (
            desk.node.log.records
        )


async def test_a_wall_button_switches_it():
    with Desk() as desk:
        far = await desk.far()
        chip = await desk.chip([{"pin": 0, "type": "input", "invert": True, "debounce": 0}])
        rows = [{"input": chip.pin(0), "do": "toggle", "output": far.pin(0)}]
        desk.components["b"] = await desk.node.start("b", Bindings(rows))
        desk.models[0x20].drive(0, 0)
        await run_until(lambda: desk.sent() == [b"TOGGLE"])


async def test_who_cannot_be_reached_has_no_level():
    with Desk() as desk:
        pin = (await desk.far(available="home/attic/available")).pin(0)
        desk.state(b"ON")
        desk.node.arrive("home/attic/available", b"online")
        assert pin.value() == 1
        desk.node.arrive("home/attic/available", b"offline")
        assert pin.value() is None


class Target:
    """Notes what it is told."""

    def __init__(self, pin, said):
        self.pin = pin
        self.said = said

    def applied(self, tag):
        self.said.append(("applied", tag))

    def dropped(self, reason, tag):
        self.said.append((reason, tag))


def test_a_command_without_effect_expires_and_others_wait_for_theirs():
    for start in (0, PERIOD - 500):
        clock = Clock(start)
        port = RemotePort(lambda payload: True, 10000, clock)
        target = Target(port.users[0], [])
        port.submit(target, ON, 0, 1500, "a")
        port.told(0)
        clock.us += 9999000
        port.submit(target, ON, 0, 1500, "b")
        assert port.expire() == 0
        clock.us += 1000
        assert port.expire() == 1
        port.told(1)
        assert target.said == [("expired", "a"), ("applied", "b")]
        for tag in range(9):
            port.submit(target, ON, 0, 1500, tag)
        assert target.said[2:] == [("full", 8)]


async def test_requests_find_it_and_only_pin_0_is_there():
    with Desk() as desk:
        far = await desk.far()
        desk.state(b"ON")
        assert await pin_access.read(far.chip) == (0, 1)
        assert str(raises(ValueError, far.pin, 1)) == '"far" has only pin 0'
        assert raises(ConfigError, RemoteSwitch, TOPIC + "/set").key == "topic"
        far.stop()
        assert desk.node.listeners == []

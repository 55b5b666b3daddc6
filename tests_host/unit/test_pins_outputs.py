# SPDX-License-Identifier: MIT
"""components/pins: limits, interlock, on_lost and last, as rows of a pin table ask for them."""

import sys

from components.pins import on_lost
from fake_node import FakeNode
from harness import run_until
from i2c_desk import Clock
from test_components_mcp23017 import Desk, row


class Session:
    """What the node's connection shows of itself."""

    online = False


def edges(desk, address=0x20):
    """Return a list that gets every latch of a chip from now on."""
    seen = []
    desk.models[address].on_latch_change = lambda chip, old, new: seen.append(new)
    return seen


def faults(desk):
    return [fault for _, _, fault in desk.node.faults]


# -- limits ---------------------------------------------------------------------------------


async def test_max_on_switches_an_output_off_and_its_state_is_published():
    with Desk() as desk:
        await desk.chip([row(0, max_on=1), row(1)])
        for key in (b"chip20/pin0", b"chip20/pin1"):
            desk.command(key, b"ON")
        await run_until(lambda: desk.latch() == 0b11)
        await run_until(lambda: desk.latch() == 0b10, 1500)
        assert desk.node.states[b"chip20/pin0"] == [b"OFF", b"ON", b"OFF"]


async def test_the_pulse_rule_is_that_of_the_row():
    for rule, count in (("extend", 1), ("ignore", 1), ("queue", 2)):
        with Desk() as desk:
            await desk.chip([row(0, pulse_rule=rule, pulse=40), row(1)])
            seen = edges(desk)
            desk.command(b"chip20/pin0", b"PULSE")
            await run_until(lambda seen=seen: seen == [1])
            desk.command(b"chip20/pin0", b"PULSE")
            await run_until(lambda seen=seen, count=count: seen == [1, 0] * count)
            expander = desk.i2c.worker.devices[0]
            await run_until(lambda expander=expander: not expander.pulses.running)
            assert seen == [1, 0] * count


async def test_a_chip_without_these_options_has_none_of_their_code():
    modules = ("pulses", "interlock", "components.pins.limits", "components.pins.last")
    for name in modules:
        sys.modules.pop(name, None)
    with Desk() as desk:
        await desk.chip([row(0, restore="off"), row(1), row(2, "button"), row(3, pulse=70)])
        desk.command(b"chip20/pin1", b"ON")
        await run_until(lambda: desk.latch() == 0b10)
        assert [name for name in modules if name in sys.modules] == []


# -- interlock ------------------------------------------------------------------------------


async def test_outputs_of_one_group_on_two_chips_are_never_on_together():
    with Desk((0x20, 0x21)) as desk:
        desk.node.settled = False
        await desk.chip([row(0, interlock="gate", interlock_gap=150)])
        await desk.chip([row(5, interlock="gate")], "chip21", 0x21)
        desk.node.settled = True
        await run_until(lambda: desk.node.interlocks["gate"].complete)
        desk.command(b"chip20/pin0", b"ON")
        await run_until(lambda: desk.latch() == 1)
        both = []
        desk.models[0x21].on_latch_change = lambda *_: both.append(desk.latch())
        desk.command(b"chip21/pin5", b"ON")
        await run_until(lambda: desk.latch(0x21) == 1 << 5)
        assert both == [0]
        assert desk.node.states[b"chip20/pin0"] == [b"OFF", b"ON", b"OFF"]
        assert desk.node.interlocks["gate"].gap_ms == 150
        assert faults(desk) == []


async def test_two_of_a_group_that_are_restored_on_are_a_fault():
    with Desk() as desk:
        await desk.chip(
            [
                row(0, interlock="gate", restore="on"),
                row(1, interlock="gate", restore="on"),
                row(2, interlock="gate", restore="off"),
            ]
        )
        text = 'pins[1].restore: another output of the interlock "gate" is "on" already; only one'
        assert faults(desk) == [text + " can be"]
        await run_until(lambda: desk.latch() == 0b001)


async def test_a_gap_without_a_group_and_a_group_of_one_are_faults():
    with Desk() as desk:
        await desk.chip([row(0, interlock_gap=50), row(1, interlock="alone")])
        await run_until(lambda: len(desk.node.faults) == 2)
        assert faults(desk) == [
            'pins[0].interlock_gap: goes with "interlock", the name of a group',
            'interlock "alone": there is no other output in it',
        ]


async def test_several_that_were_on_are_switched_off_and_told_on_the_log():
    with Desk() as desk:
        await desk.chip([row(0), row(1)])
        for key in (b"chip20/pin0", b"chip20/pin1"):
            desk.command(key, b"ON")
        await run_until(lambda: desk.latch() == 0b11)
        for component in reversed(desk.started):
            component.stop()
        desk.started.clear()
        desk.node = FakeNode()
        await desk.chip([row(0, interlock="gate"), row(1, interlock="gate")])
        assert desk.latch() == 0
        text = "gate: several outputs were on; all are switched off"
        assert ("warn", "interlock", text) in desk.node.log.records


async def test_nothing_of_a_group_is_switched_on_while_components_are_loaded():
    with Desk() as desk:
        desk.node.settled = False
        await desk.chip([row(0, interlock="gate", restore="on"), row(1, interlock="gate")])
        desk.command(b"chip20/pin1", b"ON")
        refused = ("warn", "command", "chip20/pin1: a command dropped, interlocked")
        assert refused in desk.node.log.records
        assert desk.latch() == 0
        desk.node.settled = True
        # What is restored is so now.
        await run_until(lambda: desk.latch() == 1)


# -- on_lost --------------------------------------------------------------------------------


class Lost:
    """Has the node of a desk watch for the loss of the broker, by a clock of its own."""

    def __init__(self, desk):
        self.clock = Clock()
        self.looks = 0
        self.node = desk.node

    def ticks_ms(self):
        self.looks += 1
        return self.clock.ticks_ms()

    def ticks_diff(self, a, b):
        return self.clock.ticks_diff(a, b)

    async def start(self, limit_ms):
        self.node.spawn("watch", on_lost.watch, self.node, limit_ms, self)
        await run_until(lambda: self.looks > 1)

    async def pass_s(self, seconds):
        """Let `seconds` pass and the node look."""
        self.clock.us += seconds * 1_000_000
        looks = self.looks
        await run_until(lambda: self.looks > looks, 2500)


async def test_outputs_are_switched_once_when_the_broker_has_been_lost_for_the_time():
    with Desk() as desk:
        desk.node.session = Session()
        rows = [row(0, on_lost="off"), row(1, on_lost="on"), row(2, on_lost="keep"), row(3)]
        await desk.chip(rows)
        for pin in (0, 2, 3):
            desk.command(b"chip20/pin%d" % pin, b"ON")
        await run_until(lambda: desk.latch() == 0b1101)
        lost = Lost(desk)
        await lost.start(60_000)
        await lost.pass_s(59)
        assert desk.latch() == 0b1101
        lost.clock.us += 1_000_000
        await run_until(lambda: desk.latch() == 0b1110, 2500)
        assert desk.node.states[b"chip20/pin0"][-1] == b"OFF"
        assert desk.node.states[b"chip20/pin1"][-1] == b"ON"
        # Who switches by hand afterwards has the last word.
        desk.command(b"chip20/pin0", b"ON")
        await run_until(lambda: desk.latch() == 0b1111)
        desk.node.session.online = True
        await lost.pass_s(600)
        assert desk.latch() == 0b1111


async def test_a_connection_in_time_keeps_the_outputs_and_the_next_loss_counts_anew():
    with Desk() as desk:
        session = desk.node.session = Session()
        await desk.chip([row(0, on_lost="on")])
        lost = Lost(desk)
        await lost.start(60_000)
        await lost.pass_s(50)
        session.online = True
        await lost.pass_s(0)
        session.online = False
        await lost.pass_s(50)
        assert desk.latch() == 0
        lost.clock.us += 10_000_000
        await run_until(lambda: desk.latch() == 1, 2500)


async def off_while_the_chip_is_lost(desk):
    """Have `on_lost` switch off an output of a chip that does not answer; return the Lost."""
    desk.node.session = Session()
    await desk.chip([row(0, on_lost="off")], ttl=50)
    desk.command(b"chip20/pin0", b"ON")
    await run_until(lambda: desk.latch() == 1)
    desk.board.bus.nack.add(0x20)
    lost = Lost(desk)
    await lost.start(1000)
    lost.clock.us += 1_000_000
    # The command itself finds that the chip is lost.
    await run_until(lambda: desk.node.available["chip20"][-1] is False, 2500)
    return lost


async def test_off_is_tried_until_the_chip_answers():
    with Desk() as desk:
        await off_while_the_chip_is_lost(desk)
        desk.board.bus.nack.clear()
        await run_until(lambda: desk.latch() == 0, 5000)


async def test_off_is_not_tried_any_more_once_the_broker_is_back():
    with Desk() as desk:
        lost = await off_while_the_chip_is_lost(desk)
        desk.node.session.online = True
        await lost.pass_s(0)
        desk.board.bus.nack.clear()
        await run_until(lambda: desk.node.available["chip20"][-1], 5000)
        await lost.pass_s(0)
        assert desk.latch() == 1


async def test_a_node_without_a_broker_in_its_settings_has_lost_none():
    with Desk() as desk:
        await desk.chip([row(0, on_lost="on")])
        lost = Lost(desk)
        await lost.start(1000)
        await lost.pass_s(5)
        await lost.pass_s(5)
        assert desk.latch() == 0


# -- last -----------------------------------------------------------------------------------


async def test_last_is_what_the_node_kept_when_node_and_chip_lost_power():
    with Desk() as desk:
        rows = [row(0, restore="last"), row(1, restore="last"), row(2), row(3, restore="last")]
        await desk.chip([each.copy() for each in rows])
        for pin in (0, 2, 3):
            desk.command(b"chip20/pin%d" % pin, b"ON")
        await run_until(lambda: desk.latch() == 0b1101)
        desk.command(b"chip20/pin3", b"OFF")
        await run_until(lambda: desk.latch() == 0b0101)
        kept = desk.node.stored
        for component in reversed(desk.started):
            component.stop()
        desk.started.clear()
        for model in desk.models.values():
            model.power(False)
            model.power(True)
        desk.node = FakeNode()
        desk.node.stored = kept
        await desk.chip(rows)
        assert desk.latch() == 0b0001


async def test_last_keeps_what_a_running_node_commanded_over_a_power_loss_of_the_chip():
    with Desk() as desk:
        await desk.chip([row(0, restore="last"), row(1, restore="last")])
        desk.command(b"chip20/pin1", b"ON")
        await run_until(lambda: desk.latch() == 0b10)
        desk.models[0x20].power(False)
        await run_until(lambda: desk.node.available["chip20"][-1] is False, 6000)
        desk.models[0x20].power(True)
        await run_until(lambda: desk.latch() == 0b10, 4000)


async def test_a_kept_value_that_makes_no_sense_counts_as_off():
    with Desk() as desk:
        desk.node.stored = {"level chip20": "on"}
        await desk.chip([row(0, restore="last")])
        assert desk.latch() == 0

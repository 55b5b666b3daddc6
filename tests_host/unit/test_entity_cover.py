# SPDX-License-Identifier: MIT
"""components/entities/cover.py on the simulated board."""

import asyncio
import random
import time

from entity_desk import Desk
from harness import raises, run_until

KEY = b"chip20/blind"
UP, DOWN = 1, 2
OPEN_END, CLOSED_END = 8, 9


def cover(travel=0.4, **more):
    row = {"pin": 0, "type": "cover", "id": "blind", "close_pin": 1, "pause": 40}
    row.update({"travel_up": travel, "travel_down": travel})
    row.update(more)
    return row


class Blind:
    """The thing itself, moved by the latch of a model: `where` is 0 (closed) to 1.

    Attributes: `edges`, (latch, ticks in ms) of every change.
    """

    def __init__(self, model, where=0.0, travel_ms=400, ends=False):
        self.where = where
        self.edges = []
        self._travel_ms = travel_ms
        self._model = model
        self._ends = ends
        self._latch = 0
        self._since = time.ticks_ms()
        model.on_latch_change = self._changed
        self.settle()

    def _changed(self, chip, old, new):
        assert new & 3 != 3, "both directions are on"
        self.settle()
        self._latch = new & 3
        self.edges.append((new & 3, time.ticks_ms()))

    def settle(self):
        """Move to where it is by now."""
        now = time.ticks_ms()
        way = time.ticks_diff(now, self._since) / self._travel_ms
        self._since = now
        direction = {0: 0, UP: 1, DOWN: -1}[self._latch]
        self.where = min(1.0, max(0.0, self.where + way * direction))
        if self._ends:
            self._model.drive(OPEN_END, 1 if self.where >= 1 else 0)
            self._model.drive(CLOSED_END, 1 if self.where <= 0 else 0)

    async def run(self):
        """Move for ever, so that end stops are seen on the way."""
        while True:
            self.settle()
            await asyncio.sleep_ms(2)


def at(position):
    """What is kept for a cover at `position` in percent."""
    return {"position chip20/blind": position * 100}


def shows(desk, state, position):
    """Whether that is the newest state, to some percent."""
    shown = desk.shown(KEY)
    return shown["state"] == state and abs(shown["position"] - position) <= 6


async def until(desk, state, position, timeout_ms=3000):
    try:
        await run_until(lambda: shows(desk, state, position), timeout_ms)
    except AssertionError:
        raise AssertionError("%s, not %s %s" % (desk.shown(KEY), state, position))


# -- commands -------------------------------------------------------------------------------


async def test_open_and_close_move_a_tenth_longer_than_the_way_and_show_it():
    with Desk(stored=at(0)) as desk:
        await desk.chip([cover()])
        blind = Blind(desk.models[0x20])
        assert desk.shown(KEY) == {"state": "closed", "position": 0}
        desk.send(KEY, b"OPEN")
        await run_until(lambda: desk.latch() == UP)
        assert desk.shown(KEY)["state"] == "opening"
        await until(desk, "open", 100)
        await run_until(lambda: desk.latch() == 0)
        assert desk.shown(KEY) == {"state": "open", "position": 100}
        assert 435 <= time.ticks_diff(blind.edges[1][1], blind.edges[0][1]) <= 700
        desk.send(KEY, b"CLOSE")
        await run_until(lambda: desk.latch() == DOWN)
        assert desk.shown(KEY)["state"] == "closing"
        await until(desk, "closed", 0)
        await run_until(lambda: desk.latch() == 0)


async def test_a_position_is_reached_from_both_sides():
    with Desk(stored=at(0)) as desk:
        await desk.chip([cover(1)])
        blind = Blind(desk.models[0x20], 0.0, 1000)
        for payload, position in ((b"POSITION:60", 60), (b'{"position":20}', 20)):
            desk.send(KEY, payload)
            await run_until(lambda: desk.latch() != 0)
            await until(desk, "stopped", position)
            blind.settle()
            assert abs(100 * blind.where - desk.shown(KEY)["position"]) <= 5


async def test_stop_stops_at_once_where_it_is():
    with Desk(stored=at(0)) as desk:
        await desk.chip([cover(1)])
        blind = Blind(desk.models[0x20], 0.0, 1000)
        desk.send(KEY, b"OPEN")
        await run_until(lambda: desk.latch() == UP and desk.shown(KEY)["position"] > 20)
        desk.send(KEY, b"STOP")
        await run_until(lambda: desk.latch() == 0, 100)
        blind.settle()
        assert desk.shown(KEY)["state"] == "stopped"
        assert abs(100 * blind.where - desk.shown(KEY)["position"]) <= 5


async def test_before_the_direction_changes_both_are_off_for_the_pause():
    with Desk(stored=at(50)) as desk:
        await desk.chip([cover(pause=80)])
        blind = Blind(desk.models[0x20], 0.5)
        desk.send(KEY, b"OPEN")
        await run_until(lambda: desk.latch() == UP)
        desk.send(KEY, b"CLOSE")
        await run_until(lambda: desk.latch() == DOWN)
        assert [latch for latch, _ in blind.edges] == [UP, 0, DOWN]
        assert time.ticks_diff(blind.edges[2][1], blind.edges[1][1]) >= 79


async def test_a_stop_in_the_pause_takes_back_the_new_direction():
    with Desk(stored=at(50)) as desk:
        await desk.chip([cover(pause=80)])
        blind = Blind(desk.models[0x20], 0.5)
        desk.send(KEY, b"OPEN")
        await run_until(lambda: desk.latch() == UP)
        desk.send(KEY, b"CLOSE")
        await run_until(lambda: desk.latch() == 0)
        desk.send(KEY, b"STOP")
        await asyncio.sleep_ms(200)
        assert [latch for latch, _ in blind.edges] == [UP, 0]
        assert desk.shown(KEY)["state"] == "stopped"


async def test_a_nearer_target_on_the_way_needs_no_further_switching():
    with Desk(stored=at(0)) as desk:
        await desk.chip([cover(1)])
        blind = Blind(desk.models[0x20], 0.0, 1000)
        desk.send(KEY, b"OPEN")
        await run_until(lambda: desk.latch() == UP)
        desk.send(KEY, b"POSITION:40")
        await until(desk, "stopped", 40)
        assert [latch for latch, _ in blind.edges] == [UP, 0]


async def test_a_farther_target_on_the_way_needs_no_further_switching():
    with Desk(stored=at(0)) as desk:
        await desk.chip([cover(1)])
        blind = Blind(desk.models[0x20], 0.0, 1000)
        desk.send(KEY, b"POSITION:30")
        await run_until(lambda: desk.latch() == UP)
        desk.send(KEY, b"POSITION:60")
        await until(desk, "stopped", 60)
        assert [latch for latch, _ in blind.edges] == [UP, 0]


async def test_a_position_beyond_the_ends_is_refused():
    with Desk() as desk:
        await desk.chip([cover()])
        for payload in (b"POSITION:101", b"POSITION"):
            error = raises(ValueError, desk.send, KEY, payload)
            assert str(error) == "POSITION takes 0 to 100, as in POSITION:30"


async def test_whatever_is_commanded_never_are_both_on_and_the_position_is_true():
    random.seed(11)
    with Desk(stored=at(0)) as desk:
        await desk.chip([cover(0.5, pause=20)])
        blind = Blind(desk.models[0x20], 0.0, 500)  # asserts at each write
        for _ in range(40):
            position = b"POSITION:%d" % random.randrange(101)
            desk.send(KEY, random.choice((b"OPEN", b"CLOSE", b"STOP", position)))
            await asyncio.sleep_ms(random.randrange(120))
        desk.send(KEY, b"STOP")
        await run_until(lambda: desk.latch() == 0)
        await asyncio.sleep_ms(50)
        blind.settle()
        assert len(blind.edges) > 10
        # The ends do not put it right here, so what commands take on the bus adds up.
        assert abs(100 * blind.where - desk.shown(KEY)["position"]) <= 12


# -- where it is ----------------------------------------------------------------------------


async def test_a_position_that_is_not_known_is_so_after_one_whole_way():
    with Desk() as desk:
        await desk.chip([cover()])
        blind = Blind(desk.models[0x20], 0.5)
        assert desk.shown(KEY) == {"state": None}
        desk.send(KEY, b"OPEN")
        await run_until(lambda: desk.latch() == UP)
        assert desk.shown(KEY) == {"state": "opening"}
        await until_known(desk)
        await until(desk, "open", 100)
        assert blind.where >= 0.99


async def until_known(desk):
    await run_until(lambda: "position" in desk.shown(KEY), 3000)


async def test_a_position_in_the_middle_begins_at_an_end_when_it_is_not_known():
    with Desk() as desk:
        await desk.chip([cover()])
        blind = Blind(desk.models[0x20], 0.5)
        desk.send(KEY, b"POSITION:70")
        await until_known(desk)
        await until(desk, "stopped", 70)
        assert [latch for latch, _ in blind.edges] == [UP, 0, DOWN, 0]


async def test_on_the_way_the_position_is_shown_every_second():
    with Desk(stored=at(0)) as desk:
        await desk.chip([cover(4)])
        desk.send(KEY, b"OPEN")
        await run_until(lambda: len(desk.node.states[KEY]) >= 4, 5000)
        assert b'"opening","position":2' in desk.node.states[KEY][3]


async def test_the_position_survives_a_restart_but_not_a_restart_on_the_way():
    with Desk(stored=at(0)) as desk:
        await desk.chip([cover(1)])
        desk.send(KEY, b"POSITION:30")
        await run_until(lambda: desk.latch() == UP)
        on_the_way = dict(desk.node.stored)
        await until(desk, "stopped", 30)
        desk.stop()
        desk.restart(desk.node.stored)
        await desk.chip([cover(1)])
        assert abs(desk.shown(KEY)["position"] - 30) <= 6
        desk.stop()
        desk.restart(on_the_way)
        await desk.chip([cover(1)])
        assert desk.shown(KEY) == {"state": None}


async def test_a_restart_of_the_node_stops_it():
    with Desk() as desk:
        await desk.chip([cover(10)])
        desk.send(KEY, b"OPEN")
        await run_until(lambda: desk.latch() == UP)
        desk.stop()
        desk.restart()
        await desk.chip([cover(10)])
        assert desk.latch() == 0


async def test_pins_of_another_table_that_are_on_at_the_start_are_switched_off():
    with Desk() as desk:
        rows = [{"pin": 0, "type": "output"}, {"pin": 1, "type": "output"}]
        chip = await desk.chip(rows)
        chip.pin(0).on()
        await run_until(lambda: desk.latch() == UP)
        await desk.table([cover(10, pin=chip.pin(0), close_pin=chip.pin(1))])
        await run_until(lambda: desk.latch() == 0)


# -- end stops ------------------------------------------------------------------------------


def with_ends(**more):
    return cover(open_end=OPEN_END, closed_end=CLOSED_END, **more)


async def test_an_end_stop_stops_it_and_says_where_it_is():
    with Desk() as desk:
        blind = Blind(desk.models[0x20], 0.7, 400, ends=True)
        await desk.chip([with_ends(travel=2)], poll_ms=5)
        moving = asyncio.create_task(blind.run())
        desk.send(KEY, b"OPEN")
        await until_known(desk)
        await run_until(lambda: desk.latch() == 0)
        assert desk.shown(KEY) == {"state": "open", "position": 100}
        desk.send(KEY, b"CLOSE")
        await run_until(lambda: desk.shown(KEY) == {"state": "closed", "position": 0}, 3000)
        assert desk.latch() == 0
        # There already: nothing moves.
        count = len(blind.edges)
        desk.send(KEY, b"CLOSE")
        await asyncio.sleep_ms(100)
        assert len(blind.edges) == count
        moving.cancel()


async def test_an_end_stop_that_is_not_reached_in_time_is_told():
    with Desk() as desk:
        desk.models[0x20].drive(OPEN_END, 0)
        desk.models[0x20].drive(CLOSED_END, 0)
        await desk.chip([with_ends(travel=0.2)])
        desk.send(KEY, b"OPEN")
        told = ("warn", "cover", "chip20/blind did not reach its end stop")
        await run_until(lambda: told in desk.node.log.records, 2000)
        assert desk.latch() == 0


async def test_the_time_alone_does_not_tell_an_end_that_has_an_end_stop():
    with Desk(stored=at(50)) as desk:
        desk.models[0x20].drive(OPEN_END, 0)
        desk.models[0x20].drive(CLOSED_END, 0)
        await desk.chip([with_ends(travel=0.2)])
        desk.send(KEY, b"OPEN")
        await run_until(lambda: desk.latch() == UP)
        await run_until(lambda: desk.latch() == 0)
        assert desk.shown(KEY) == {"state": "stopped", "position": 99}


# -- faults of the bus ----------------------------------------------------------------------


async def test_a_command_that_expires_moves_nothing_later():
    with Desk(stored=at(0)) as desk:
        await desk.chip([cover(ttl=60)])
        blind = Blind(desk.models[0x20])
        desk.board.bus.nack.add(0x20)
        desk.send(KEY, b"OPEN")
        await run_until(lambda: any(r[0] == "warn" and "dropped" in r[2] for r in records(desk)))
        desk.board.bus.nack.clear()
        await run_until(lambda: desk.node.available["chip20"][-1], 5000)
        await asyncio.sleep_ms(100)
        assert blind.edges == []
        assert desk.shown(KEY) == {"state": "closed", "position": 0}


def records(desk):
    return desk.node.log.records
